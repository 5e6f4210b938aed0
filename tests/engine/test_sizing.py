"""Sizing: never above the budget or the cap, and one more step would be."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import Money, Price, PriceDelta, Quantity, Side, ValidationError
from robson_domain.testing import a_risk, an_instrument
from robson_engine import SizingRequest, loss_of, size_position
from tests.engine.golden import cases_of


def a_request(**facts: Any) -> SizingRequest:
    plain = SizingRequest(
        instrument=an_instrument(),
        side=Side.LONG,
        risk_amount=Money(100),
        capital=Money(10_000),
        price=Price(100),
        distance=PriceDelta(2),
    )
    return attrs.evolve(plain, **facts)


def _golden_request(case: dict[str, Any]) -> SizingRequest:
    risk = a_risk(capital=Money(case["capital"]), risk_percent=case["risk_percent"])
    rules: dict[str, Any] = {}
    rules |= {name: case[name] for name in ("tick_size", "step_size") if name in case}
    if "quantity_max" in case:
        rules["quantity_max"] = Quantity(case["quantity_max"])
    return SizingRequest(
        instrument=an_instrument(**rules),
        side=Side(case["side"]),
        risk_amount=risk.risk_amount,
        capital=risk.capital,
        price=Price(case["price"]),
        distance=PriceDelta(case["distance"]),
        fee_rate=Decimal(case.get("fee_rate", "0")),
        leverage=min(10, case.get("tier", 10)),
    )


@pytest.mark.parametrize("case", cases_of("sizing.json"), ids=lambda case: case["name"])
def test_golden(case: dict[str, Any]) -> None:
    assert size_position(_golden_request(case)) == Quantity(case["quantity"])


def _exact(request: SizingRequest, quantity: Fraction) -> tuple[Fraction, Fraction]:
    """Return loss at P ∓ D with commissions, and notional, of ``quantity``; in exact fractions."""
    price, distance = Fraction(request.price.value), Fraction(request.distance.value)
    stop = price - request.side.sign * distance
    fee = Fraction(request.fee_rate)
    return quantity * (distance + fee * price + fee * stop), quantity * price


def _bound_of(request: SizingRequest, quantity: Quantity) -> str:
    """Name the limit that one more step would break; none is a failure."""
    loss, value = _exact(request, Fraction(quantity.value + request.instrument.step_size))
    if loss > Fraction(request.risk_amount.value):
        return "risk"
    if value > request.leverage * Fraction(request.capital.value):
        return "leverage"
    one_more = quantity.value + request.instrument.step_size
    return "quantity_max" if one_more > request.instrument.quantity_max.value else ""


@pytest.mark.parametrize("case", cases_of("sizing.json"), ids=lambda case: case["name"])
def test_golden_bound(case: dict[str, Any]) -> None:
    assert _bound_of(_golden_request(case), Quantity(case["quantity"])) == case["bound"]


requests = st.builds(
    a_request,
    instrument=st.builds(
        an_instrument,
        step_size=st.sampled_from(["0.00001", "0.001", "0.25", "1", "7"]),
        quantity_max=st.sampled_from([Quantity("12.5"), Quantity(10**9)]),
    ),
    side=st.sampled_from(Side),
    risk_amount=st.decimals("0.01", "1000", places=2).map(Money),
    capital=st.decimals("1", "100000", places=2).map(Money),
    price=st.decimals("0.5", "99999", places=4).map(Price),
    distance=st.decimals("0.0001", "0.4999", places=4).map(PriceDelta),
    fee_rate=st.sampled_from(["0", "0.00075", "0.001", "0.02"]).map(Decimal),
    leverage=st.integers(1, 10),
)


@settings(max_examples=200)
@given(requests)
def test_within_every_bound_and_one_step_more_is_not(request: SizingRequest) -> None:
    quantity = size_position(request)
    loss, value = _exact(request, Fraction(quantity.value))
    assert loss <= Fraction(request.risk_amount.value)
    assert value <= request.leverage * Fraction(request.capital.value)
    assert quantity <= request.instrument.quantity_max
    assert quantity.value % request.instrument.step_size == 0
    assert _bound_of(request, quantity) != ""
    assert Fraction(loss_of(request, quantity).value) == loss


def test_the_stop_is_exact_and_on_the_losing_side() -> None:
    assert a_request().stop == Price(98)
    assert a_request(side=Side.SHORT).stop == Price(102)


def test_costs_are_both_commissions() -> None:
    request = a_request(fee_rate=Decimal("0.001"))
    assert request.round_trip_cost == Decimal("0.198")
    assert request.loss_per_unit == Decimal("2.198")


@pytest.mark.parametrize("distance", ["0", "-1"])
def test_a_distance_must_be_above_zero(distance: str) -> None:
    with pytest.raises(ValidationError, match="stop_distance: must be above zero"):
        a_request(distance=PriceDelta(distance))


@pytest.mark.parametrize("fee", ["-0.0001", "1"])
def test_a_fee_is_a_share(fee: str) -> None:
    with pytest.raises(ValidationError, match="fee_rate"):
        a_request(fee_rate=Decimal(fee))
