"""Whatever decimal context stands around us, nothing changes: no value, no text, no comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Context, Decimal, DefaultContext, localcontext

import pytest
from hypothesis import given

from robson_domain import (
    Fill,
    Instrument,
    Money,
    Notional,
    Order,
    Price,
    PriceDelta,
    Quantity,
    RiskConfig,
    Side,
    Symbol,
    TechnicalStopDistance,
    TradeId,
    codec,
    decimals,
)
from robson_domain.testing import a_position, a_risk, an_order, strategies
from tests.domain.contexts import HOSTILE

Make = Callable[[], Context]

A, B, C = "12345678901234567890.1234567891", "98765.4321", "0.00000001"


def numbers() -> Iterator[object]:
    a, b = decimals.to_decimal(A), decimals.to_decimal(Decimal(B))
    yield from (a, b, decimals.to_decimal("1e-40"), decimals.to_decimal(12345), -5)
    yield from (decimals.add(a, b), decimals.sub(a, b), decimals.mul(a, b), decimals.div(a, b))
    yield from (decimals.neg(a), decimals.absolute(b), decimals.total([a, b, b]))
    yield from (decimals.floor_div(a, b), decimals.ceil_div(a, b), decimals.rounded(b, 3))
    yield from (decimals.text(a), decimals.text(decimals.mul(a, b)))


def amounts() -> Iterator[object]:
    price, quantity, money = Price(B), Quantity("3.14159"), Money("-1234.5678")
    delta = Price(A) - price
    yield from (
        price,
        quantity,
        money,
        delta,
        price.plus(PriceDelta(C)),
        price.minus(PriceDelta(C)),
    )
    yield from (quantity * price, quantity.times(PriceDelta("-12.34")), quantity + quantity)
    yield from (quantity - Quantity("1.11111"), money + money, money - Money("0.0001"), -money)
    yield from (Notional(A) + Notional(C), Notional(C) - Notional(A))
    yield from (
        price == Price(B + "0"),
        price < Price("98765.43211"),
        Price(C) < price,
        bool(money),
    )
    yield hash(price) == hash(Price(B + "000"))


def instruments() -> Iterator[object]:
    rules = Instrument(symbol=Symbol("BTCUSDT"), tick_size="0.01", step_size="0.00001")
    yield from (rules.ticks(Price("98765.43")), rules.price(9876543), rules.quantity(314159))
    yield from (rules.steps(Quantity("3.141599")), rules.round_qty_down(Decimal("3.141599")))
    yield rules.round_qty_up(Decimal("3.141591"))
    yield from (rules.round_stop_tighter(Price("98765.4321"), side) for side in Side)
    yield rules.is_tradable(Quantity("0.00123"), Price(B))


def positions() -> Iterator[object]:
    risk = RiskConfig(capital=Money("12345.67"), risk_percent="1.25")
    yield from (risk.risk_amount, risk.risk_fraction, a_risk(risk_percent=Decimal("0.33")))
    distance = TechnicalStopDistance(
        entry_price=Price("98765.43"), technical_stop=Price("97777.77"), side=Side.LONG
    )
    yield from (distance.distance, distance.fraction)
    yield distance.is_within(Decimal("0.001"), Decimal("0.01"))
    order: Order = an_order(order_qty=Quantity("7.77777"))
    for n, price in enumerate(("98765.43", "98765.44", "98111.11")):
        fill = Fill(trade_id=TradeId(str(n)), price=Price(price), quantity=Quantity("2.59259"))
        yield fill.notional
        order = order.with_fill(fill)
    yield from (order, order.average_price, order.leaves_qty, a_position())
    yield codec.decode(codec.loads(codec.dumps(order)), Order)


def outcome() -> list[str]:
    groups = (numbers(), amounts(), instruments(), positions())
    return [_shown(value) for group in groups for value in group]


def _shown(value: object) -> str:
    # The repr of a bare Decimal writes its exponent as the context says; what it is, does not.
    return str(value.as_tuple()) if isinstance(value, Decimal) else repr(value)


@pytest.mark.parametrize("make", HOSTILE)
def test_ambient_context_changes_nothing(make: Make) -> None:
    with localcontext(DefaultContext):
        expected = outcome()
    with localcontext(make()) as ambient:
        assert outcome() == expected
        raised = [signal for signal, is_raised in ambient.flags.items() if is_raised]
    assert raised == [], "something was computed in the context around us"


def test_the_comparison_would_notice() -> None:
    """Operators on bare decimals do obey the context around them."""
    seen = set()
    for make in (*HOSTILE, lambda: DefaultContext):
        with localcontext(make()):
            try:
                seen.add(str(Decimal(A) * Decimal(B)))
            except ArithmeticError as error:
                seen.add(type(error).__name__)
    assert len(seen) == 4


@pytest.mark.parametrize("make", HOSTILE)
@given(strategies.prices(), strategies.prices(), strategies.quantities(1))
def test_ambient_context_changes_no_drawn_value(
    make: Make, one: Price, other: Price, quantity: Quantity
) -> None:
    def shown() -> list[str]:
        rules = Instrument(symbol=Symbol("BTCUSDT"), tick_size="0.01", step_size="0.001")
        values = [
            *(Price(str(one)), Quantity(quantity.value), one - other, quantity * one, one < other),
            *(rules.round_stop_tighter(one, side) for side in Side),
            *(rules.round_qty_down(quantity.value), rules.round_qty_up(quantity.value)),
            *(sorted([one, other]), one == other, hash(one) == hash(other)),
        ]
        return [repr(value) for value in values]

    with localcontext(DefaultContext):
        expected = shown()
    with localcontext(make()):
        assert shown() == expected
