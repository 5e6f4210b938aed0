"""Leaving a position: one latch, then one exit order after the other until it is flat.

Exiting is a latch. While an exit order works no other exit is sent for the quantity; when it
ended with a rest, the next intent follows at once, after a rejection 0.25 s later, doubling to
5 s, without end. What the venue would not take any more is dust: reported, and the end.
"""

from __future__ import annotations

from decimal import Decimal

from robson_domain import (
    AccountSnapshot,
    CancelOrder,
    ClientOrderId,
    CloseReason,
    ExitOrderPlaced,
    ExitTriggered,
    Intent,
    IntentId,
    IntentKind,
    Money,
    Order,
    OrderStatus,
    PlaceExitOrder,
    Position,
    PositionClosed,
    PositionErrored,
    PositionStatus,
    Price,
    Quantity,
    QueryDebt,
    QueryExternal,
    Side,
    decimals,
)
from robson_engine import venue_stops
from robson_engine.config import RETRY_FIRST_NS, RETRY_MAX_NS
from robson_engine.evolve_parts import held_of, net_base
from robson_engine.quantities import exit_quantity
from robson_engine.turn import Turn
from robson_engine.venue_stop_rules import needs_no_wait


def trigger_exit(turn: Turn, position: Position, reason: CloseReason, price: Price | None) -> None:
    """Close the latch and send the first exit."""
    turn.summarize(position.position_id)
    stop = turn.get(position.position_id).stop
    turn.emit(ExitTriggered, position.position_id, reason=reason, price=price, stop=stop)
    if position.entry_leaves:
        _cancel(turn, position.entry_order)
    position = turn.get(position.position_id)
    resting = position.working_stop
    if resting is not None and resting.status is OrderStatus.IN_DOUBT:
        venue_stops.look(turn, position)
    continue_exit(turn, position, price)


def continue_exit(
    turn: Turn, position: Position, price: Price | None = None, *, at_once: bool = False
) -> None:
    """Send the next exit when one is due, or close when nothing tradable is left.

    Args:
        price: A current price when the input has one; else the last known one is used to tell
            dust from a tradable rest.
        at_once: Whether it does not wait for its time.
    """
    if position.exit_order is not None and not position.exit_order.status.is_terminal:
        return
    quantity = _needed(position)
    reference = price or position.stop or position.average_entry_price
    is_open = reference is not None and position.instrument.is_tradable(quantity, reference)
    if is_open and not at_once and not is_due(position, turn.now):
        return
    if venue_stops.is_in_the_way(turn, position):
        return
    if not is_open:
        if not position.entry_leaves:
            settle(turn, position)
    elif position.is_guard:
        # The last check before anything is sent: a fresh answer on what is the person's.
        turn.command(QueryExternal(symbol=position.symbol, position_id=position.position_id))
    else:
        place_exit(turn, position, quantity)


def leave_beside_stop(turn: Turn, position: Position, account: AccountSnapshot) -> None:
    """Send an exit that waits for the fate of the stop at the venue, where both cannot happen."""
    stop, leaving = position.working_stop, position.exit_order
    if stop is None or position.exit_reason is None:
        return
    is_under_way = leaving is not None and not leaving.status.is_terminal
    reference = position.stop or position.average_entry_price
    quantity = _needed(position)
    if is_under_way or reference is None or not is_due(position, turn.now):
        return
    is_open = position.instrument.is_tradable(quantity, reference)
    if is_open and needs_no_wait(position, stop, account):
        place_exit(turn, position, quantity)


def is_due(position: Position, now: int) -> bool:
    """Say whether the next exit may be decided: no wait is ever longer than the longest.

    A time further ahead was set by a process whose clock was.
    """
    return not 0 < position.retry_at - now <= RETRY_MAX_NS


def _needed(position: Position) -> Quantity:
    return exit_quantity(position) if position.open_qty else Quantity(0)


def call_back(turn: Turn, position: Position) -> None:
    """Cancel a working exit that would go beyond flat: one before it was filled after all.

    Once for each such fill, not for each report: the answer to a cancel is a report too.
    """
    leaving, needed = position.exit_order, _needed(position)
    leaves = leaving.leaves_qty if leaving else needed
    price = position.stop or position.average_entry_price
    surplus = leaves - needed if leaves > needed else Quantity(0)
    if price is not None and position.instrument.is_tradable(surplus, price):
        _cancel(turn, leaving)


def _cancel(turn: Turn, order: Order | None) -> None:
    assert order is not None
    turn.command(CancelOrder(symbol=order.symbol, client_order_id=order.client_order_id))


def place_exit(turn: Turn, position: Position, quantity: Quantity) -> None:
    """Log the next exit for ``quantity``, or as much as the venue takes at once, and order it."""
    n = position.exits + 1
    quantity = min(
        quantity, position.instrument.round_qty_down(position.instrument.quantity_max.value)
    )
    intent = Intent(
        intent_id=IntentId(f"{position.position_id}-exit-{n}"),
        position_id=position.position_id,
        kind=IntentKind.EXIT,
        n=n,
        symbol=position.symbol,
        side=position.side.exit_side,
        quantity=quantity,
        client_order_id=turn.state.config.order_id(
            position.position_id, IntentKind.EXIT, n, is_guard=position.is_guard
        ),
        reason=position.exit_reason.value if position.exit_reason else "exit",
        ts_created=turn.now,
    )
    turn.emit(ExitOrderPlaced, position.position_id, intent=intent)
    turn.command(PlaceExitOrder(intent=intent))


def settle(turn: Turn, position: Position) -> None:
    """Close a position that is flat but for dust; one in Error waits for the person.

    Where the venue lends, it is asked first what is still owed.
    """
    if position.status is PositionStatus.ERROR:
        return
    beyond = beyond_flat(position)
    if beyond:
        word = "sold" if position.side is Side.LONG else "bought back"
        problem = f"{beyond} {position.symbol.base} more was {word} than was open"
        turn.emit(PositionErrored, position.position_id, problem=problem)
        return
    if position.borrows:
        turn.command(
            QueryDebt(
                symbol=position.symbol,
                position_id=position.position_id,
                side=position.side,
                since=position.opened_at,
            )
        )
        return
    close_flat(turn, position, position.exit_reason or CloseReason.NOT_ENTERED)


def beyond_flat(position: Position) -> Quantity:
    """Return how much was left beyond flat (an exit thought dead was filled); dust is nothing."""
    instrument, price = position.instrument, position.stop or position.average_entry_price
    # What was bought to pay interest is not held.
    held = decimals.add(held_of(position), _interest_in_base(position, position.interest))
    if held >= 0 or price is None:
        return Quantity(0)
    quantity = instrument.round_qty_down(decimals.neg(held))
    return quantity if instrument.is_tradable(quantity, price) else Quantity(0)


def close_flat(
    turn: Turn, position: Position, reason: CloseReason, debt: Decimal = decimals.ZERO
) -> None:
    """Log the end with the final PnL, and what is still owed when that is too small to matter."""
    turn.emit(
        PositionClosed,
        position.position_id,
        reason=reason,
        realized_pnl=final_pnl(position),
        dust=net_base(position),
        debt=debt,
        interest=position.interest,
    )


def _interest_in_base(position: Position, interest: Decimal) -> Decimal:
    return interest if position.side is Side.SHORT else decimals.ZERO


def last_price(position: Position) -> Price | None:
    """Return the price of the last execution, exits before the entry."""
    exits = (position.exit_order, position.venue_stop)
    past = (*reversed(position.past_exits), *reversed(position.past_stops))
    orders = (*exits, *past, position.entry_order)
    price = next((order.average_price for order in orders if order and order.filled_qty), None)
    return price or position.average_entry_price


def final_pnl(position: Position) -> Money:
    """Return the PnL of a flat position, quote currency.

    Sales minus purchases minus commissions paid in quote minus interest. Commissions paid in base
    are in the quantities already. Dust is valued at the last exit price, since it is still held
    or owed; so is interest in base.
    """
    bought, sold = position.entry_cost.value, position.exit_value.value
    interest = position.interest
    if position.side is Side.SHORT:
        bought, sold = sold, bought
    price = last_price(position)
    value = price.value if price else decimals.ZERO
    if position.side is Side.SHORT:
        interest = decimals.mul(interest, value)
    dust = decimals.mul(net_base(position), value)
    costs = decimals.add(position.fees_quote.value, interest)
    result = decimals.sub(decimals.add(decimals.sub(sold, bought), dust), costs)
    return Money(decimals.rounded(result, 20))


def retry_delay(attempt: int) -> int:
    """Return how long to wait after the ``attempt``-th rejection in a row, ns."""
    return min(RETRY_FIRST_NS << min(attempt - 1, 10), RETRY_MAX_NS)


def late_fill(turn: Turn, position: Position, order_id: ClientOrderId) -> None:
    """Tell the person about a fill that came after the end."""
    turn.emit(
        PositionErrored,
        position.position_id,
        problem=f"order {order_id} was filled after the position had ended",
    )
