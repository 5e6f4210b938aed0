"""What the account shows of core's positions, held against the log.

The account is right about quantities. A position that somebody else has made smaller is made
smaller here too, so that its exit is not for more than there is; what no trade explains is said
and its pair gets no entry until the person has looked. Nothing here ever ends a position that the
account still shows.
"""

from __future__ import annotations

from robson_domain import (
    AnotherRobsonSeen,
    BeyondFlatSeen,
    CloseReason,
    CoreSeen,
    ForeignOrderSeen,
    InterestAccrued,
    OrderStatus,
    PairDoubted,
    PairQuarantined,
    Position,
    PositionErrored,
    PositionReduced,
    PositionStatus,
    Quantity,
    decimals,
)
from robson_engine import exits, guard_debts, venue_stops
from robson_engine.evolve_parts import held_of
from robson_engine.quantities import exit_quantity
from robson_engine.turn import Turn

_OPEN = frozenset({PositionStatus.ACTIVE, PositionStatus.EXITING, PositionStatus.ERROR})


def on_core(turn: Turn, seen: CoreSeen) -> None:
    """Take up interest, and a position that is smaller in the account than in the log."""
    position = turn.find(seen.position_id)
    if position is None or not _can_be_compared(position):
        return
    if seen.interest > position.interest:
        position = turn.emit(InterestAccrued, position.position_id, interest=seen.interest)
    missing = decimals.sub(position.open_qty.value, max(seen.held, decimals.ZERO))
    if missing < position.instrument.step_size or not position.open_qty:
        return
    position = _reduce(turn, position, seen, Quantity(missing))
    if position.exit_reason is not None:
        # What was refused so far was refused for what is known now: no wait is for that.
        exits.continue_exit(turn, position, seen.last_price, at_once=True)
    elif _is_nothing(position, seen):
        exits.trigger_exit(turn, position, CloseReason.CLOSED_OUTSIDE, None)
    else:
        venue_stops.place_again(turn, position)


def on_beyond_flat(turn: Turn, seen: BeyondFlatSeen) -> None:
    """Tell the person, once, that an exit went beyond flat."""
    position = turn.find(seen.position_id)
    if position is None or not position.is_closed:
        return  # what is not settled yet is looked at again
    if position.close_reason is CloseReason.ACKNOWLEDGED:
        return
    base = position.symbol.base
    problem = (
        f"its exit went {seen.quantity} {base} beyond flat, because the position had been closed "
        f"{seen.evidence} before it was executed; Robson does not look after what that opened or "
        f"sold: look at {position.symbol} at the venue, then acknowledge"
    )
    turn.emit(PositionErrored, position.position_id, problem=problem)


def on_foreign_order(turn: Turn, seen: ForeignOrderSeen) -> None:
    """Stop entries: another Robson trades this account."""
    if not turn.ledger.another_robson and seen.client_order_id not in turn.state.orders:
        turn.log(AnotherRobsonSeen, symbol=seen.symbol, client_order_id=seen.client_order_id)


def on_doubted(turn: Turn, seen: PairDoubted) -> None:
    """Keep entries off a pair that a person has to look at."""
    guard_debts.quarantine(turn, seen.symbol, seen.problem)


def _can_be_compared(position: Position) -> bool:
    """Say whether nothing is under way that would change what the account shows."""
    if position.status not in _OPEN or position.is_guard:
        return False
    rests = position.venue_stop
    return all(
        order.status.is_terminal or (order is rests and order.status is OrderStatus.ACCEPTED)
        for order in position.orders
    )


def _reduce(turn: Turn, position: Position, seen: CoreSeen, missing: Quantity) -> Position:
    is_explained = seen.price is not None
    position = turn.emit(
        PositionReduced,
        position.position_id,
        quantity=missing,
        price=seen.price or seen.last_price,
        is_explained=is_explained,
        evidence=seen.evidence,
    )
    if not is_explained:
        problem = (
            f"the account holds {missing} {position.symbol.base} less than position "
            f"{position.position_id}, and no trade explains it"
        )
        turn.log(PairQuarantined, symbol=position.symbol, problem=problem)
    return position


def _is_nothing(position: Position, seen: CoreSeen) -> bool:
    if not held_of(position) > 0:
        return True
    return not position.instrument.is_tradable(exit_quantity(position), seen.last_price)
