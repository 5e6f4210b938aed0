"""Requests to the venue: stamped, signed, within the limits, and sorted by what they did.

Writes go out once. Reads are repeated with growing pauses, because a repeat is harmless there.
The loop is our own: the usual libraries sleep on the wall clock and draw their own chance, so
neither a playback nor a simulation could hold them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import attrs

from robson_connectors.binance.fields import Json, integer, row
from robson_connectors.binance.limits import BANNED, PAUSED, WEIGHT_SHORT, Limiter
from robson_connectors.binance.outcomes import (
    Call,
    Outcome,
    Remedy,
    Ruling,
    banned_until,
    ruling,
)
from robson_connectors.binance.pools import SECOND_NS, SERVER_TIME, Lane
from robson_connectors.binance.server_time import ServerTime
from robson_connectors.binance.signing import ApiKeys, Params, encoded, signed
from robson_connectors.transport.http import HttpClient, Outgoing
from robson_domain.errors import (
    ConfigurationError,
    DefinitiveVenueError,
    InDoubtError,
    RetryableVenueError,
    VenueError,
)
from robson_domain.ports.system import Clock

ORDER_WINDOW_MS: Final = 3_000
"""An order that arrives later than this after its timestamp is refused by the venue."""
READ_WINDOW_MS: Final = 5_000
RETRY_FIRST_NS: Final = SECOND_NS // 4
RETRY_MAX_NS: Final = 30 * SECOND_NS
TRIES: Final[dict[Lane, int]] = {Lane.EXIT: 2, Lane.ORDER: 3, Lane.READ: 4, Lane.POLL: 8}
"""Tries of a read. Who decides on it asks again by itself, and soon; a poll has time."""
_TIME_PATIENCE_S: Final = 2.0
_POINTLESS: Final = (BANNED, PAUSED, WEIGHT_SHORT, "CLOSED")
"""Codes of our own refusals: the same again a moment later is refused again."""
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}

Jitter = Callable[[], float]
"""Returns a number in [0, 1)."""


@attrs.frozen(kw_only=True)
class Answer:
    """An answer that was understood.

    Attributes:
        content: Its JSON when the outcome is done, None otherwise.
        ts_signed: What the request was stamped with, venue clock, UTC ns.
        ts_event: Venue clock when it was sent; the answer is at least that new, UTC ns.
        ts_received: Our receive time, UTC ns.
    """

    ruling: Ruling
    content: Json
    ts_signed: int
    ts_event: int
    ts_received: int


@attrs.frozen(kw_only=True)
class _Asked:
    """A request before it is stamped."""

    method: str
    path: str
    params: Params
    lane: Lane
    call: Call
    access: str
    total_s: float | None = None


class RestClient:
    """One account, or the public interface alone, at one host.

    Args:
        base_url: Origin, without a slash at the end.
        keys: None for the public interface; then signed calls are refused.
        jitter: Returns a number in [0, 1); spreads repeats.
    """

    def __init__(
        self,
        http: HttpClient,
        base_url: str,
        clock: Clock,
        *,
        limiter: Limiter,
        keys: ApiKeys | None = None,
        jitter: Jitter = lambda: 0.5,
    ) -> None:
        self._http = http
        self._base = base_url
        self._clock = clock
        self._keys = keys
        self._jitter = jitter
        self._syncing: asyncio.Task[None] | None = None
        self.limiter = limiter
        self.time = ServerTime(clock)

    def __repr__(self) -> str:
        return "RestClient(keys)" if self._keys else "RestClient(public)"

    @property
    def has_keys(self) -> bool:
        """Whether signed calls are possible."""
        return self._keys is not None

    # ------------------------------------------------------------------ reads

    async def public(
        self,
        path: str,
        params: Params = (),
        lane: Lane = Lane.READ,
        total_s: float | None = None,
    ) -> Json:
        """Ask a public question, repeating it while that may help.

        Args:
            total_s: When given there is one try, this patient, seconds.

        Raises:
            DefinitiveVenueError: Refused; repeating changes nothing.
            RetryableVenueError: No usable answer.
        """
        asked = _asked("GET", path, params, lane, "public")
        return (await self._read(attrs.evolve(asked, total_s=total_s))).content

    async def keyed(
        self, method: str, path: str, params: Params = (), lane: Lane = Lane.READ
    ) -> Json:
        """Make a harmless call that names the account but is not signed, as :meth:`public`.

        Raises:
            DefinitiveVenueError: Refused; repeating changes nothing.
            RetryableVenueError: No usable answer.
        """
        return (await self._read(_asked(method, path, params, lane, "keyed"))).content

    async def signed(
        self, method: str, path: str, params: Params = (), *, lane: Lane = Lane.READ
    ) -> Json:
        """Ask a question about the account, repeating it while that may help.

        Raises:
            ConfigurationError: For a method that writes; use :meth:`send`.
            DefinitiveVenueError: Refused; repeating changes nothing.
            RetryableVenueError: No usable answer.
        """
        if method != "GET":
            raise ConfigurationError("only questions are repeated; a write is sent once")
        return (await self.read(path, params, lane=lane)).content

    async def read(
        self,
        path: str,
        params: Params = (),
        *,
        lane: Lane = Lane.READ,
        total_s: float | None = None,
    ) -> Answer:
        """As :meth:`signed`, with the times of the answer.

        Args:
            total_s: When given there is one try, this patient, seconds.

        Raises:
            DefinitiveVenueError: Refused; repeating changes nothing.
            RetryableVenueError: No usable answer.
        """
        asked = _asked("GET", path, params, lane, "signed")
        return await self._read(attrs.evolve(asked, total_s=total_s))

    async def ask(self, path: str, params: Params, *, lane: Lane) -> Answer:
        """Ask a question about the account; a refusal is an answer too.

        Raises:
            RetryableVenueError: No usable answer.
        """
        return await self._repeated(_asked("GET", path, params, lane, "signed"))

    # ----------------------------------------------------------------- writes

    async def send(
        self, method: str, path: str, params: Params, *, call: Call, lane: Lane
    ) -> Answer:
        """Send a signed write once; its outcome is done or rejected.

        Raises:
            InDoubtError: It may have had its effect.
            RetryableVenueError: It had none: nothing left this machine, or it was turned away
                before it was looked at.
        """
        asked = attrs.evolve(_asked(method, path, params, lane, "signed"), call=call)
        answer = await self._once(asked)
        _raise_unless(answer.ruling, Outcome.DONE, Outcome.REJECTED)
        return answer

    async def sync_time(self, lane: Lane = Lane.READ) -> None:
        """Ask for the venue's time.

        Raises:
            VenueError: No usable answer; what was known before still counts.
        """

        async def ask() -> int:
            asked = _asked("GET", SERVER_TIME, (), lane, "public")
            answer = await self._once(attrs.evolve(asked, total_s=_TIME_PATIENCE_S))
            _raise_unless(answer.ruling, Outcome.DONE)
            return integer(row(answer.content), "serverTime") * 1_000_000

        await self.time.sync(ask)

    async def close(self) -> None:
        """Release the connections and refuse who waits; idempotent."""
        syncing, self._syncing = self._syncing, None
        if syncing is not None:
            syncing.cancel()
            await asyncio.gather(syncing, return_exceptions=True)
        await self.limiter.close()
        await self._http.close()

    # ----------------------------------------------------------------- inner

    async def _read(self, asked: _Asked) -> Answer:
        answer = await self._repeated(asked)
        _raise_unless(answer.ruling, Outcome.DONE)
        return answer

    async def _repeated(self, asked: _Asked) -> Answer:
        pause = RETRY_FIRST_NS
        tries = TRIES[asked.lane] if asked.total_s is None else 1
        while True:
            found = await self._tried(asked)
            if isinstance(found, Answer):
                return found
            tries -= 1
            if not tries or found.code in _POINTLESS:
                raise found
            spread = int(pause * (0.5 + 0.5 * self._jitter()))
            await self._clock.sleep_until(self._clock.now_ns() + spread)
            pause = min(2 * pause, RETRY_MAX_NS)

    async def _tried(self, asked: _Asked) -> Answer | RetryableVenueError:
        try:
            answer = await self._once(asked)
            _raise_unless(answer.ruling, Outcome.DONE, Outcome.REJECTED)
        except InDoubtError as error:
            return RetryableVenueError(error.message, error.code)
        except RetryableVenueError as error:
            return error
        return answer

    async def _once(self, asked: _Asked) -> Answer:
        if asked.access == "signed":
            await self._know_the_time()
        costs = self.limiter.budgets.costs(asked.method, asked.path, dict(asked.params))
        # A read of an exit's is done without; its order or cancel is what counts.
        is_exit = asked.lane is Lane.EXIT and asked.call is not Call.READ
        await self.limiter.acquire(asked.lane, costs, may_try=is_exit)
        stamp, sent_at = self.time.stamp_ms(), self.time.now()
        found = await self._http.send(self._outgoing(asked, stamp), asked.total_s)
        self.limiter.heard(costs, found.headers)
        said, content = ruling(asked.call, found.status, found.body)
        if said.outcome is Outcome.RATE_LIMITED:
            end = banned_until(said.message)
            until = self.time.ours(end) if end else 0
            self.limiter.limited(found.status, found.headers, until, costs)
        if said.remedy is Remedy.RESYNC_CLOCK:
            self.time.refused()
        return Answer(
            ruling=said,
            content=content,
            ts_signed=stamp * 1_000_000 if asked.access == "signed" else 0,
            ts_event=sent_at,
            ts_received=self._clock.now_ns(),
        )

    def _outgoing(self, asked: _Asked, stamp: int) -> Outgoing:
        headers = {} if asked.access == "public" else self._account.header
        if asked.access == "signed":
            window = READ_WINDOW_MS if asked.call is Call.READ else ORDER_WINDOW_MS
            stamped = (*asked.params, ("recvWindow", str(window)), ("timestamp", str(stamp)))
            return self._request(asked, f"?{signed(stamped, self._account)}", headers)
        if asked.method == "GET":
            query = f"?{encoded(asked.params)}" if asked.params else ""
            return self._request(asked, query, headers)
        body = encoded(asked.params).encode("ascii")
        return attrs.evolve(self._request(asked, "", {**headers, **_FORM}), body=body)

    def _request(self, asked: _Asked, query: str, headers: dict[str, str]) -> Outgoing:
        url = f"{self._base}{asked.path}{query}"
        return Outgoing(method=asked.method, url=url, headers=headers)

    @property
    def _account(self) -> ApiKeys:
        if self._keys is None:
            raise ConfigurationError("this call needs an API key; none is set")
        return self._keys

    async def _know_the_time(self) -> None:
        """See to it that requests are stamped rightly, as far as that is to be had at once."""
        _ = self._account
        if not (self.time.is_wrong or self.time.is_old):
            return
        if self._syncing is None:
            self._syncing = asyncio.get_running_loop().create_task(self._sync_once())
        if self.time.is_wrong:
            # One synchronization serves everybody, so it outlives whoever waits for it.
            await asyncio.shield(self._syncing)

    async def _sync_once(self) -> None:
        try:
            await self.sync_time(Lane.EXIT)
        except VenueError:
            return
        finally:
            self._syncing = None


def _asked(method: str, path: str, params: Params, lane: Lane, access: str) -> _Asked:
    return _Asked(method=method, path=path, params=params, lane=lane, call=Call.READ, access=access)


def _raise_unless(said: Ruling, *fine: Outcome) -> None:
    if said.outcome in fine:
        return
    text = f"{said.message} (code {said.code})"
    if said.outcome is Outcome.IN_DOUBT:
        raise InDoubtError(text, said.code)
    if said.outcome is Outcome.REJECTED:
        raise DefinitiveVenueError(text, said.code)
    raise RetryableVenueError(text, said.code)
