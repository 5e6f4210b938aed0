"""A signal is what a detector said, right or wrong; its distance is where that is judged."""

from __future__ import annotations

import pytest

from robson_domain import Price, PriceDelta, Side, ValidationError
from robson_domain.testing import a_signal


@pytest.mark.parametrize("side", Side)
def test_signal_knows_its_distance(side: Side) -> None:
    distance = a_signal(side=side).stop_distance
    assert (distance.entry_price, distance.side) == (Price(100), side)
    assert distance.distance == PriceDelta(2)


@pytest.mark.parametrize(("side", "stop"), [(Side.LONG, 101), (Side.SHORT, 99), (Side.LONG, 100)])
def test_a_stop_on_the_wrong_side_has_no_distance(side: Side, stop: int) -> None:
    """The signal itself can be made and logged, so that its denial can be explained."""
    signal = a_signal(side=side, technical_stop=Price(stop))
    with pytest.raises(ValidationError, match="technical_stop"):
        _ = signal.stop_distance
