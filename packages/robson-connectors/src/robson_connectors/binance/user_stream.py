"""User streams of isolated margin: one token and one subscription a pair, one connection.

A subscription lasts as long as its token. A new token is fetched at half its life and subscribed
on the same connection; what goes wrong with one pair is tried again with back-off and disturbs no
other. A user stream is a convenience: without it orders and balances are asked for, so nothing
here ever raises, and every time that events may be missing is told.

Invariants:
    1. ``on_gap(symbol, False)`` and ``on_gap(symbol, True)`` alternate, beginning with True.
    2. An event goes to the pair of its subscription, and an event of no known one to nobody.
    3. No token appears in a problem or a log.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import attrs
import msgspec

from robson_connectors.binance.parse_stream import Malformed
from robson_connectors.binance.parse_user import Pushed, StreamEnded, UserReply
from robson_connectors.binance.questions import ListenToken
from robson_connectors.binance.user_line import Line, Pair, Seat
from robson_connectors.transport.connection import Sink, described
from robson_connectors.transport.pace import SECOND_NS, backoff_ns
from robson_connectors.transport.socket import Channel, Link, LinkSettings
from robson_connectors.transport.tasks import Notify, Tasks, done_by
from robson_domain.errors import VenueError
from robson_domain.ports.system import Clock
from robson_domain.reports import OrderReport
from robson_domain.symbols import Symbol

USER_LINK: Final = LinkSettings(
    stale_ns=25 * SECOND_NS, probe_ns=10 * SECOND_NS, patience_ns=60 * SECOND_NS
)
"""Nothing happens on an account for hours: only pings tell whether its stream is alive."""
SUBSCRIBE: Final = "userDataStream.subscribe.listenToken"
UNSUBSCRIBE: Final = "userDataStream.unsubscribe"
RENEW_MIN_NS: Final = SECOND_NS
RENEW_MAX_NS: Final = 12 * 3_600 * SECOND_NS
RENEW_BLIND_NS: Final = 60 * SECOND_NS
"""When a token claims to have expired already: clocks differ, but it works."""
TOKEN_LEFT_MIN_NS: Final = 60 * SECOND_NS
"""A token with less left than this is not used for another subscription."""
ANSWERS: Final = 4
"""How many answers may be waited for in vain before a new connection is given up."""
SETTLED_NS: Final = 10 * SECOND_NS


@attrs.frozen(kw_only=True)
class UserParts:
    """What the user streams need. The callbacks return at once.

    Attributes:
        url: Where the venue takes requests, e.g. ``wss://ws.example.com/ws-api/v3``.
        jitter: Returns a number in [0, 1).
        notify: Told of problems: name and facts.
        listen_token: Fetches a new token for a pair; may raise.
        on_report: Takes what is said about an order, repeated and reordered ones included.
        on_hint: Balances or resting orders of the pair have changed.
        on_gap: Events flow (True), and what was missed before is to be asked for; or events may
            be missing from now on (False).
    """

    url: str
    clock: Clock
    jitter: Callable[[], float]
    notify: Notify
    listen_token: Callable[[Symbol], Awaitable[ListenToken]]
    on_report: Callable[[OrderReport], None]
    on_hint: Callable[[Symbol], None]
    on_gap: Callable[[Symbol, bool], None]
    settings: LinkSettings = USER_LINK


class SubscriptionRefused(VenueError):
    """The venue did not take a token."""


class UserStreams:
    """The account's events of the pairs that were started.

    Attributes:
        counts: Messages that went nowhere, by what they were.
    """

    def __init__(self, parts: UserParts) -> None:
        self.parts = parts
        self.counts: Counter[str] = Counter()
        self._pairs: dict[Symbol, Pair] = {}
        self._lines: dict[Channel, Line] = {}
        self._tasks = Tasks(parts.notify)
        self._link: Link | None = None
        self._requests = 0
        self._is_closed = False

    # ----------------------------------------------------------------------------------- pairs

    def start(self, symbol: Symbol) -> None:
        """Listen to a pair from now on; idempotent."""
        if self._is_closed or symbol in self._pairs:
            return
        pair = self._pairs[symbol] = Pair(symbol)
        for line in self._lines.values():
            if line.channel.connection is not None:
                self._seat(line, pair)
        if self._link is None:
            parts = self.parts
            self._link = Link(
                self,
                clock=parts.clock,
                jitter=parts.jitter,
                notify=parts.notify,
                settings=parts.settings,
            )
            self._link.start()

    def stop(self, symbol: Symbol) -> None:
        """Listen to a pair no more; idempotent, and no gap is told of."""
        if self._pairs.pop(symbol, None) is None:
            return
        for line in self._lines.values():
            seat = line.forget(symbol)
            if seat is not None:
                self._leave(line, seat)
                line.settle()
        if not self._pairs and self._link is not None:
            link, self._link = self._link, None
            self._lines.clear()
            self._tasks.spawn("close link", link.close())

    def is_connected(self, symbol: Symbol) -> bool:
        """Say whether the events of a pair flow."""
        pair = self._pairs.get(symbol)
        return pair is not None and pair.is_connected

    def _leave(self, line: Line, seat: Seat) -> None:
        own = [number for number, other in line.by_subscription.items() if other is seat]
        for number in own:
            del line.by_subscription[number]
            self.unwanted(line, number)

    def unwanted(self, line: Line, number: int) -> None:
        """Have the venue end a subscription."""
        self._post(line, UNSUBSCRIBE, {"subscriptionId": number})

    def _post(self, line: Line, method: str, params: dict[str, object]) -> str:
        self._requests += 1
        request = {"id": str(self._requests), "method": method, "params": params}
        line.channel.post(msgspec.json.encode(request).decode())
        return str(self._requests)

    # ----------------------------------------------------------------------------- subscriptions

    def _seat(self, line: Line, pair: Pair) -> None:
        seat = line.seats[pair.symbol] = Seat(pair, line.channel)
        seat.cancel = self._tasks.spawn(f"user {pair.symbol}", self._tend(line, seat, 0))

    async def _tend(self, line: Line, seat: Seat, wait: int) -> None:
        """Subscribe and renew a pair on a connection until its task is canceled."""
        clock = self.parts.clock
        until = clock.now_ns() + wait
        while True:
            await clock.sleep_until(until)
            try:
                until = await self._subscribe(line, seat)
            except Exception as error:
                # Whatever it was: the account is polled meanwhile, and the next try decides.
                seat.failures += 1
                until = clock.now_ns() + backoff_ns(seat.failures, self.parts.jitter)
                self._failed(seat.pair, error)
            seat.has_tried = True
            line.settle()

    async def _subscribe(self, line: Line, seat: Seat) -> int:
        """Subscribe with a token that is good; return when to do so again, UTC ns."""
        pair, clock = seat.pair, self.parts.clock
        is_renewal = seat.subscription is not None
        token = None if is_renewal else pair.token
        if token is None or token.expires_at - clock.now_ns() < TOKEN_LEFT_MIN_NS:
            token = await self.parts.listen_token(pair.symbol)
        pair.token = None
        number = self._post(line, SUBSCRIBE, {"listenToken": token.token})
        reply = await self._answer(line, seat, number)
        if reply.code or reply.subscription is None:
            raise SubscriptionRefused("the token was not taken", reply.code)
        pair.token = token
        if is_renewal:
            seat.failures = 0
        return self._renewal(token.expires_at, reply.expires_at)

    def subscribed(self, line: Line, seat: Seat, number: int) -> None:
        """Take note that the events of a pair come under ``number`` from now on."""
        if seat.subscription is None:
            seat.since = self.parts.clock.now_ns()
        seat.subscription = number
        line.by_subscription[number] = seat
        self._connected(seat.pair, True)

    async def _answer(self, line: Line, seat: Seat, number: str) -> UserReply:
        clock = self.parts.clock
        waiting: asyncio.Future[UserReply] = asyncio.get_running_loop().create_future()
        line.asked[number] = seat, waiting
        # Much sooner than the connection itself is given up: it serves the other pairs.
        patience = self.parts.settings.patience_ns // ANSWERS
        by = clock.now_ns() + patience + line.channel.delay_ns
        if not await done_by(clock, by, waiting):
            # An answer that comes yet is taken by the line all the same.
            raise SubscriptionRefused("no answer in time")
        return waiting.result()

    def _renewal(self, *ends: int) -> int:
        """Return when to renew what ends at the earliest of ``ends`` (0 = not said), UTC ns."""
        now = self.parts.clock.now_ns()
        left = min(end for end in ends if end) - now if any(ends) else 0
        if left <= 0:
            return now + RENEW_BLIND_NS
        return now + max(RENEW_MIN_NS, min(left // 2, RENEW_MAX_NS))

    def _failed(self, pair: Pair, error: Exception) -> None:
        facts = {"symbol": str(pair.symbol), "problem": described(error)}
        if isinstance(error, VenueError):
            facts["code"] = error.code
        self.parts.notify("user_stream_failed", facts)

    def _connected(self, pair: Pair, connected: bool) -> None:
        if pair.is_connected != connected and self._pairs.get(pair.symbol) is pair:
            pair.is_connected = connected
            self._guard("on_gap", lambda: self.parts.on_gap(pair.symbol, connected))

    def _guard(self, name: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self.parts.notify("listener_failed", {"name": name, "error": type(error).__name__})

    # ------------------------------------------------------------------------------------ events

    def on_event(self, line: Line, pushed: Pushed) -> None:
        """Take one event."""
        number, event = pushed.subscription, pushed.event
        seat = None if number is None else line.by_subscription.get(number)
        if isinstance(event, Malformed):
            self.on_unreadable(seat, event)
        elif seat is None:
            self.counts["event of no pair"] += 1
        elif isinstance(event, OrderReport):
            self._reported(seat, event)
        elif isinstance(event, StreamEnded):
            self._ended(line, seat, number)
        else:
            self._guard("on_hint", lambda: self.parts.on_hint(seat.pair.symbol))

    def _reported(self, seat: Seat, report: OrderReport) -> None:
        if report.symbol == seat.pair.symbol:
            self._guard("on_report", lambda: self.parts.on_report(report))
        else:
            # Venues have sent reports of one wallet on the stream of another.
            self.counts["report of another pair"] += 1

    def on_unreadable(self, seat: Seat | None, problem: Malformed) -> None:
        """Take a message that was not understood: the pairs it may concern are asked for."""
        self.counts["malformed"] += 1
        self.parts.notify("frame_malformed", {"problem": problem.problem})
        pairs = [seat.pair] if seat is not None else list(self._pairs.values())
        for pair in pairs:
            if pair.is_connected:
                self._connected(pair, False)
                self._connected(pair, True)

    def _ended(self, line: Line, seat: Seat, number: int | None) -> None:
        assert number is not None
        del line.by_subscription[number]
        if number != seat.subscription:
            # An older one that a renewal has replaced.
            return
        seat.subscription = None
        seat.pair.token = None
        if not self._is_heard(seat.pair):
            self._connected(seat.pair, False)
        seat.cancel()
        if self.parts.clock.now_ns() - seat.since >= SETTLED_NS:
            seat.failures = 0
        wait = backoff_ns(seat.failures, self.parts.jitter)
        # Once is forgiven; a venue that ends every subscription at once is not asked in a loop.
        seat.failures += 1
        name = f"user {seat.pair.symbol}"
        seat.cancel = self._tasks.spawn(name, self._tend(line, seat, wait))

    def _is_heard(self, pair: Pair) -> bool:
        seats = [line.seats.get(pair.symbol) for line in self._lines.values()]
        return any(seat is not None and seat.subscription is not None for seat in seats)

    # ------------------------------------------------------------------------- called by the link

    def address(self, channel: Channel) -> str:
        """Return where to connect."""
        return self.parts.url

    def sink(self, channel: Channel) -> Sink:
        """Return what takes the messages of a connection."""
        line = self._lines[channel] = Line(self, channel)
        return line.on_frame

    def connected(self, channel: Channel) -> None:
        """Subscribe every pair on a new connection."""
        line = self._lines[channel]
        for pair in self._pairs.values():
            self._seat(line, pair)
        line.settle()

    def lost(self, channel: Channel) -> None:
        """Forget a connection; pairs heard on no other one may miss events."""
        line = self._lines.pop(channel, None)
        if line is None:
            return
        line.end()
        for seat in line.seats.values():
            if not self._is_heard(seat.pair):
                self._connected(seat.pair, False)

    def link_changed(self, up: bool) -> None:
        """Take note; the pairs have their own say."""
        if not up:
            self.counts["connections lost"] += 1

    async def close(self) -> None:
        """End everything; idempotent."""
        self._is_closed = True
        self._pairs.clear()
        await self._tasks.close()
        link, self._link = self._link, None
        if link is not None:
            await link.close()
        self._lines.clear()
