"""Risk limits and stop distances: every bound is exact, and inclusive where it says so."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import (
    RISK_PERCENT_MAX,
    Money,
    Price,
    PriceDelta,
    RiskConfig,
    Side,
    TechnicalStopDistance,
    ValidationError,
)
from robson_domain.testing import a_risk, strategies

LOW, HIGH = Decimal("0.001"), Decimal("0.1")


def a_distance(entry: str, stop: str, side: Side = Side.LONG) -> TechnicalStopDistance:
    return TechnicalStopDistance(entry_price=Price(entry), technical_stop=Price(stop), side=side)


@pytest.mark.parametrize(
    ("percent", "capital", "amount"),
    [
        ("1", "10000", "100"),
        ("0.5", "10000", "50"),
        ("100", "10000", "10000"),
        ("0.01", "0.01", "0.000001"),
        ("33.33", "12345.67", "4114.811811"),
    ],
)
def test_risk_amount_is_the_share_of_capital(percent: str, capital: str, amount: str) -> None:
    risk = RiskConfig(capital=Money(capital), risk_percent=percent)
    assert risk.risk_amount == Money(amount)
    assert Fraction(risk.risk_fraction) == Fraction(Decimal(percent)) / 100


@given(strategies.risks())
def test_risk_amount_is_exact(risk: RiskConfig) -> None:
    capital, percent = Fraction(risk.capital.value), Fraction(risk.risk_percent)
    assert Fraction(risk.risk_amount.value) == capital * percent / 100
    assert risk.risk_amount <= risk.capital


@pytest.mark.parametrize("field", ["risk_percent", "max_drawdown_percent"])
@pytest.mark.parametrize("percent", ["0", "-1", "100.0000001", "1e3", "NaN", "", 1.0, True, None])
def test_percents_out_of_range_are_refused_by_name(field: str, percent: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        a_risk(**{field: percent})
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["risk_percent", "max_drawdown_percent"])
@pytest.mark.parametrize("percent", ["100", "0.0000001", 1, Decimal("1.00")])
def test_percents_at_the_bounds_are_taken(field: str, percent: Any) -> None:
    assert getattr(a_risk(**{field: percent}), field) == Decimal(percent)


@pytest.mark.parametrize("capital", ["0", "-10000"])
def test_capital_must_be_above_zero(capital: str) -> None:
    with pytest.raises(ValidationError, match=f"capital: {capital} must be above zero"):
        RiskConfig(capital=Money(capital))


def test_amount_that_cannot_exist_is_refused_when_it_is_made() -> None:
    with pytest.raises(ValidationError, match="money: more than 40 digits after the point"):
        RiskConfig(capital=Money("1e-38"), risk_percent="0.1")


def test_defaults_are_cautious() -> None:
    risk = RiskConfig(capital=Money(1))
    assert (risk.risk_percent, risk.max_drawdown_percent) == (Decimal(1), Decimal(20))
    assert risk.risk_percent < RISK_PERCENT_MAX == 5


@pytest.mark.parametrize(
    ("stop", "is_within"),
    [
        ("99900", True),
        ("99900.00000001", False),
        ("99899.99999999", True),
        ("90000", True),
        ("90000.00000001", True),
        ("89999.99999999", False),
    ],
)
def test_bounds_of_a_long_distance_are_inclusive_and_exact(stop: str, is_within: bool) -> None:
    assert a_distance("100000", stop).is_within(LOW, HIGH) is is_within


@pytest.mark.parametrize(
    ("stop", "is_within"),
    [
        ("100100", True),
        ("100099.99999999", False),
        ("100100.00000001", True),
        ("110000", True),
        ("109999.99999999", True),
        ("110000.00000001", False),
    ],
)
def test_bounds_of_a_short_distance_are_inclusive_and_exact(stop: str, is_within: bool) -> None:
    assert a_distance("100000", stop, Side.SHORT).is_within(LOW, HIGH) is is_within


@pytest.mark.parametrize("entry", ["3", "0.00000007", "99999.99999999", "12345.678"])
@pytest.mark.parametrize("share", [LOW, HIGH])
@pytest.mark.parametrize("side", Side)
def test_bounds_hold_where_a_quotient_would_round(entry: str, share: Decimal, side: Side) -> None:
    price = Decimal(entry)
    distance = Fraction(price) * Fraction(share)
    stop = Fraction(price) - side.sign * distance
    at = f"{stop.numerator * 10**20 // stop.denominator}e-20"
    assert a_distance(entry, at, side).is_within(share, share)


@given(strategies.stop_distances())
def test_distance_is_exact_and_above_zero(distance: TechnicalStopDistance) -> None:
    entry, stop = Fraction(distance.entry_price.value), Fraction(distance.technical_stop.value)
    assert Fraction(distance.distance.value) == abs(entry - stop) > 0
    assert abs(Fraction(distance.fraction) - abs(entry - stop) / entry) < Fraction(1, 10**100)


@given(strategies.stop_distances(), st.integers(0, 2 * 10**6), st.integers(0, 2 * 10**6))
def test_within_is_the_comparison_of_fractions(
    distance: TechnicalStopDistance, one: int, other: int
) -> None:
    share = Fraction(distance.distance.value) / Fraction(distance.entry_price.value)
    low, high = sorted((one, other))
    expected = Fraction(low, 10**6) <= share <= Fraction(high, 10**6)
    assert distance.is_within(Decimal(f"{low}e-6"), Decimal(f"{high}e-6")) is expected


@pytest.mark.parametrize(
    ("stop", "side", "where"),
    [
        ("100", Side.LONG, "below"),
        ("100.01", Side.LONG, "below"),
        ("100.00", Side.SHORT, "above"),
        ("99.99", Side.SHORT, "above"),
    ],
)
def test_stop_must_be_on_the_losing_side(stop: str, side: Side, where: str) -> None:
    with pytest.raises(ValidationError, match=f"must be {where} the entry price 100") as refused:
        a_distance("100", stop, side)
    assert refused.value.field == "technical_stop"


def test_distance_is_measured_from_the_entry() -> None:
    assert a_distance("100", "98").distance == PriceDelta(2)
    assert a_distance("100", "102", Side.SHORT).distance == PriceDelta(2)
    assert a_distance("100", "98").fraction == Decimal("0.02")
