"""The trailing stop (long; shorts mirrored): ``stop = max(stop, tighter(best - D))``.

D is fixed at entry. A price is tested against the old stop first (inclusive); only a price
that does not exit may raise the best. A stop never loosens.
"""

from __future__ import annotations

from robson_domain import Instrument, Price, PriceDelta, Side, decimals


def better(side: Side, left: Price | None, right: Price) -> Price:
    """Return the more favorable of two prices: the higher for a long, the lower for a short."""
    if left is None:
        return right
    return max(left, right) if side is Side.LONG else min(left, right)


def tighter(side: Side, left: Price | None, right: Price) -> Price:
    """Return the tighter of two stops: the higher for a long, the lower for a short."""
    return better(side, left, right)


def is_tighter(side: Side, stop: Price, before: Price) -> bool:
    """Say whether ``stop`` is tighter than ``before``."""
    sooner, later = (before, stop) if side is Side.LONG else (stop, before)
    return sooner.value < later.value  # numbers, not objects: asked at every summary


def stop_for(instrument: Instrument, side: Side, best: Price, distance: PriceDelta) -> Price:
    """Return the stop that belongs to ``best``: D away, rounded tighter to the tick grid.

    For a best on the grid it is ``best ∓ floor(D / tick)`` ticks. A fill may lie off the grid (the
    venue changed it, or reports an average), and venue facts are never illegal. A stop is at least
    one tick (D is at most a tenth of the price, so that is a bound, not a rule).
    """
    if side is Side.LONG:
        level = decimals.sub(best.value, distance.value)
        return instrument.price(max(1, decimals.ceil_div(level, instrument.tick_size)))
    level = decimals.add(best.value, distance.value)
    return instrument.price(max(1, decimals.floor_div(level, instrument.tick_size)))


def is_hit(side: Side, price: Price, stop: Price) -> bool:
    """Say whether ``price`` is at or beyond ``stop``."""
    return price <= stop if side is Side.LONG else price >= stop
