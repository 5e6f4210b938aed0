"""How a detector is found and made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import pytest

from robson_domain import DetectorSpec, PositionId, Side, Symbol, ValidationError
from robson_domain.ports import DetectorPort
from robson_engine.detectors import (
    DETECTORS,
    DetectorType,
    SignalDetector,
    Watch,
    create_detector,
)
from tests.engine.detectors.making import BTC, RULES, make, tick


class _Never(SignalDetector):
    NAME: ClassVar[str] = "never"
    VERSION: ClassVar[int] = 1

    def price_fires(self, ticks: int, *, bar_closed: bool) -> bool:
        return False


class _Lookup:
    """Not even a class of ours: whatever can create."""

    def create(self, given: Iterable[tuple[str, str]], watch: Watch) -> DetectorPort:
        assert list(given) == [("swing", "3")]
        return _Never.create(given, watch)


def _create(name: str, **registry: DetectorType) -> DetectorPort:
    return create_detector(
        DetectorSpec(name=name, params=(("swing", "3"),)),
        position_id=PositionId("p1"),
        symbol=BTC,
        side=Side.LONG,
        instrument=RULES,
        registry={**DETECTORS, **registry},
    )


def test_the_built_in_detectors() -> None:
    assert list(DETECTORS) == ["ma_crossover", "breakout", "delay", "manual", "test"]
    for name in DETECTORS:
        detector = make(name, interval="15s")
        assert type(detector) is DETECTORS[name]
        assert name == detector.NAME
        assert detector.VERSION == 1
        assert detector.interval == 15_000_000_000


def test_an_unknown_name_is_refused_beside_the_known_ones() -> None:
    with pytest.raises(ValidationError) as caught:
        make("macd")
    assert caught.value.field == "strategy"
    assert "choose one of ma_crossover, breakout, delay, manual, test" in str(caught.value)


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ValidationError, match="seconds, interval, swing, stop, stop_distance"):
        make("delay", minutes="1")


def test_rules_of_another_pair_are_refused() -> None:
    with pytest.raises(ValidationError, match="symbol: ETHUSDT with the rules of BTCUSDT"):
        create_detector(
            DetectorSpec(name="manual"),
            position_id=PositionId("p1"),
            symbol=Symbol("ETHUSDT"),
            side=Side.LONG,
            instrument=RULES,
        )


def test_others_come_by_the_registry() -> None:
    for kind in (_Never, _Lookup()):
        detector = _create("never", never=kind)
        assert isinstance(detector, _Never)
        assert detector.bars_needed == 3
        assert detector.on_time(1) is None
        assert detector.on_price(tick(200)) is None
    with pytest.raises(ValidationError, match="delay, manual, test, mine"):
        _create("never", mine=_Never)


def test_a_fresh_one_each_time() -> None:
    assert make("manual") is not make("manual")


@pytest.mark.parametrize("stop", [("stop", "93100.123456789"), ("stop_distance", "1.000000001%")])
def test_more_digits_than_any_market_has_are_refused(stop: tuple[str, str]) -> None:
    """They would reach money that must stay exact; where they come in they can be corrected."""
    with pytest.raises(ValidationError, match=f"{stop[0]}: .*at most 8 digits after the point"):
        create_detector(
            DetectorSpec(name="manual", params=(stop,)),
            position_id=PositionId("p"),
            symbol=BTC,
            side=Side.LONG,
            instrument=RULES,
        )
