"""Value objects whose arithmetic respects dimension.

    =====================  ==============  =================================
    left                   right           result
    =====================  ==============  =================================
    Price - Price                          PriceDelta
    Price ± PriceDelta                     Price
    Quantity * Price                       Notional
    Quantity * PriceDelta                  Money
    Quantity ± Quantity                    Quantity (never below zero)
    Notional + Notional                    Notional
    Notional - Notional                    Money
    Money ± Money                          Money
    =====================  ==============  =================================

``Price * Price`` does not exist. A value that exists is finite, exact and in its range, so
nobody checks again. ``str()`` is the canonical text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Self

import attrs

from robson_domain import decimals
from robson_domain.errors import ValidationError


@attrs.frozen(order=True, init=False, repr=False)
class _Amount:
    value: Decimal

    def __init__(self, value: Decimal | int | str) -> None:
        number = decimals.to_decimal(value, type(self).__name__.lower())
        self._check(number)
        object.__setattr__(self, "value", number)

    @classmethod
    def _check(cls, number: Decimal) -> None:
        """Raise ValidationError when ``number`` is outside this type's range."""

    @classmethod
    def _not_negative(cls, number: Decimal) -> None:
        if number < 0:
            raise ValidationError(cls.__name__.lower(), f"{decimals.text(number)} is below zero")

    def __str__(self) -> str:
        return decimals.text(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({decimals.text(self.value)!r})"

    def __bool__(self) -> bool:
        return bool(self.value)


class PriceDelta(_Amount):
    """Difference of two prices, quote currency per unit of base; signed."""

    __slots__ = ()


class Price(_Amount):
    """Quote currency per unit of base; greater than zero."""

    __slots__ = ()

    @classmethod
    def _check(cls, number: Decimal) -> None:
        if number <= 0:
            raise ValidationError("price", f"{decimals.text(number)} must be above zero")

    def __sub__(self, other: Price) -> PriceDelta:
        return PriceDelta(decimals.sub(self.value, other.value))

    def plus(self, delta: PriceDelta) -> Price:
        """Return this price moved up by ``delta``.

        Raises:
            ValidationError: When the result would not be above zero.
        """
        return Price(decimals.add(self.value, delta.value))

    def minus(self, delta: PriceDelta) -> Price:
        """Return this price moved down by ``delta``.

        Raises:
            ValidationError: When the result would not be above zero.
        """
        return Price(decimals.sub(self.value, delta.value))


class Money(_Amount):
    """Signed amount of quote currency; positive is a gain."""

    __slots__ = ()

    def __add__(self, other: Money) -> Money:
        return Money(decimals.add(self.value, other.value))

    def __sub__(self, other: Money) -> Money:
        return Money(decimals.sub(self.value, other.value))

    def __neg__(self) -> Money:
        return Money(decimals.neg(self.value))


class Notional(_Amount):
    """Value of a quantity at a price, quote currency; not below zero."""

    __slots__ = ()

    @classmethod
    def _check(cls, number: Decimal) -> None:
        cls._not_negative(number)

    def __add__(self, other: Notional) -> Notional:
        return Notional(decimals.add(self.value, other.value))

    def __sub__(self, other: Notional) -> Money:
        return Money(decimals.sub(self.value, other.value))


class Quantity(_Amount):
    """Amount of base asset, unsigned; the side is said elsewhere."""

    __slots__ = ()

    @classmethod
    def _check(cls, number: Decimal) -> None:
        cls._not_negative(number)

    def __add__(self, other: Quantity) -> Self:
        return type(self)(decimals.add(self.value, other.value))

    def __sub__(self, other: Quantity) -> Self:
        return type(self)(decimals.sub(self.value, other.value))

    def __mul__(self, price: Price) -> Notional:
        return Notional(decimals.mul(self.value, price.value))

    def times(self, delta: PriceDelta) -> Money:
        """Return what this quantity gains when the price moves by ``delta``, quote currency."""
        return Money(decimals.mul(self.value, delta.value))


ZERO_QUANTITY = Quantity(0)
ZERO_MONEY = Money(0)
