"""Parameters are text until they are checked, and every refusal helps."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson_domain import Price, PriceDelta, ValidationError
from robson_engine.detectors.ma_crossover import FAST, MaCrossover
from robson_engine.detectors.params import (
    COMMON,
    INTERVAL,
    INTERVALS,
    STOP,
    STOP_DISTANCE,
    SWING,
    bar_interval,
    count,
    distance,
    duration,
    resolve,
)
from robson_engine.detectors.registry import DETECTORS

BAD_COUNTS = ["0", "1001", "-1", "+1", "1.0", "9e1", "", " 9", "٩", "9999999999", "nine"]
BAD_SECONDS = ["-1", "2592000.1", "0.0000000001", "", "1s", "NaN", "Infinity", "1e999", "٣"]
BAD_DISTANCES = ["0", "-1", "0%", "-0.1%", "100%", "%", "", "1%%", "abc", "1 000", "NaN", "NaN%"]


def test_what_is_not_given_has_its_default() -> None:
    values = resolve("x", COMMON, ())
    assert values[INTERVAL] == 60_000_000_000
    assert values[SWING] == 20
    assert values[STOP] is None
    assert values[STOP_DISTANCE] is None


def test_what_is_given_is_taken() -> None:
    given = (("interval", "1h"), ("stop", "93100.55"), ("swing", "1000"))
    values = resolve("x", COMMON, given)
    assert values[INTERVAL] == 3_600_000_000_000
    assert values[SWING] == 1000
    assert values[STOP] == Price("93100.55")


def test_an_unknown_parameter_is_named_beside_the_known_ones() -> None:
    with pytest.raises(ValidationError) as caught:
        resolve("ma_crossover", MaCrossover.allowed(), [("fats", "9")])
    assert caught.value.field == "fats"
    for word in ("ma_crossover", "fast, slow, interval, swing, stop, stop_distance", "fast=9"):
        assert word in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "x" * 41, "fast\n"])
def test_a_name_that_is_none_is_quoted(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        resolve("x", COMMON, [(name, "9")])
    assert caught.value.field == "params"
    assert repr(name[:40]) in str(caught.value)


def test_the_longest_name_is_still_one() -> None:
    with pytest.raises(ValidationError) as caught:
        resolve("x", COMMON, [("x" * 40, "9")])
    assert caught.value.field == "x" * 40


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(ValidationError, match="swing: given twice"):
        resolve("x", COMMON, [("swing", "9"), ("swing", "9")])


@pytest.mark.parametrize("text", BAD_COUNTS)
def test_a_bad_value_names_parameter_range_and_example(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FAST.read(text)
    assert caught.value.field == "fast"
    assert "must be a whole number from 1 to 1000; e.g. fast=9" in str(caught.value)


def test_a_refusal_does_not_repeat_a_book() -> None:
    with pytest.raises(ValidationError) as caught:
        SWING.read("9" * 10_000)
    assert len(str(caught.value)) < 200


def test_a_refusal_from_the_domain_keeps_its_words_but_not_its_field() -> None:
    with pytest.raises(ValidationError) as caught:
        STOP.read("-5")
    assert caught.value.field == "stop"
    assert str(caught.value) == "stop: '-5': -5 must be above zero; e.g. stop=93100"


def test_counts() -> None:
    assert (count("1"), count("0021"), count("1000")) == (1, 21, 1000)


def test_durations_are_exact_nanoseconds() -> None:
    assert duration("0") == 0
    assert duration("0.000000001") == 1
    assert duration("2.5") == 2_500_000_000
    assert duration("2592000") == 2_592_000_000_000_000


@pytest.mark.parametrize("text", BAD_SECONDS)
def test_bad_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|is not|more than"):
        duration(text)


def test_intervals_have_names() -> None:
    names = ["1s", "5s", "15s", "1m", "5m", "15m", "1h"]
    assert list(INTERVALS) == names
    seconds = [1, 5, 15, 60, 300, 900, 3600]
    assert [bar_interval(name) for name in names] == [n * 1_000_000_000 for n in seconds]
    with pytest.raises(ValueError, match="must be one of 1s, 5s, 15s, 1m, 5m, 15m, 1h"):
        bar_interval("60")


def test_a_distance_is_a_difference_or_a_share() -> None:
    assert distance("150.25") == PriceDelta("150.25")
    assert distance("0.2%") == Decimal("0.002")
    assert distance("99.9 %") == Decimal("0.999")


@pytest.mark.parametrize("text", BAD_DISTANCES)
def test_bad_distances(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|is not"):
        distance(text)


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=lambda detector: detector.NAME)
def test_defaults_and_examples_are_allowed(detector: type[MaCrossover]) -> None:
    for param in detector.allowed():
        assert param.read(param.example) is not None
        assert param.default is None or param.read(param.default) is not None
