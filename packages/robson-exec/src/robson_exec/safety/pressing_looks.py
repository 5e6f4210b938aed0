"""Looks at one pair that cannot wait for the next poll.

The venue refuses an exit or a stop because there is not enough for it, or the person's own trades
explain why there is less than the log says: then the pair alone is looked at, at once and again a
moment later, so that two looks that agree come within seconds. Exits that are refused follow one
another meanwhile. One that is on its way says nothing yet; one that ended without an execution has
changed nothing, whenever it was sent.

Invariants:
    1. A look that failed says nothing, and the count of those that agree begins anew.
    2. One look at a pair runs at a time; a venue that does not answer is asked ever less often.
"""

from __future__ import annotations

from enum import Enum

from robson_domain import Intent, IntentKind, OrderReport, Symbol
from robson_exec.limits import (
    PRESSING_APART_NS,
    PRESSING_BACKOFF_MAX_NS,
    PRESSING_PAUSE_NS,
    PRESSING_RESTS_MAX,
    PRESSING_TRIES_MAX,
)
from robson_exec.safety.account_reader import Snapshot
from robson_exec.safety.books import is_under_way
from robson_exec.safety.exclusions import Owned
from robson_exec.safety.locks import is_lack
from robson_exec.safety.net_parts import NetParts

_CONCERNED = frozenset({IntentKind.EXIT, IntentKind.VENUE_STOP})


class _Outcome(Enum):
    """What a look came to."""

    OVER = "over"
    """There is no difference, or the engine was told of it."""
    DIFFERENCE = "difference"
    """It must be seen once more."""
    BUSY = "busy"
    """An order was on its way."""
    FAILED = "failed"


class PressingLooks:
    """Looks at pairs until what was seen there is known or nothing is wrong with it."""

    def __init__(self, parts: NetParts) -> None:
        self._parts = parts
        self._looking: set[Symbol] = set()
        self._not_before: dict[Symbol, int] = {}

    def refused(self, intent: Intent, report: OrderReport) -> None:
        """Look at once when an exit or a stop was refused for lack of balance."""
        if intent.kind in _CONCERNED and is_lack(report):
            self.look(intent.symbol)

    def look(self, symbol: Symbol) -> None:
        """Begin to look at a pair, unless that is being done."""
        if symbol in self._looking:
            return
        self._looking.add(symbol)
        _ = self._parts.supervisor.spawn(
            f"pressing look {symbol}", self._run(symbol), token=self._parts.activity.token()
        )

    async def _run(self, symbol: Symbol) -> None:
        clock, pause = self._parts.clock, PRESSING_APART_NS
        try:
            await clock.sleep_until(self._not_before.get(symbol, 0))
            for _ in range(PRESSING_TRIES_MAX):
                outcome = await self._look(symbol)
                if outcome is _Outcome.OVER:
                    break
                if outcome is _Outcome.FAILED:
                    await clock.sleep_until(clock.now_ns() + pause)
                    pause = min(2 * pause, PRESSING_BACKOFF_MAX_NS)
                else:
                    waits = outcome is _Outcome.DIFFERENCE
                    apart = PRESSING_APART_NS if waits else PRESSING_PAUSE_NS
                    await clock.sleep_until(clock.now_ns() + apart)
        finally:
            self._not_before[symbol] = clock.now_ns() + PRESSING_APART_NS // 2
            self._looking.discard(symbol)

    async def _look(self, symbol: Symbol) -> _Outcome:
        parts = self._parts
        if not parts.books.core(symbol):
            return _Outcome.OVER
        quantities = parts.books.core_quantities(symbol)
        try:
            snapshot = await parts.reader.fresh(symbol)
            owned = await self._at_rest(symbol, snapshot)
        except Exception:
            # Whatever it was, the ordinary looks tell of it.
            parts.sync.forget(symbol)
            return _Outcome.FAILED
        if owned.doubts:
            parts.sync.forget(symbol)
            return _Outcome.FAILED
        is_busy = owned.unresolved or any(map(is_under_way, parts.books.core(symbol)))
        if is_busy or parts.books.core_quantities(symbol) != quantities:
            return _Outcome.BUSY
        now = parts.clock.now_ns()
        compared = parts.sync.compare(snapshot, now, apart_ns=PRESSING_APART_NS)
        for said in compared.said:
            parts.offer(said)
        return _Outcome.DIFFERENCE if compared.is_waiting else _Outcome.OVER

    async def _at_rest(self, symbol: Symbol, snapshot: Snapshot) -> Owned:
        """Return what the layers say once no order is on its way, or after a while."""
        clock = self._parts.clock
        owned = await self._parts.owned(symbol, snapshot.trades)
        for _ in range(PRESSING_RESTS_MAX):
            if not owned.unresolved:
                break
            await clock.sleep_until(clock.now_ns() + PRESSING_PAUSE_NS // 2)
            owned = await self._parts.owned(symbol, snapshot.trades)
        return owned
