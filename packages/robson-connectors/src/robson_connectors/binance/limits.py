"""The rate limiter: what may go now, who goes first, and when nobody may.

A window here is any stretch of its length, not the venue's clock minute, so that two bursts
around the full minute never add up to more than the venue allows.

Invariants:
    1. In no stretch of a pool's window do the granted weights exceed its limit, nor what a lane
       may use of it.
    2. Within a lane and pool requests go in the order in which they came; a lower lane takes
       nothing that a waiting higher one needs.
    3. Nothing goes during a ban, whoever imposed it and whichever process was told. What was only
       told to slow down (429) holds up its own pools: see :mod:`.pauses`.
    4. A caller that is canceled while waiting takes no budget; whoever cannot go within the
       lane's patience is told so, and nothing was sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import attrs

from robson_connectors.binance.pauses import Pauses, counted
from robson_connectors.binance.pools import DEFAULT_BUDGETS, SECOND_NS, Budgets, Cost, Lane, Pool
from robson_domain.errors import RetryableVenueError
from robson_domain.ports.system import Clock

PATIENCE_NS: Final[Mapping[Lane, int]] = {
    Lane.EXIT: 5 * SECOND_NS,
    Lane.ORDER: SECOND_NS,
    Lane.READ: 8 * SECOND_NS,
    Lane.POLL: 60 * SECOND_NS,
}
"""How long a request may wait here. An order that comes late is worse than one that was not
sent; all but polls end before the 10 s after which a caller gives up."""
BAN_NS_MAX: Final = 3 * 24 * 3600 * SECOND_NS
"""The longest ban the venue imposes; a later end is a misread one."""
PAUSE_NS: Final[Mapping[int, int]] = {429: 10 * SECOND_NS, 418: 120 * SECOND_NS}
"""Pause after such a status when the answer does not say how long."""
BANNED: Final = "BANNED"
PAUSED: Final = "PAUSED"
WEIGHT_SHORT: Final = "WEIGHT_SHORT"


class BanMemory(Protocol):
    """Keeps the end of a ban over restarts; a restart loop would make it longer otherwise."""

    def load(self) -> int:
        """Return what was saved last, UTC ns, 0 when nothing was."""
        ...

    def save(self, until: int) -> None:
        """Keep ``until`` (UTC ns)."""
        ...


class NoBanMemory:
    """For those who have nowhere to keep it."""

    def load(self) -> int:
        """Return 0: nothing is remembered."""
        return 0

    def save(self, until: int) -> None:
        """Forget ``until``."""


class _Usage:
    """What one pool gave within its window."""

    __slots__ = ("grants", "pool", "used")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.grants: deque[tuple[int, int]] = deque()
        self.used = 0

    def add(self, now: int, weight: int) -> None:
        self.grants.append((now, weight))
        self.used += weight

    def forget(self, now: int) -> None:
        while self.grants and self.grants[0][0] + self.pool.window_ns <= now:
            self.used -= self.grants.popleft()[1]

    def free_at(self, now: int, weight: int, lane: Lane) -> int:
        """Return when ``weight`` more fits for ``lane``: now, or when enough has passed."""
        self.forget(now)
        # A weight above the share itself would never fit; alone in the window it may go.
        room = max(self.pool.limit_of(lane) - weight, 0)
        used, at = self.used, now
        for granted, given in self.grants:
            if used <= room:
                break
            used, at = used - given, granted + self.pool.window_ns
        return at


@attrs.define(eq=False)
class _Waiter:
    lane: Lane
    costs: Sequence[Cost]
    deadline: int
    granted: asyncio.Future[None]
    may_try: bool = False


class Limiter:
    """Grants requests; one for everything that goes out of this process to the venue."""

    def __init__(
        self,
        clock: Clock,
        memory: BanMemory | None = None,
        budgets: Budgets = DEFAULT_BUDGETS,
    ) -> None:
        self.budgets = budgets
        self._clock = clock
        self._memory = memory or NoBanMemory()
        self._usages: dict[str, _Usage] = {}
        self._waiting: dict[Lane, list[_Waiter]] = {lane: [] for lane in Lane}
        self._pump: asyncio.Task[None] | None = None
        self._pauses = Pauses()
        self._banned_until = min(self._memory.load(), clock.now_ns() + BAN_NS_MAX)

    @property
    def banned_until(self) -> int:
        """Until when nothing is sent, UTC ns; in the past when there is no ban."""
        return self._banned_until

    def used(self, *, venues_own: bool = False) -> dict[str, tuple[int, int]]:
        """Return used weight and limit of every pool that was drawn on.

        Args:
            venues_own: Only those that the venue counts as well, not our own paces.
        """
        now = self._clock.now_ns()
        for usage in self._usages.values():
            usage.forget(now)
        return {
            name: (usage.used, usage.pool.limit)
            for name, usage in self._usages.items()
            if usage.pool.header or not venues_own
        }

    async def acquire(self, lane: Lane, costs: Sequence[Cost], *, may_try: bool = False) -> None:
        """Return when a request with these costs may go; its weight is taken then.

        Args:
            may_try: Whether it is worth the one try that a pause has room for.

        Raises:
            RetryableVenueError: It cannot go within the lane's patience; code ``BANNED``,
                ``PAUSED`` or ``WEIGHT_SHORT``. Nothing was sent.
        """
        now = self._clock.now_ns()
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(lane, costs, now + PATIENCE_NS[lane], granted, may_try)
        self._waiting[lane].append(waiter)
        self._turn()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            self._withdraw(waiter)
            raise

    def heard(self, costs: Sequence[Cost], headers: Mapping[str, str]) -> None:
        """Take up what an answer's headers (lower case) say is used; junk counts as silence."""
        now = self._clock.now_ns()
        for cost in costs:
            told = _natural(headers.get(cost.pool.header, ""))
            usage = self._usage(cost.pool)
            usage.forget(now)
            # Others use the same address: what we did not grant is theirs.
            if told is not None and told > usage.used:
                usage.add(now, min(told, 2 * cost.pool.limit) - usage.used)

    def limited(
        self,
        status: int,
        headers: Mapping[str, str],
        until: int = 0,
        costs: Sequence[Cost] = (),
    ) -> None:
        """Hold up what an answer with 429 or 418 is about, for as long as it says or for a while.

        Args:
            until: End of a ban told in the message, our clock, UTC ns.
            costs: Of the request that was refused; without any, it is about everything.
        """
        now = self._clock.now_ns()
        seconds = _natural(headers.get("retry-after", ""))
        asked = [until] if until > now else []
        if seconds:
            asked.append(now + seconds * SECOND_NS)
        end = max(asked, default=now + PAUSE_NS.get(status, PAUSE_NS[429]))
        end = min(end, now + BAN_NS_MAX)
        if status != 418 and not until > now and counted(costs):
            self._pauses.begin(costs, now, end)
        elif end > self._banned_until:
            self._banned_until = end
            self._memory.save(end)
        self._turn()

    async def close(self) -> None:
        """Refuse whoever still waits; idempotent."""
        for waiter in self._everybody():
            self._refuse(waiter, RetryableVenueError("the connection is closed", "CLOSED"))
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    # ----------------------------------------------------------------- inner

    def _turn(self) -> None:
        """Grant what can go, refuse what cannot wait, and sleep until that changes."""
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None
        wake = self._pass_on()
        if wake is not None:
            self._pump = asyncio.get_running_loop().create_task(self._sleep(wake))

    async def _sleep(self, until: int) -> None:
        await self._clock.sleep_until(until)
        self._pump = None
        self._turn()

    def _pass_on(self) -> int | None:
        now = self._clock.now_ns()
        blocked: set[str] = set()
        wakes: list[int] = []
        for waiter in self._everybody():
            short = self._short_in(waiter, now, blocked)
            at = max(self._free_at(waiter, now), self._held_until(waiter, now))
            if at <= now and not short:
                self._grant(waiter, now)
            elif waiter.deadline <= now or at > waiter.deadline:
                self._refuse(waiter, self._refusal(waiter, now))
            else:
                blocked |= short
                # Who only stands behind another wakes with that one.
                wakes += [waiter.deadline, at if at > now else waiter.deadline]
        return min(wakes, default=None)

    def _held_until(self, waiter: _Waiter, now: int) -> int:
        paused = self._pauses.over_at(waiter.costs, now, may_try=waiter.may_try)
        return max(paused, self._banned_until)

    def _refusal(self, waiter: _Waiter, now: int) -> RetryableVenueError:
        held = self._held_until(waiter, now)
        if held > now:
            seconds = -(-(held - now) // SECOND_NS)
            text = f"the venue wants no such request for another {seconds} s; nothing was sent"
            return RetryableVenueError(text, BANNED if self._banned_until > now else PAUSED)
        return RetryableVenueError("the request budget is used up; nothing was sent", WEIGHT_SHORT)

    def _everybody(self) -> list[_Waiter]:
        # A caller that was canceled a moment ago has not withdrawn yet.
        return [
            waiter for lane in Lane for waiter in self._waiting[lane] if not waiter.granted.done()
        ]

    def _short_in(self, waiter: _Waiter, now: int, blocked: set[str]) -> set[str]:
        """Return the pools in which ``waiter`` has no room, or stands behind another."""
        return {
            cost.pool.name
            for cost in waiter.costs
            if cost.pool.name in blocked or self._pool_free_at(cost, waiter.lane, now) > now
        }

    def _free_at(self, waiter: _Waiter, now: int) -> int:
        return max(self._pool_free_at(cost, waiter.lane, now) for cost in waiter.costs)

    def _pool_free_at(self, cost: Cost, lane: Lane, now: int) -> int:
        return self._usage(cost.pool).free_at(now, cost.weight, lane)

    def _grant(self, waiter: _Waiter, now: int) -> None:
        self._waiting[waiter.lane].remove(waiter)
        self._pauses.went(waiter.costs)
        for cost in waiter.costs:
            self._usage(cost.pool).add(now, cost.weight)
        waiter.granted.set_result(None)

    def _refuse(self, waiter: _Waiter, error: RetryableVenueError) -> None:
        self._waiting[waiter.lane].remove(waiter)
        waiter.granted.set_exception(error)

    def _withdraw(self, waiter: _Waiter) -> None:
        if waiter in self._waiting[waiter.lane]:
            self._waiting[waiter.lane].remove(waiter)
            self._turn()

    def _usage(self, pool: Pool) -> _Usage:
        if pool.name not in self._usages:
            self._usages[pool.name] = _Usage(pool)
        return self._usages[pool.name]


def _natural(text: str) -> int | None:
    """Return a header's whole number, or None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
