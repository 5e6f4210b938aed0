"""The last step of closing where the venue lends: nothing is owed any more, or it is said.

The venue repays out of an exit by itself, and may fail to without a word. So what is owed is asked
for once the position is flat, and paid back as far as it is the position's own.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    CloseReason,
    DebtReported,
    InterestAccrued,
    Position,
    PositionErrored,
    PositionStatus,
    RepayDebt,
    RepayRequested,
    Side,
    decimals,
)
from robson_engine import exits
from robson_engine.config import REPAYS_MAX, RETRY_MAX_NS
from robson_engine.quantities import exit_quantity
from robson_engine.turn import Turn

_SMALLEST: Final = Decimal("0.00000001")
"""What a repayment is a multiple of, in the borrowed asset."""


def on_debt(turn: Turn, position: Position, entry: DebtReported) -> None:
    """Close a flat position of core's that owes nothing; pay back what it owes otherwise."""
    if position.status is not PositionStatus.EXITING:
        return
    if position.is_unresolved or not is_flat(position):
        return
    interest = max(entry.interest, position.interest)
    closing = attrs.evolve(position, interest=interest)
    owed = min(entry.amount, _own_debt(closing, entry))
    pays = payable(owed, entry.free)
    if owed <= 0:
        _close(turn, closing, decimals.ZERO)
    elif pays and position.repays < REPAYS_MAX:
        if exits.is_due(position, turn.now):
            repay(turn, position, entry, pays)
    elif is_small(closing, owed):
        _close(turn, closing, owed)
    else:
        problem = (
            f"flat, but {decimals.text(owed)} {entry.asset} is still owed on {position.symbol}; "
            "repay it at the venue, then acknowledge"
        )
        turn.emit(PositionErrored, position.position_id, problem=problem)


def is_flat(position: Position) -> bool:
    """Say whether nothing is open that the venue would take."""
    price = exits.last_price(position)
    needed = exit_quantity(position) if position.open_qty else None
    return needed is None or price is None or not position.instrument.is_tradable(needed, price)


def _own_debt(position: Position, entry: DebtReported) -> Decimal:
    """Return the most that the position itself can still owe, in the borrowed asset.

    The pair was free of debt when it entered, so no more than it spent or sold, with interest. The
    venue repays out of what an exit brings: what of that is not there any more was used for it. So
    was what the debt has fallen by since our first repayment. The rest is the person's.
    """
    if position.side is Side.LONG:
        spent = decimals.add(position.entry_cost.value, position.fees_quote.value)
        brought = position.exit_value.value
    else:
        spent = decimals.add(position.entry_qty.value, position.fees_base.value)
        brought = position.exit_qty.value
    used = decimals.sub(brought, entry.free)
    repaid = decimals.sub(position.debt, entry.amount) if position.repays else decimals.ZERO
    gone = max(used, repaid, decimals.ZERO)
    return max(decimals.sub(decimals.add(spent, position.interest), gone), decimals.ZERO)


def payable(owed: Decimal, free: Decimal) -> Decimal:
    """Return what of a debt can be paid back out of what lies free, as exactly as venues count."""
    steps = decimals.floor_div(max(min(owed, free), decimals.ZERO), _SMALLEST)
    return decimals.mul(Decimal(steps), _SMALLEST)


def is_small(position: Position, owed: Decimal) -> bool:
    """Say whether what is owed is below what the venue trades at all."""
    value = owed
    if position.side is Side.SHORT:
        price = exits.last_price(position)
        value = decimals.mul(owed, price.value) if price else decimals.ZERO
    return value < position.instrument.notional_min.value


def repay(turn: Turn, position: Position, entry: DebtReported, pays: Decimal) -> None:
    """Log that ``pays`` of what is owed is paid back, and order it."""
    turn.emit(
        RepayRequested,
        position.position_id,
        asset=entry.asset,
        amount=pays,
        owed=entry.amount,
        n=position.repays + 1,
        retry_at=turn.now + RETRY_MAX_NS // 2,
    )
    turn.command(
        RepayDebt(
            symbol=position.symbol,
            position_id=position.position_id,
            side=position.side,
            since=position.opened_at,
            asset=entry.asset,
            amount=pays,
        )
    )


def _close(turn: Turn, closing: Position, debt: Decimal) -> None:
    position = turn.get(closing.position_id)
    if closing.interest != position.interest:
        position = turn.emit(InterestAccrued, position.position_id, interest=closing.interest)
    exits.close_flat(turn, position, position.exit_reason or CloseReason.NOT_ENTERED, debt)
