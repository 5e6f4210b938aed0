"""Continuous reconciliation: what the account shows of core's positions, against the log.

It asks nothing by itself: it judges the looks of the Safety Net. A difference counts once two looks
agree on it, both while nothing was under way: a poll apart, or less where the venue or the person's
own trades speak for it (:mod:`robson_exec.safety.pressing_looks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from robson_domain import (
    BeyondFlatSeen,
    ClientOrderId,
    CoreSeen,
    ForeignOrderSeen,
    Input,
    PairDoubted,
    PairRule,
    Position,
    Quantity,
    Side,
    Store,
    Symbol,
    decimals,
)
from robson_domain.identity import CORE_PREFIX, SAFETY_PREFIX
from robson_engine.protection import (
    Difference,
    OwnTrades,
    beyond_flat,
    difference_of,
    names_of,
    overshot_of,
    taken_by,
)
from robson_exec.limits import FOREIGN_TRADES_NS
from robson_exec.safety.account_reader import Snapshot
from robson_exec.safety.books import Books, is_comparable
from robson_exec.safety.judging import Steadiness


@attrs.define
class Compared:
    """What a look comes to.

    Attributes:
        said: For the engine.
        is_waiting: Whether there is a difference that was not seen long enough.
        is_explained: Whether trades of others, all known by name, explain it.
    """

    said: list[Input] = attrs.field(factory=list)
    is_waiting: bool = False
    is_explained: bool = False


@attrs.define(kw_only=True, eq=False)
class PositionSync:
    """Compares every look with the log.

    Attributes:
        books: The engine's state.
        store: Knows the orders that memory has forgotten.
    """

    books: Books
    store: Store
    steady: Steadiness
    _told: set[ClientOrderId] = attrs.field(factory=set, init=False)
    _known: set[ClientOrderId] = attrs.field(factory=set, init=False)

    def compare(self, snapshot: Snapshot, now: int, *, apart_ns: int | None = None) -> Compared:
        """Return what a look tells the engine of core's positions on the pair.

        Args:
            apart_ns: How far apart two looks must be that agree, instead of a poll.
        """
        own = self.books.own(snapshot.symbol)
        found = Compared(said=self._beyond_flat(snapshot, now))
        for position in self.books.core(snapshot.symbol):
            if not is_comparable(position) or _is_behind(position, snapshot):
                continue
            seen = self._difference(position, snapshot, own)
            figures = position.open_qty, position.interest, seen.held, seen.interest
            key = "core", position.position_id
            is_steady = self.steady.holds(key, figures, now, apart_ns=apart_ns)
            if not _matters(position, seen, snapshot):
                continue
            if is_steady:
                found.said.append(_core_seen(position, seen, snapshot, now))
            else:
                found.is_waiting = True
                found.is_explained = _is_explained(seen, snapshot, own)
        return found

    def closed_by_hand(self, position: Position, snapshot: Snapshot) -> Difference | None:
        """Return what trades of others, all known by name, have closed of a position.

        None when that is less than a step, or nobody can say. It takes note of nothing.
        """
        if _is_behind(position, snapshot):
            return None
        own = self.books.own(snapshot.symbol)
        seen = self._difference(position, snapshot, own)
        is_one = seen.missing >= snapshot.instrument.step_size
        return seen if is_one and _is_explained(seen, snapshot, own) else None

    def forget(self, symbol: Symbol) -> None:
        """A look at the pair failed: the next one counts as the first."""
        for position in self.books.core(symbol):
            self.steady.forget(("core", position.position_id))

    def _beyond_flat(self, snapshot: Snapshot, now: int) -> list[Input]:
        """Tell of positions that ended lately and whose exits went beyond flat."""
        found: list[Input] = []
        for position in self.books.ended(snapshot.symbol, now - FOREIGN_TRADES_NS):
            quantity, trades = beyond_flat(position, snapshot.trades)
            quantity = min(quantity, _on_the_other_side(position, snapshot))
            if not snapshot.instrument.is_tradable(quantity, snapshot.price):
                continue
            own = [order.client_order_id for order in position.orders]
            said = BeyondFlatSeen(
                position_id=position.position_id,
                symbol=position.symbol,
                quantity=quantity,
                evidence=f"by order {names_of(trades, own)}",
                ts_event=trades[-1].fill.ts_event,
                ts_received=now,
            )
            found.append(said)
        return found

    def _difference(self, position: Position, snapshot: Snapshot, own: OwnTrades) -> Difference:
        trades, guards = snapshot.trades, self.books.guard_orders(snapshot.symbol)
        taken = taken_by(position, trades, own, guards) or decimals.ZERO
        return difference_of(position, snapshot.balances, trades, own, taken)

    def doubts(self, snapshot: Snapshot, now: int) -> list[Input]:
        """Return what a look shows that only a person can judge, each once."""
        symbol, problem = snapshot.symbol, self._overshot(snapshot, now)
        return [PairDoubted(symbol=symbol, problem=problem, ts_received=now)] if problem else []

    def _overshot(self, snapshot: Snapshot, now: int) -> str:
        """Return what an exit of a guard did beyond flat; empty when nothing, or when told."""
        if self.books.rule(snapshot.symbol) is PairRule.ADOPT:
            return ""  # what is adopted no trade explains
        own, orders = self.books.own(snapshot.symbol), self.books.guard_orders(snapshot.symbol)
        found = overshot_of(snapshot.trades, own, orders, snapshot.instrument)
        if found is None or found.client_order_id in self._told:
            return ""
        if orders[found.client_order_id].ts_created < now - FOREIGN_TRADES_NS:
            return ""
        self._told.add(found.client_order_id)
        return found.problem(snapshot.symbol)

    async def foreign_orders(self, snapshot: Snapshot, now: int) -> list[Input]:
        """Return our-prefix orders that neither the state nor the store knows, each once.

        Raises:
            StoreError: The store cannot be asked.
        """
        found: list[Input] = []
        for order_id in dict.fromkeys(_ours(snapshot, now)):
            if order_id in self._told or await self._is_known(order_id):
                continue
            self._told.add(order_id)
            found.append(
                ForeignOrderSeen(symbol=snapshot.symbol, client_order_id=order_id, ts_received=now)
            )
        return found

    async def _is_known(self, order_id: ClientOrderId) -> bool:
        if order_id in self._known or order_id in self.books.state.orders:
            return True
        is_known = await self.store.orders.find_by_id(order_id) is not None
        if not is_known:
            unresolved = await self.store.intents.find_unresolved()
            is_known = any(intent.client_order_id == order_id for intent in unresolved)
        if is_known:
            self._known.add(order_id)
        return is_known


def _core_seen(position: Position, found: Difference, snapshot: Snapshot, now: int) -> CoreSeen:
    return CoreSeen(
        position_id=position.position_id,
        symbol=position.symbol,
        held=found.held,
        interest=max(position.interest, found.interest),
        price=found.price,
        last_price=snapshot.price,
        evidence=found.evidence,
        ts_event=snapshot.balances.ts_event or snapshot.balances.ts_received,
        ts_received=now,
    )


def _on_the_other_side(position: Position, snapshot: Snapshot) -> Quantity:
    """Return what the account holds (or owes) that a position of this side would owe (hold).

    Who sells what they had paid in trades beyond flat as well, and nothing is there afterwards.
    """
    sign = Decimal(-position.side.sign)
    there = decimals.mul(sign, snapshot.balances.base.net)
    return snapshot.instrument.round_qty_down(max(there, decimals.ZERO))


def _is_explained(found: Difference, snapshot: Snapshot, own: OwnTrades) -> bool:
    """Say whether trades of others, all known by name, explain a difference."""
    return found.price is not None and _are_named(snapshot, own)


def _are_named(snapshot: Snapshot, own: OwnTrades) -> bool:
    """Say whether it is known of every execution by which order it was made."""
    return all(trade.client_order_id or own.holds(trade) for trade in snapshot.trades)


def _is_behind(position: Position, snapshot: Snapshot) -> bool:
    """Say whether the account shows an execution of ours that the log does not know yet."""
    known = {o.client_order_id: o.trade_ids for o in position.orders}
    return any(
        trade.fill.trade_id not in known.get(trade.client_order_id, (trade.fill.trade_id,))
        for trade in snapshot.trades
    )


def _matters(position: Position, found: Difference, snapshot: Snapshot) -> bool:
    """Say whether a step is missing, or interest grew by one."""
    instrument = snapshot.instrument
    if found.missing >= instrument.step_size:
        return True
    step = instrument.step_size
    if position.side is Side.LONG:
        step = decimals.mul(step, snapshot.price.value)
    return _grown(position, found) >= step


def _grown(position: Position, found: Difference) -> Decimal:
    return decimals.sub(found.interest, position.interest)


def _ours(snapshot: Snapshot, now: int) -> Iterable[ClientOrderId]:
    """Yield our-prefix orders that rest, and those executed lately."""
    since = now - FOREIGN_TRADES_NS
    ids = [order.client_order_id for order in snapshot.resting]
    ids += [t.client_order_id for t in snapshot.trades if t.fill.ts_event >= since]
    return (each for each in ids if each.startswith((CORE_PREFIX, SAFETY_PREFIX)))
