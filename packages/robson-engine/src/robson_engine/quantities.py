"""What of a position is to be ordered to be flat. Pure."""

from __future__ import annotations

from robson_domain import Position, Quantity, Side, decimals


def exit_quantity(position: Position) -> Quantity:
    """Return what to order to be flat, base asset.

    A long sells what it holds, rounded down. A short buys back what it owes with the interest on
    it, rounded up, and so much more as the venue keeps of it when it takes its commission in base.
    """
    instrument = position.instrument
    if position.side is Side.LONG:
        return instrument.round_qty_down(position.open_qty.value)
    needed = decimals.add(position.open_qty.value, position.interest)
    if position.commission_in_base:
        needed = decimals.div(needed, decimals.sub(decimals.ONE, position.fee_rate))
    return instrument.round_qty_up(needed)
