"""Value objects whose arithmetic respects dimension.

    ===========================  ==============================
    operation                    result
    ===========================  ==============================
    Price - Price                PriceDelta
    Price.plus(PriceDelta)       Price (above zero)
    Price.minus(PriceDelta)      Price (above zero)
    Quantity * Price             Notional
    Quantity.times(PriceDelta)   Money
    Quantity ± Quantity          Quantity (never below zero)
    Notional + Notional          Notional
    Notional - Notional          Money
    Money ± Money, -Money        Money
    ===========================  ==============================

What is not in the table, ``Price * Price`` for one, raises TypeError: dimensions are checked when
the program runs as well, for the notebooks that no type checker reads. A value that exists is
finite, exact and in its range, so nobody checks again. ``str()`` is the canonical text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Self

import attrs

from robson_domain import decimals
from robson_domain.errors import ValidationError

_EXACT: Final = (Decimal, int)
_new: Final = object.__new__
_set: Final = object.__setattr__


@attrs.frozen(init=False, repr=False)
class _Amount:
    value: Decimal

    def __init__(self, value: Decimal | int | str) -> None:
        if type(value) is Decimal and decimals.is_usual(value):
            number = value  # what nearly every sum and product is: no name has to be made
        elif type(value) in _EXACT and not value:
            number = decimals.ZERO  # the next most frequent, in whatever form it came
        else:
            number = decimals.to_decimal(value, type(self).__name__.lower())
        if not number > decimals.ZERO:  # above zero is in the range of every type
            self._check(number)
        _set(self, "value", number)

    @classmethod
    def _known(cls, number: Decimal) -> Self:
        """Return the amount of a number that is known to pass every check."""
        made = _new(cls)
        _set(made, "value", number)
        return made

    @classmethod
    def _check(cls, number: Decimal) -> None:
        """Raise ValidationError when ``number``, not above zero, is outside this type's range."""

    @classmethod
    def _not_negative(cls, number: Decimal) -> None:
        if number < decimals.ZERO:  # a number: an int would be made one at every comparison
            raise ValidationError(cls.__name__.lower(), f"{decimals.text(number)} is below zero")

    def __str__(self) -> str:
        return decimals.text(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({decimals.text(self.value)!r})"

    def __bool__(self) -> bool:
        return bool(self.value)

    # Only amounts of one kind have an order. Written out, because the generated ones make two
    # tuples for every comparison.

    def __lt__(self, other: Self) -> bool:
        return self.value < other.value if type(other) is type(self) else NotImplemented

    def __le__(self, other: Self) -> bool:
        return self.value <= other.value if type(other) is type(self) else NotImplemented

    def __gt__(self, other: Self) -> bool:
        return self.value > other.value if type(other) is type(self) else NotImplemented

    def __ge__(self, other: Self) -> bool:
        return self.value >= other.value if type(other) is type(self) else NotImplemented


def _of_type(amount: _Amount, kind: type[_Amount]) -> Decimal:
    if not isinstance(amount, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(amount).__name__}")
    return amount.value


class PriceDelta(_Amount):
    """Difference of two prices, quote currency per unit of base; signed."""

    __slots__ = ()


class Price(_Amount):
    """Quote currency per unit of base; greater than zero."""

    __slots__ = ()

    @classmethod
    def _check(cls, number: Decimal) -> None:
        raise ValidationError("price", f"{decimals.text(number)} must be above zero")

    def __sub__(self, other: Price) -> PriceDelta:
        if not isinstance(other, Price):
            return NotImplemented
        return PriceDelta(decimals.sub(self.value, other.value))

    def plus(self, delta: PriceDelta) -> Price:
        """Return this price moved up by ``delta``.

        Raises:
            ValidationError: When the result would not be above zero.
        """
        return Price(decimals.add(self.value, _of_type(delta, PriceDelta)))

    def minus(self, delta: PriceDelta) -> Price:
        """Return this price moved down by ``delta``.

        Raises:
            ValidationError: When the result would not be above zero.
        """
        return Price(decimals.sub(self.value, _of_type(delta, PriceDelta)))


class Money(_Amount):
    """Signed amount of quote currency; positive is a gain."""

    __slots__ = ()

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(decimals.add(self.value, other.value))

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
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
        if not isinstance(other, Notional):
            return NotImplemented
        return Notional(decimals.add(self.value, other.value))

    def __sub__(self, other: Notional) -> Money:
        if not isinstance(other, Notional):
            return NotImplemented
        return Money(decimals.sub(self.value, other.value))


class Quantity(_Amount):
    """Amount of base asset, unsigned; the side is said elsewhere."""

    __slots__ = ()

    @classmethod
    def _check(cls, number: Decimal) -> None:
        cls._not_negative(number)

    def __add__(self, other: Quantity) -> Self:
        if not isinstance(other, Quantity):
            return NotImplemented
        return type(self)(decimals.add(self.value, other.value))

    def __sub__(self, other: Quantity) -> Self:
        if not isinstance(other, Quantity):
            return NotImplemented
        return type(self)(decimals.sub(self.value, other.value))

    def __mul__(self, price: Price) -> Notional:
        if not isinstance(price, Price):
            return NotImplemented
        return Notional(decimals.mul(self.value, price.value))

    def times(self, delta: PriceDelta) -> Money:
        """Return what this quantity gains when the price moves by ``delta``, quote currency."""
        return Money(decimals.mul(self.value, _of_type(delta, PriceDelta)))


ZERO_QUANTITY = Quantity(0)
ZERO_MONEY = Money(0)
