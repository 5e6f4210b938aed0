"""The first price after a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robson_domain import TradeTick
from tests.engine.detectors.making import SECOND, START, Shown, first_signal, make, tick
from tests.engine.detectors.stories import walks


def test_none_is_the_very_first_price() -> None:
    stories: list[list[Shown]] = [[tick(200)], [START + SECOND, tick(200)]]
    for story in stories:
        found = first_signal(make("delay", stop_distance="0.2%"), story)
        assert found is not None
        assert found[0] == len(story) - 1


def test_time_alone_does_not_fire() -> None:
    detector = make("delay", stop_distance="0.2%")
    detector.on_time(START)
    assert detector.on_time(START + 100 * SECOND) is None


def test_it_counts_from_what_it_is_shown_first() -> None:
    detector = make("delay", seconds="2.5", stop_distance="0.2%")
    detector.on_time(START)
    assert detector.on_price(tick(200, 2_499_999_999)) is None
    assert detector.on_price(tick(200, 2_500_000_000)) is not None


def test_it_counts_our_time_and_not_the_venue_s() -> None:
    detector = make("delay", seconds="10", stop_distance="0.2%")
    assert detector.on_price(tick(200, 0, received=5 * SECOND)) is None
    assert detector.on_price(tick(200, 12 * SECOND, received=14 * SECOND)) is None
    assert detector.on_price(tick(200, 1 * SECOND, received=15 * SECOND)) is not None


def test_it_needs_bars_for_a_swing_alone() -> None:
    assert make("delay", stop="1").bars_needed == 0
    assert make("delay").bars_needed == make("delay").stop_bars_needed == 20


@given(walks(), st.integers(0, 600))
def test_it_equals_a_scan(trades: list[TradeTick], seconds: int) -> None:
    due = trades[0].ts_received + seconds * SECOND
    expected = next((i for i, trade in enumerate(trades) if trade.ts_received >= due), None)
    found = first_signal(make("delay", seconds=str(seconds), stop_distance="0.5"), trades)
    assert (found and found[0]) == expected
