"""Value objects: which arithmetic exists, and that the rest does not."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given

from robson_domain import (
    ZERO_MONEY,
    ZERO_QUANTITY,
    Money,
    Notional,
    Price,
    PriceDelta,
    Quantity,
    ValidationError,
)
from robson_domain.testing import strategies

KINDS: Final = (Price, PriceDelta, Money, Notional, Quantity)
OPERATORS: Final = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
ALLOWED: Final = {
    (Price, "-", Price): PriceDelta,
    (Quantity, "*", Price): Notional,
    (Quantity, "+", Quantity): Quantity,
    (Quantity, "-", Quantity): Quantity,
    (Notional, "+", Notional): Notional,
    (Notional, "-", Notional): Money,
    (Money, "+", Money): Money,
    (Money, "-", Money): Money,
}
"""The whole table. Everything else raises TypeError."""
STRANGERS: Final = (2, Decimal(2), "2", None)


@pytest.mark.parametrize("sign", OPERATORS)
@pytest.mark.parametrize("right", KINDS)
@pytest.mark.parametrize("left", KINDS)
def test_arithmetic_is_the_table_and_nothing_else(
    left: type[Any], right: type[Any], sign: str
) -> None:
    expected = ALLOWED.get((left, sign, right))
    if expected is None:
        with pytest.raises(TypeError):
            OPERATORS[sign](left(5), right(3))
    else:
        result = OPERATORS[sign](left(5), right(3))
        assert type(result) is expected
        assert result.value == OPERATORS[sign](5, 3)


@pytest.mark.parametrize("sign", OPERATORS)
@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("kind", KINDS)
def test_bare_numbers_do_not_mix_with_values(kind: type[Any], stranger: Any, sign: str) -> None:
    for left, right in ((kind(5), stranger), (stranger, kind(5))):
        if sign == "%" and isinstance(left, str):
            continue  # formatting a text with a value is no arithmetic
        with pytest.raises(TypeError):
            OPERATORS[sign](left, right)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not PriceDelta])
def test_only_a_difference_moves_a_price(kind: type[Any]) -> None:
    for move in (Price(5).plus, Price(5).minus, Quantity(5).times):
        with pytest.raises(TypeError, match=f"expected PriceDelta, got {kind.__name__}"):
            move(kind(1))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Money])
def test_only_money_has_a_negative(kind: type[Any]) -> None:
    assert -Money(5) == Money(-5)
    with pytest.raises(TypeError):
        -kind(5)


@given(strategies.prices(), strategies.prices(), strategies.quantities())
def test_dimensions_are_exact(one: Price, other: Price, quantity: Quantity) -> None:
    a, b, q = Fraction(one.value), Fraction(other.value), Fraction(quantity.value)
    assert Fraction((one - other).value) == a - b
    assert Fraction((quantity * one).value) == q * a
    assert Fraction(quantity.times(one - other).value) == q * (a - b)
    assert other.plus(one - other) == one
    assert one.minus(one - other) == other
    assert (quantity * one) - (quantity * other) == quantity.times(one - other)


@given(strategies.money(), strategies.money(), strategies.notionals(), strategies.quantities())
def test_sums_are_exact(one: Money, other: Money, value: Notional, quantity: Quantity) -> None:
    assert one + other - other == one
    assert one + -one == ZERO_MONEY
    assert value + value - value == Money(value.value)
    assert quantity + quantity - quantity == quantity


@pytest.mark.parametrize(
    "impossible",
    [
        *(lambda: Price(0), lambda: Price("-0"), lambda: Price(-1), lambda: Quantity("-0.1")),
        *(lambda: Notional(-1), lambda: Quantity(1) - Quantity(2)),
        *(lambda: Price(1).minus(PriceDelta(1)), lambda: Price(1).plus(PriceDelta(-2))),
        *(lambda: Price("1e19").plus(PriceDelta("9e19")), lambda: Quantity(10**19) * Price(10**19)),
        *(lambda: Price(True), lambda: Quantity("inf"), lambda: Money(""), lambda: Price("NaN")),
    ],
)
def test_what_may_not_exist_is_refused(impossible: Callable[[], object]) -> None:
    with pytest.raises(ValidationError):
        impossible()


@pytest.mark.parametrize("source", [0.5, 1.0, None, Money(1), b"1"])
@pytest.mark.parametrize("kind", KINDS)
def test_values_are_made_from_exact_numbers_alone(kind: type[Any], source: object) -> None:
    with pytest.raises(ValidationError, match="is not exact"):
        kind(source)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_name_the_kind(kind: type[Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        kind("ten")
    assert refused.value.field == kind.__name__.lower()


@pytest.mark.parametrize("kind", KINDS)
def test_equal_values_are_one_value(kind: type[Any]) -> None:
    one, same = kind("1.0"), kind(Decimal("1.00"))
    assert one == same
    assert len({one, same}) == 1
    assert (str(one), str(same)) == ("1", "1")
    assert repr(same) == f"{kind.__name__}('1')"
    assert one < kind("1.0000001")
    assert one <= same


def test_values_of_different_kind_are_never_equal() -> None:
    assert len({kind(1) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
@pytest.mark.parametrize("left", KINDS)
def test_values_of_different_kind_have_no_order(left: type[Any], compare: Any) -> None:
    for right in KINDS:
        if right is not left:
            with pytest.raises(TypeError):
                compare(left(1), right(2))


@pytest.mark.parametrize("kind", KINDS)
def test_values_survive_copies_and_other_processes(kind: type[Any]) -> None:
    value = kind("12.50")
    for other in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert other == value
        assert type(other) is kind


def test_only_zero_is_false() -> None:
    assert not ZERO_MONEY
    assert not ZERO_QUANTITY
    assert Money("-0.00000001")
    assert Quantity("1e-40")
