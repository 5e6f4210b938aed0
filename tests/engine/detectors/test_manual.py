"""The next price is the signal."""

from __future__ import annotations

from robson_domain import PriceOrigin
from tests.engine.detectors.making import START, make, tick


def test_the_next_live_price_fires() -> None:
    detector = make("manual", stop_distance="0.2%")
    assert detector.on_time(START) is None
    assert detector.on_price(tick(200, origin=PriceOrigin.GAP)) is None
    assert detector.on_price(tick(201)) is not None


def test_it_needs_bars_for_a_swing_alone() -> None:
    assert make("manual", stop_distance="1").bars_needed == 0
    assert make("manual", swing="7").bars_needed == 7
