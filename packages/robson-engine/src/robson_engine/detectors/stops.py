"""The technical stop of a signal: the level that proves the idea wrong.

By default the swing: the lowest low (long) or the highest high (short) of the last ``swing``
complete bars and the forming one. ``stop`` (a price) or ``stop_distance`` (from the signal's
price) replace it. All are exact: nothing here is rounded, whether it lies on the tick grid or not.

A stop that is not on the losing side of the price is none, nor is one that no price can have
(a distance as large as the price itself); then there is no signal at that price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import attrs

from robson_domain import Instrument, Price, PriceDelta, Side, ValidationError, decimals
from robson_engine.detectors.history import History
from robson_engine.detectors.params import STOP, STOP_DISTANCE, SWING, Params


class StopRule(Protocol):
    """How a technical stop is found."""

    @property
    def bars_needed(self) -> int:
        """Complete bars without which it can not be known."""
        ...

    def find(self, price: Price, side: Side, history: History) -> Price | None:
        """Return the stop of a signal at ``price``, wherever it lies; None when not known."""
        ...


@attrs.frozen
class StopAtSwing:
    """At the extreme of the last bars."""

    bars_needed: int
    instrument: Instrument

    def find(self, price: Price, side: Side, history: History) -> Price | None:
        """Return the swing, None while there are too few bars."""
        ticks = history.swing(side, self.bars_needed)
        return None if ticks is None else self.instrument.price(ticks)


@attrs.frozen
class StopAtPrice:
    """At a price the person named."""

    stop: Price
    bars_needed: int = 0

    def find(self, price: Price, side: Side, history: History) -> Price | None:
        """Return the named price."""
        return self.stop


@attrs.frozen
class StopAtDistance:
    """At a distance the person named: a difference of prices, or a fraction of the price."""

    distance: PriceDelta | Decimal
    bars_needed: int = 0

    def find(self, price: Price, side: Side, history: History) -> Price | None:
        """Return the price that far on the losing side, None when no such price exists."""
        distance = self.distance
        try:
            if isinstance(distance, Decimal):
                distance = PriceDelta(decimals.mul(price.value, distance))
            return price.minus(distance) if side is Side.LONG else price.plus(distance)
        except ValidationError:
            return None


def stop_rule(params: Params, instrument: Instrument) -> StopRule:
    """Return the rule that the parameters ask for.

    Raises:
        ValidationError: When they name both a stop and a distance.
    """
    stop, distance = params[STOP], params[STOP_DISTANCE]
    if stop is not None and distance is not None:
        raise ValidationError(
            "stop_distance", "give either stop or stop_distance, e.g. stop_distance=0.5%"
        )
    if stop is not None:
        return StopAtPrice(stop)
    if distance is not None:
        return StopAtDistance(distance)
    return StopAtSwing(params[SWING], instrument)


def is_losing(stop: Price, price: Price, side: Side) -> bool:
    """Say whether ``stop`` lies on the losing side of ``price``: below for a long."""
    return stop < price if side is Side.LONG else stop > price
