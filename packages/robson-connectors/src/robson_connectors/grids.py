"""Decimal text as whole multiples of a size: what tick and step sizes make of prices."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.instrument import Instrument

_FAMILIAR_MAX: Final = 4_096
"""Texts remembered: prices repeat soon or not at all, and what runs for years must not grow."""
_PLAIN_MAX: Final = 40
"""Length of text that is read without a Decimal; longer text is rare."""
_WHOLE_MAX: Final = decimals.INTEGER_DIGITS_MAX
_FLAGS: Final = (
    "pass the right size with --tick-size",
    "pass the right size with --step-size",
)


class Grid:
    """Turns decimal text into whole multiples of a size; exact, and quick for what repeats.

    Args:
        hint: What to do about a text that is off the grid.
        on_rounded: Called with such a text, which then counts as the nearest multiple; None = it
            is an error.

    Attributes:
        known: Texts met lately and their counts, to look into before :meth:`count` is called.
    """

    __slots__ = ("_digits", "_field", "_hint", "_on_rounded", "_size", "_unit", "known")

    def __init__(
        self,
        field: str,
        size: object,
        hint: str,
        on_rounded: Callable[[str], None] | None = None,
    ) -> None:
        number = decimals.to_decimal(size, field)
        text = decimals.text(number)
        self._size = text
        self._digits = len(text.partition(".")[2])
        self._unit = int(text.replace(".", ""))
        self._field = field
        self._hint = hint
        self._on_rounded = on_rounded
        self.known: dict[str, int] = {}

    def count(self, text: str) -> int:
        """Return how many sizes ``text`` is.

        Raises:
            ValidationError: Naming field, value and fix, when it is no such multiple.
        """
        found = self.known.get(text)
        if found is None:
            found = self._counted(text)
            if len(self.known) >= _FAMILIAR_MAX:
                self.known.clear()
            self.known[text] = found
        return found

    def _counted(self, text: str) -> int:
        whole, _, fraction = text.partition(".")
        digits = whole + fraction.rstrip("0").ljust(self._digits, "0")
        is_plain = digits.isdigit() and text.isascii() and len(text) <= _PLAIN_MAX
        if is_plain and len(digits) == len(whole) + self._digits and 0 < len(whole) <= _WHOLE_MAX:
            count, rest = divmod(int(digits), self._unit)
            if not rest:
                return count
        return self._exactly(text)

    def _exactly(self, text: str) -> int:
        plain = decimals.text(decimals.to_decimal(text, self._field))
        whole, _, fraction = plain.partition(".")
        if len(fraction) <= self._digits and not plain.startswith("-"):
            count, rest = divmod(int(whole + fraction.ljust(self._digits, "0")), self._unit)
            if not rest:
                return count
        if plain.startswith("-"):
            raise ValidationError(self._field, f"{text} is below zero")
        if self._on_rounded is not None:
            self._on_rounded(plain)
            half = decimals.div(Decimal(self._size), Decimal(2))
            return decimals.floor_div(decimals.add(Decimal(plain), half), Decimal(self._size))
        raise ValidationError(
            self._field,
            f"{text} is not a multiple of {self._size}; {self._hint}",
        )


class Grids:
    """Both grids of one instrument.

    Args:
        hints: What to do about a price, and about a quantity, that is off its grid.
        on_rounded: Called with what is off its grid and then counts as the nearest multiple; None
            = it is an error.
    """

    __slots__ = ("price", "quantity", "symbol")

    def __init__(
        self,
        instrument: Instrument,
        hints: tuple[str, str] = _FLAGS,
        on_rounded: Callable[[str], None] | None = None,
    ) -> None:
        self.symbol = instrument.symbol
        self.price = Grid("price", instrument.tick_size, hints[0], on_rounded)
        self.quantity = Grid("quantity", instrument.step_size, hints[1], on_rounded)

    def ticks(self, text: str) -> int:
        """Return a price in ticks.

        Raises:
            ValidationError: When it is not above zero or off the grid.
        """
        ticks = self.price.count(text)
        if ticks < 1:
            raise ValidationError("price", f"{text} is not above zero")
        return ticks
