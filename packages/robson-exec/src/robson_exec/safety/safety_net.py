"""The Safety Net: looks at the whole account, asks who owns what, and tells the engine.

It decides on no order: the engine guards what it is told of, and asks again, fresh, right before a
guard sends anything. Three times the layers are asked whether core owns the pair: before what is
there is read, after it, and both again for the fresh answer; what any of them says any time counts.

Invariants:
    1. A pair about which anything could not be found out is told of to nobody but the person.
    2. A failed look is never an empty account.
    3. One look runs at a time, and however many hints come they are apart; a venue that refuses
       is asked ever less often.
"""

from __future__ import annotations

import attrs

from robson_domain import (
    ExternalSeen,
    Intent,
    OrderReport,
    PairBalances,
    PairRule,
    PairRuleSet,
    Position,
    QueryExternal,
    SafetyNetSet,
    Symbol,
)
from robson_exec.bus import Observation, Published
from robson_exec.observations import PairSeen, SafetyNetLooked
from robson_exec.safety.account_reader import LookFailed, Snapshot
from robson_exec.safety.books import is_under_way
from robson_exec.safety.exclusions import Owned
from robson_exec.safety.fresh_answers import FreshAnswers
from robson_exec.safety.judging import DOUBT, Judgment, doubtful, judge, unsure
from robson_exec.safety.last_checks import LastChecks
from robson_exec.safety.look_timer import LookTimer
from robson_exec.safety.net_parts import Doubts, NetParts
from robson_exec.safety.pressing_looks import PressingLooks
from robson_exec.safety.traces import Traces

REFUSALS_MAX = 2
"""After so many refusals one after the other a look asks nothing more."""


@attrs.define
class _Look:
    """One look under way.

    Attributes:
        refusals: Refusals in a row.
        was_refused: Whether there was any.
    """

    pairs: list[PairSeen] = attrs.field(factory=list)
    refusals: int = 0
    was_refused: bool = False


class SafetyNet:
    """Looks again and again.

    Attributes:
        latest: What the last look came to, None before the first.
    """

    def __init__(self, parts: NetParts) -> None:
        self._parts = parts
        self._timer = LookTimer(
            look=self._look,
            poll_ns=parts.poll_ns,
            supervisor=parts.supervisor,
            clock=parts.clock,
            activity=parts.activity,
        )
        self._doubts = Doubts(parts.bus)
        self._fresh = FreshAnswers(parts, self._doubts)
        self._pressing = PressingLooks(parts)
        self._checks = LastChecks(parts, self._pressing.look)
        self._rotation = 0
        self._said: dict[Symbol, tuple[object, ...]] = {}
        self.latest: SafetyNetLooked | None = None

    @property
    def traces(self) -> Traces:
        """What the account shows of orders in doubt."""
        return self._parts.traces

    def start(self) -> None:
        """Look at once, and then every poll."""
        parts = self._parts
        parts.bus.add_listener("safety_net", self._hear)
        parts.reader.holdings.subscribe_hints(self.hint)
        self._timer.start()

    def stop(self) -> None:
        """Look no more; idempotent."""
        self._timer.stop()

    def hint(self, symbol: Symbol) -> None:
        """Something on a pair may have changed: look soon, unless the venue asked for patience."""
        self._timer.hint()

    def look_now(self) -> None:
        """Look soon, whatever the next poll; many calls are one look."""
        self._timer.hint()

    def answer(self, command: QueryExternal) -> None:
        """Begin to find out, fresh and right before sending, what of a pair is the person's."""
        self._fresh.answer(command)

    def hear_report(self, report: OrderReport) -> None:
        """Take note of what the venue says of an order, whoever placed it."""
        self._checks.hear(report)

    async def before_send(self, intent: Intent) -> str:
        """See to what is in the way of an order; return why it must not be sent, or nothing."""
        objection = await self._checks.objection(intent)
        if not objection:
            await self._parts.locks.before_exit(intent)
        return objection

    def refused(self, intent: Intent, report: OrderReport) -> None:
        """Find out what is in the way of an order that was refused, or missing for it."""
        self._parts.locks.after_refusal(intent, report)
        self._pressing.refused(intent, report)

    def _hear(self, said: Observation) -> None:
        if isinstance(said, Published) and any(
            isinstance(event, PairRuleSet | SafetyNetSet) for event in said.events
        ):
            self._timer.hint()

    async def _look(self) -> bool:
        parts, look = self._parts, _Look()
        try:
            account = await parts.reader.pairs()
        except LookFailed as failed:
            self._ended(SafetyNetLooked(at=parts.clock.now_ns(), failed=str(failed)))
            return False
        for balances in self._rotated(account):
            await self._pair(look, balances)
        present = {balances.symbol for balances in account}
        for guard in parts.books.guards():
            if guard.symbol not in present:
                self._gone(guard)
        self._missing(look, present)
        pairs = sorted(look.pairs, key=lambda seen: seen.symbol)
        self._ended(SafetyNetLooked(at=parts.clock.now_ns(), pairs=tuple(pairs)))
        return not look.was_refused

    def _missing(self, look: _Look, present: set[Symbol]) -> None:
        """The answer lacks pairs: of core's that is doubt, of others the end of it."""
        core = {p.symbol for p in self._parts.books.state.live.values() if p.owns_pair}
        for symbol in sorted(core - present):
            self._doubtful(look, symbol, "the account's answer lacks the pair")
        self._doubts.keep(present | core)

    def _rotated(self, account: tuple[PairBalances, ...]) -> tuple[PairBalances, ...]:
        """Begin elsewhere each time: a pair that always fails must not hide those after it."""
        if not account:
            return account
        self._rotation = (self._rotation + 1) % len(account)
        return account[self._rotation :] + account[: self._rotation]

    async def _pair(self, look: _Look, balances: PairBalances) -> None:
        symbol, books = balances.symbol, self._parts.books
        guard, core = books.guard(symbol), books.core(symbol)
        locked = balances.quote.locked  # by an order that rests, ours perhaps
        if not (balances.base.held or balances.base.debt or locked or guard or core):
            self._quiet(symbol)
            return
        if look.refusals >= REFUSALS_MAX:
            self._doubtful(look, symbol, "not asked: the venue refuses to answer")
            return
        try:
            await self._judged(look, balances)
        except LookFailed as failed:
            look.refusals = look.refusals + 1 if failed.is_refusal else 0
            look.was_refused = look.was_refused or failed.is_refusal
            self._doubtful(look, symbol, str(failed))
        except Exception as error:
            # What nobody thought of on one pair must not take the stops of all others with it.
            self._doubtful(look, symbol, f"{type(error).__name__}: {error}")

    async def _judged(self, look: _Look, balances: PairBalances) -> None:
        parts, symbol = self._parts, balances.symbol
        standing = parts.books.standing(symbol)
        before = await parts.owned(symbol, parts.reader.known_trades(symbol))
        snapshot = await parts.reader.complete(balances)
        after = before | await parts.owned(symbol, snapshot.trades)
        look.refusals = 0
        if parts.books.standing(symbol) != standing:
            # What was read belongs to no one moment; what changed it is no reason to worry.
            self._timer.hint()
            look.pairs.append(_again(symbol))
            return
        parts.traces.take(snapshot)
        now = parts.clock.now_ns()
        judgment = judge(snapshot, after, parts.books, parts.steady, now, notes=True)
        self._tell(look, symbol, judgment, snapshot)
        self._compare(snapshot, after, now)
        await self._strangers(snapshot, now)

    def _tell(self, look: _Look, symbol: Symbol, judgment: Judgment, snapshot: Snapshot) -> None:
        parts = self._parts
        if judgment.external is None:
            reason = judgment.seen.reason if judgment.seen else DOUBT
            self._doubtful(look, symbol, reason)
            return
        self._doubts.tell(symbol, "")
        is_sure = self._is_sure(judgment.external)
        if judgment.seen is not None:
            look.pairs.append(judgment.seen if is_sure else unsure(judgment.seen))
        sides = [p.side for p in (*parts.books.core(symbol), parts.books.guard(symbol)) if p]
        parts.locks.take(snapshot.balances, snapshot.resting, sides)
        if is_sure:
            self._offer(judgment.external)

    def _offer(self, said: ExternalSeen) -> None:
        """Tell the engine when it is something new, or when there is a guard to hold it against."""
        parts = self._parts
        guard = parts.books.guard(said.symbol)
        key = said.side, said.quantity, said.entry_price, said.excluded, said.own_stop
        nothing = said.side is None and said.symbol not in self._said
        is_new = self._said.get(said.symbol) != key and not nothing
        if guard is not None and is_under_way(guard):
            return
        if guard is not None or is_new:
            self._said[said.symbol] = key
            parts.offer(attrs.evolve(said, ts_received=parts.clock.now_ns()))

    def _is_sure(self, said: ExternalSeen) -> bool:
        """Say whether an entry that nobody knows is really unknown: balances and trades are read
        one after the other, so a first disagreement may be nothing but that.
        """
        parts, key = self._parts, ("entry", said.symbol)
        is_adopted = parts.books.rule(said.symbol) is PairRule.ADOPT  # then nobody paid for it
        if said.side is None or said.entry_price is not None or is_adopted:
            parts.steady.forget(key)
            return True
        return parts.steady.holds(key, (said.side, said.quantity), parts.clock.now_ns())

    def _compare(self, snapshot: Snapshot, owned: Owned, now: int) -> None:
        parts = self._parts
        if owned.doubts:
            parts.sync.forget(snapshot.symbol)
        if owned.doubts or owned.unresolved:
            return
        compared = parts.sync.compare(snapshot, now)
        for said in (*compared.said, *parts.sync.doubts(snapshot, now)):
            parts.offer(said)
        if compared.is_explained:
            self._pressing.look(snapshot.symbol)

    async def _strangers(self, snapshot: Snapshot, now: int) -> None:
        parts = self._parts
        try:
            found = await parts.sync.foreign_orders(snapshot, now)
        except Exception as error:
            facts = {"symbol": str(snapshot.symbol), "error": type(error).__name__}
            parts.bus.notify("warning", "orders_not_compared", facts)
            return
        for said in found:
            parts.offer(said)

    def _quiet(self, symbol: Symbol) -> None:
        """Nothing is on the pair."""
        self._said.pop(symbol, None)
        self._doubts.tell(symbol, "")
        self._parts.locks.forget(symbol)

    def _gone(self, guard: Position) -> None:
        """End a guard whose pair a complete answer does not have any more."""
        if is_under_way(guard) or guard.stop is None:
            return
        now = self._parts.clock.now_ns()
        price = self._parts.reader.prices.of(guard.symbol) or guard.stop
        self._parts.offer(
            ExternalSeen(instrument=guard.instrument, price=price, ts_event=now, ts_received=now)
        )
        self._said.pop(guard.symbol, None)

    def _doubtful(self, look: _Look, symbol: Symbol, why: str) -> None:
        judgment = doubtful(symbol, why, self._parts.books.guard(symbol))
        assert judgment.seen is not None
        look.pairs.append(judgment.seen)
        self._doubts.tell(symbol, why)
        self._parts.sync.forget(symbol)

    def _ended(self, looked: SafetyNetLooked) -> None:
        before = self.latest.failed if self.latest is not None else ""
        self.latest = looked
        self._parts.bus.publish(looked)
        if bool(looked.failed) != bool(before):
            facts = {"problem": looked.failed or before}
            if looked.failed:
                self._parts.bus.notify("critical", "safety_net_blind", facts)
            else:
                self._parts.bus.notify("info", "safety_net_sees_again", facts)


def _again(symbol: Symbol) -> PairSeen:
    return PairSeen(symbol=symbol, state="skipped", reason="changed")
