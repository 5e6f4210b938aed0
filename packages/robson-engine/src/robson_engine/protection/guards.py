"""The guard of one position of the person's: a fixed stop that follows the quantity alone.

Invariants (property-tested):
    1. A guard's stop never loosens while the position stays on its side.
    2. A guard never covers more than what was last seen of the person's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import Instrument, Price, PriceDelta, Quantity, Side, Symbol, decimals
from robson_engine.protection.external import External
from robson_engine.trailing import is_hit, stop_for, tighter

GUARD_DISTANCE: Final = Decimal("0.02")
"""Share of the entry price that a position of the person's may go against it."""


@attrs.frozen(kw_only=True)
class Guard:
    """What is guarded on one pair.

    Attributes:
        quantity: Base asset.
        entry_price: Where the stop is counted from.
        is_estimated: Whether that is the price at which it was first seen: the real entry is not
            known, or the stop that belongs to it had been passed already.
        stop: At or beyond it the quantity is closed at market.
        since: Input time it was first seen, UTC ns.
    """

    symbol: Symbol
    side: Side
    quantity: Quantity
    entry_price: Price
    is_estimated: bool
    stop: Price
    since: int

    def is_hit(self, price: Price) -> bool:
        """Say whether a price is at the stop or beyond it."""
        return is_hit(self.side, price, self.stop)


def stop_of(instrument: Instrument, side: Side, entry: Price) -> Price:
    """Return the stop two percent from ``entry``, rounded tighter to the tick grid."""
    distance = PriceDelta(decimals.mul(entry.value, GUARD_DISTANCE))
    return stop_for(instrument, side, entry, distance)


def follow(
    guard: Guard | None, seen: External, instrument: Instrument, price: Price, now: int
) -> Guard | None:
    """Return the guard after ``seen``: opened, following, turned over, or None when all is gone.

    Args:
        price: What the pair trades at.
        now: Input time, UTC ns.
    """
    if seen.side is None:
        return None
    if guard is None or guard.side is not seen.side:
        return _opened(seen, seen.side, instrument, price, now)
    return _followed(guard, seen, instrument)


def _opened(seen: External, side: Side, instrument: Instrument, price: Price, now: int) -> Guard:
    entry, is_estimated = seen.entry_price, False
    if entry is None or is_hit(side, price, stop_of(instrument, side, entry)):
        entry, is_estimated = price, True
    return Guard(
        symbol=seen.symbol,
        side=side,
        quantity=seen.quantity,
        entry_price=entry,
        is_estimated=is_estimated,
        stop=stop_of(instrument, side, entry),
        since=now,
    )


def _followed(guard: Guard, seen: External, instrument: Instrument) -> Guard:
    """Follow the quantity; an average that is better than what is known moves the stop with it."""
    if seen.entry_price is None or guard.is_estimated:
        return attrs.evolve(guard, quantity=seen.quantity)
    moved = stop_of(instrument, guard.side, seen.entry_price)
    return attrs.evolve(
        guard,
        quantity=seen.quantity,
        entry_price=seen.entry_price,
        stop=tighter(guard.side, guard.stop, moved),
    )
