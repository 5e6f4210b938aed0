"""Exact decimal arithmetic under one explicit context.

Every operation names the context itself, so whatever context a notebook or a library has
set around us changes nothing (operators on bare ``Decimal`` would obey it). Text has one
form: no exponent, no trailing zeros, no ``-0``.

Invariants:
    1. A number that passed :func:`to_decimal` is finite and within the digit limits.
    2. ``to_decimal(text(x)) == x`` for every such number.
    3. Binary floats are refused, never converted.
"""

from __future__ import annotations

import re
from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
)
from typing import Final

from robson_domain.errors import ValidationError

INTEGER_DIGITS_MAX: Final = 20
"""Digits before the point; the largest supply of any listed coin has 15."""
FRACTION_DIGITS_MAX: Final = 40
"""Digits after the point; a price times a rate needs about 20, a product of two such 40."""

CONTEXT: Final = Context(
    prec=120,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation, Clamped],
)
"""Twice the digits an admitted number can have: sums and products of two are exact, only
division rounds."""

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def is_usual(number: Decimal) -> bool:
    """Say whether :func:`to_decimal` returns ``number`` as it is, where that is cheap to know.

    From a millionth on a number is shown without an exponent (a larger exponent than zero has no
    digits after the point), so that it has no more digits than its text has characters.
    """
    return (
        number.is_finite()
        and -6 <= number.adjusted() < INTEGER_DIGITS_MAX
        and bool(number)
        and len(str(number)) <= FRACTION_DIGITS_MAX
    )


def to_decimal(value: object, field: str = "number") -> Decimal:
    """Return ``value`` as an exact, finite Decimal.

    Args:
        value: A ``Decimal``, an ``int`` or plain decimal text such as ``"0.01"``.
        field: Name used in the error message.

    Raises:
        ValidationError: For floats, text that is no number, NaN, infinities and numbers with
            more digits than money ever has.
    """
    if type(value) is Decimal:  # asked first: by far the most frequent
        if not value:
            return ZERO
        if is_usual(value):
            return value
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        kind = type(value).__name__
        raise ValidationError(field, f'{kind} is not exact; write it as text, e.g. "0.01"')
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValidationError(field, f"{value[:40]!r} is not a decimal number, e.g. 0.01")
    if isinstance(value, int):
        # Bounded before conversion: turning a huge int into a Decimal costs quadratic time.
        if abs(value) >= 10**INTEGER_DIGITS_MAX:
            raise ValidationError(field, f"more than {INTEGER_DIGITS_MAX} digits before the point")
        return Decimal(value)
    if isinstance(value, str) and len(value) > 200:
        raise ValidationError(field, "more than 200 characters")
    return _checked(Decimal(value), field)


def _checked(number: Decimal, field: str) -> Decimal:
    if not number.is_finite():
        raise ValidationError(field, "must be a finite number")
    if not number:
        return ZERO
    if number.adjusted() >= INTEGER_DIGITS_MAX:
        raise ValidationError(field, f"more than {INTEGER_DIGITS_MAX} digits before the point")
    sign, digits, exponent = number.as_tuple()
    excess = -FRACTION_DIGITS_MAX - int(exponent)
    if excess <= 0:
        return number
    # Only zeros may be dropped, and by hand: a context would round digits beyond its precision.
    if any(digits[-excess:]):
        raise ValidationError(field, f"more than {FRACTION_DIGITS_MAX} digits after the point")
    return Decimal((sign, digits[:-excess], -FRACTION_DIGITS_MAX))


def exact(value: Decimal | int | str) -> Decimal:
    """Return ``value`` as :func:`to_decimal` does; the converter of fields with bare numbers."""
    return to_decimal(value)


def text(number: Decimal) -> str:
    """Return the one canonical text of ``number``: no exponent, no trailing zeros, no ``-0``."""
    if not number:
        return "0"
    plain = CONTEXT.to_sci_string(number)  # most numbers' text as it is, at half of the cost
    if "E" in plain:
        plain = format(number, "f")
    if plain[-1] == "0" and "." in plain:
        return plain.rstrip("0").rstrip(".")
    return plain


def places(number: Decimal) -> int:
    """Return how many digits after the point ``number`` really has."""
    _, _, tail = text(number).partition(".")
    return len(tail)


# The context's own methods, bound: a function around each would cost as much again.
add: Final = CONTEXT.add
"""The exact sum, whatever the ambient context."""
sub: Final = CONTEXT.subtract
"""The exact difference, whatever the ambient context."""
mul: Final = CONTEXT.multiply
"""The exact product, whatever the ambient context."""


def div(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Return the quotient to 120 digits; round it with a named rounding before it is used.

    Raises:
        decimal.DivisionByZero: When ``divisor`` is zero; callers exclude that by type.
    """
    return CONTEXT.divide(dividend, divisor)


neg: Final = CONTEXT.minus
"""The number with its sign turned, exactly."""
absolute: Final = CONTEXT.abs
"""The number without its sign, exactly."""


def total(numbers: tuple[Decimal, ...] | list[Decimal]) -> Decimal:
    """Return the exact sum of ``numbers`` (zero for none)."""
    result = ZERO
    for number in numbers:
        result = CONTEXT.add(result, number)
    return result


def rounded(number: Decimal, digits: int) -> Decimal:
    """Return ``number`` to ``digits`` digits after the point, half to even; for display only."""
    return CONTEXT.quantize(number, Decimal(1).scaleb(-digits, CONTEXT))


def floor_div(number: Decimal, step: Decimal) -> int:
    """Return the largest count of ``step`` (above zero) that is not above ``number``, exactly."""
    quotient, rest = CONTEXT.divmod(number, step)
    return int(quotient) - (1 if rest < 0 else 0)


def ceil_div(number: Decimal, step: Decimal) -> int:
    """Return the smallest count of ``step`` (above zero) that is not below ``number``, exactly."""
    quotient, rest = CONTEXT.divmod(number, step)
    return int(quotient) + (1 if rest > 0 else 0)
