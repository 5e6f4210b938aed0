"""A signal after five seconds."""

from __future__ import annotations

from robson_domain import Price
from tests.engine.detectors.making import SECOND, START, make, past, tick


def test_it_fires_at_the_last_price_when_five_seconds_have_passed() -> None:
    detector = make("test", stop_distance="1%")
    detector.on_time(START)
    detector.on_price(tick(198, SECOND))
    detector.on_price(tick(200, 4 * SECOND))
    assert detector.on_time(START + 5 * SECOND - 1) is None
    signal = detector.on_time(START + 5 * SECOND)
    assert (signal.entry_price, signal.timestamp) == (Price(100), START + 5 * SECOND)


def test_without_a_price_it_takes_the_first_after() -> None:
    detector = make("test", stop_distance="1%")
    detector.on_time(START)
    assert detector.on_time(START + 9 * SECOND) is None
    signal = detector.on_price(tick(200, 10 * SECOND))
    assert signal.timestamp == START + 10 * SECOND


def test_a_price_that_comes_when_it_is_due_fires() -> None:
    detector = make("test", stop_distance="1%")
    assert detector.on_price(tick(198)) is None
    assert detector.on_price(tick(200, 5 * SECOND - 1)) is None
    assert detector.on_price(tick(202, 5 * SECOND)).entry_price == Price(101)


def test_it_waits_for_a_price_with_a_stop_on_the_losing_side() -> None:
    detector = make("test", swing="1")
    detector.warm_up(past([(10, 20)]))
    detector.on_price(tick(10))
    assert detector.on_time(START + 5 * SECOND) is None
    assert detector.on_price(tick(11, 6 * SECOND)).technical_stop == Price(5)
