"""The last question before a guard sends: what of the pair is the person's, right now?

Everything is read anew between two rounds of questions to the layers. Whatever fails, the guard is
told that there is doubt, and nothing is sent.
"""

from __future__ import annotations

import attrs

from robson_domain import (
    DebtReported,
    ExternalSeen,
    PositionId,
    QueryExternal,
    Side,
    Symbol,
)
from robson_exec.limits import ANSWER_APART_NS
from robson_exec.safety.account_reader import Snapshot
from robson_exec.safety.judging import DOUBT, judge
from robson_exec.safety.net_parts import Doubts, NetParts


class FreshAnswers:
    """Answers guards, one question of each at a time."""

    def __init__(self, parts: NetParts, doubts: Doubts) -> None:
        self._parts = parts
        self._doubts = doubts
        self._asking: set[PositionId] = set()
        self._not_before: dict[PositionId, int] = {}

    def answer(self, command: QueryExternal) -> None:
        """Begin to answer, unless the same question is being answered."""
        parts = self._parts
        if command.position_id in self._asking:
            return
        self._asking.add(command.position_id)
        _ = parts.supervisor.spawn(
            f"external {command.position_id}", self._answer(command), token=parts.activity.token()
        )

    async def _answer(self, command: QueryExternal) -> None:
        key, said = command.position_id, None
        clock = self._parts.clock
        await clock.sleep_until(self._not_before.get(key, 0))
        now = clock.now_ns()
        waiting = {other: ts for other, ts in self._not_before.items() if ts > now}
        self._not_before = waiting | {key: now + ANSWER_APART_NS}
        try:
            said = await self._seen(command.symbol)
        except Exception as error:
            self._doubts.tell(command.symbol, str(error) or type(error).__name__)
        finally:
            self._asking.discard(key)
        said = said or self._in_doubt(command)
        if said is not None:
            self._parts.offer(attrs.evolve(said, guard=key, ts_received=clock.now_ns()))

    async def _seen(self, symbol: Symbol) -> ExternalSeen | None:
        """Read everything anew between two rounds of questions; None = doubt.

        Raises:
            LookFailed: A question was not answered.
        """
        parts = self._parts
        standing = parts.books.core_standing(symbol)
        before = await parts.owned(symbol, parts.reader.known_trades(symbol))
        snapshot = await parts.reader.fresh(symbol)
        after = before | await parts.owned(symbol, snapshot.trades)
        if parts.books.core_standing(symbol) != standing:
            return None
        now = parts.clock.now_ns()
        judgment = judge(snapshot, after, parts.books, parts.steady, now, notes=False)
        if judgment.external is None and judgment.seen is not None:
            self._doubts.tell(symbol, judgment.seen.reason)
        if judgment.external is not None and judgment.external.side is not None:
            self._tell_debt(snapshot, judgment.external.side)
        return judgment.external

    def _tell_debt(self, snapshot: Snapshot, side: Side) -> None:
        """Tell the guard what the pair owes of what its exit brings, before it decides to send."""
        guard, balances = self._parts.books.guard(snapshot.symbol), snapshot.balances
        owed = balances.quote if side is Side.LONG else balances.base
        if guard is None or not (owed.debt or guard.debt):
            return
        said = DebtReported(
            position_id=guard.position_id,
            asset=owed.asset,
            amount=owed.debt,
            free=owed.free,
            ts_event=balances.ts_event or balances.ts_received,
            ts_received=self._parts.clock.now_ns(),
        )
        self._parts.offer(said)

    def _in_doubt(self, command: QueryExternal) -> ExternalSeen | None:
        guard = self._parts.books.state.positions.get(command.position_id)
        if guard is None:
            return None
        price = self._parts.reader.prices.of(command.symbol) or guard.stop
        if price is None:
            return None
        now = self._parts.clock.now_ns()
        return ExternalSeen(
            instrument=guard.instrument,
            price=price,
            ts_event=now,
            ts_received=now,
            excluded=DOUBT,
        )
