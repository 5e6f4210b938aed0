"""Orders nobody has confirmed: evidence is gathered, nothing is sent again.

An order counts as dead only when the venue did not know its id at a venue time later than the
signed timestamp plus receive window plus margin, no fill came, and two later account snapshots,
at least 2 s apart, still show the account as it was. Entries are given longer, because a
missed entry costs nothing and a doubled one does. Where the account shows something else (a
deposit, a trade by hand), its executions say as much of an exit as long as they explain it all;
an order that is still unknown long after that is dead all the same.

All these times are the venue's. Our clock may be wrong by any amount, so what nobody remembers
the signature of counts as signed when the venue is first heard of after it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    AccountSnapshot,
    Doubt,
    NoTraceSeen,
    Order,
    OrderInDoubt,
    OrderReport,
    OrderResolved,
    OrderStatus,
    Position,
    QueryOrder,
    ReportStatus,
    Side,
    decimals,
)
from robson_engine.config import (
    DEATH_MARGIN_NS,
    ENTRY_PATIENCE_NS,
    RECEIVE_WINDOW_NS,
    SNAPSHOT_APART_NS,
    SURE_EXIT_NS,
    SURE_NS,
)
from robson_engine.evolve_parts import held_of
from robson_engine.turn import Turn
from robson_engine.venue_stop_rules import may_rest

SNAPSHOTS_NEEDED: Final = 2
_HALF: Final = Decimal("0.5")


def begin(turn: Turn, position: Position, order: Order, report: OrderReport) -> None:
    """Log that an order is in doubt and ask about it; one already in doubt stays as it is."""
    if order.status is OrderStatus.IN_DOUBT:
        return
    heard = report.ts_event if report.status is ReportStatus.NOT_FOUND else 0
    _log(turn, position, report, Doubt(since=turn.now, ts_signed=report.ts_signed or heard))
    turn.command(QueryOrder(symbol=position.symbol, client_order_id=order.client_order_id))


def _log(turn: Turn, position: Position, report: OrderReport, doubt: Doubt) -> None:
    turn.emit(
        OrderInDoubt,
        position.position_id,
        client_order_id=report.client_order_id,
        doubt=doubt,
        code=report.code,
        message=report.message,
    )


def not_found(turn: Turn, position: Position, order: Order, report: OrderReport) -> None:
    """Take up that the venue does not know the id: evidence once it is late enough."""
    if order.status is not OrderStatus.IN_DOUBT:
        begin(turn, position, order, report)
        return
    if order is not position.order_in_doubt:
        return  # a stop beside an exit in doubt: its turn comes
    doubt = position.doubt or Doubt(since=turn.now, ts_signed=0)
    if not doubt.ts_signed:
        if report.ts_event:
            _log(turn, position, report, attrs.evolve(doubt, ts_signed=report.ts_event))
        return
    known = doubt.not_found_at
    if report.ts_event <= deadline(position, order, doubt):
        return
    longs = (doubt.ts_signed + SURE_EXIT_NS, doubt.ts_signed + SURE_NS)
    if known and not any(known <= long < report.ts_event for long in longs):
        return  # it was unknown late enough before; only "for long" is more than that
    _log(turn, position, report, attrs.evolve(doubt, not_found_at=report.ts_event))


def deadline(position: Position, order: Order, doubt: Doubt) -> int:
    """Return the venue time until which the order may still appear, UTC ns."""
    patience = ENTRY_PATIENCE_NS if order is position.entry_order else 0
    return doubt.ts_signed + RECEIVE_WINDOW_NS + DEATH_MARGIN_NS + patience


def snapshot(turn: Turn, position: Position, account: AccountSnapshot) -> Position:
    """Take up a snapshot as evidence; resolve the order as dead when it was the last needed."""
    order, doubt = position.order_in_doubt, position.doubt
    if order is None or doubt is None or not doubt.not_found_at:
        return position
    rests = order is position.venue_stop and may_rest(order, account)
    is_patient = rests or order is position.entry_order
    is_sure = doubt.not_found_at > doubt.ts_signed + (SURE_NS if is_patient else SURE_EXIT_NS)
    if not is_sure and (rests or not _is_untouched(position, order, account)):
        return position
    return _counted(turn, position, order, account.ts_event)


def no_trace(turn: Turn, position: Position, seen: NoTraceSeen) -> Position:
    """Take up that the account's executions show no trace of an exit, as a snapshot would show it.

    Of an exit alone: a missed entry costs nothing, and a stop can rest without an execution.
    """
    order, doubt = position.exit_order, position.doubt
    if order is None or doubt is None or not doubt.not_found_at:
        return position
    if order is not position.order_in_doubt or order.client_order_id != seen.client_order_id:
        return position
    return _counted(turn, position, order, seen.ts_event)


def _counted(turn: Turn, position: Position, order: Order, ts_event: int) -> Position:
    """Count an answer of the account, far enough from the one before; the last resolves it."""
    doubt = position.doubt
    assert doubt is not None  # who counts has looked
    if ts_event < max(doubt.not_found_at, doubt.snapshot_at + SNAPSHOT_APART_NS):
        return position
    seen = attrs.evolve(doubt, snapshots=doubt.snapshots + 1, snapshot_at=ts_event)
    after = turn.emit(
        OrderInDoubt,
        position.position_id,
        client_order_id=order.client_order_id,
        doubt=seen,
        code="SNAPSHOT",
        message=f"account snapshot {seen.snapshots} shows the order was not executed",
    )
    if seen.snapshots < SNAPSHOTS_NEEDED:
        return after
    return turn.emit(
        OrderResolved,
        position.position_id,
        client_order_id=order.client_order_id,
        order_status=OrderStatus.EXPIRED,
        filled_qty=order.filled_qty,
        evidence=(
            "dead: unknown to the venue after its deadline, no fill, "
            f"and {seen.snapshots} later snapshots show the account as before"
        ),
    )


def _is_untouched(position: Position, order: Order, account: AccountSnapshot) -> bool:
    """Say whether the account still shows exactly what we hold; below zero when beyond flat."""
    net = account.net_qty if position.side is Side.LONG else decimals.neg(account.net_qty)
    difference = decimals.absolute(decimals.sub(net, held_of(position)))
    # An executed order must never look untouched, however small it is.
    half = decimals.mul(order.leaves_qty.value, _HALF)
    return difference < min(half, max(position.instrument.step_size, _dust_of(position)))


def _dust_of(position: Position) -> Decimal:
    """Return how much base asset may lie on the pair without being a position."""
    price = position.average_entry_price or (position.signal and position.signal.entry_price)
    if not price:
        return decimals.ZERO
    return decimals.div(position.instrument.notional_min.value, price.value)
