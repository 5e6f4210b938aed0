"""Which unit a column of times has: told by magnitude, and never by two answers."""

from __future__ import annotations

from typing import Final

from robson_domain import decimals
from robson_domain.errors import ValidationError

_UNITS: Final = ((10**8, 10**9), (10**11, 10**6), (10**14, 10**3), (10**17, 1))
"""Smallest number of its kind (the year 1973 on) and nanoseconds per unit: s, ms, µs, ns."""
_AFTER: Final = 10**20
_NS_MAX: Final = 2**63 - 1
"""What the log and the stores can hold: until the year 2262."""


class Times:
    """Turns the times of one column into UTC ns."""

    __slots__ = ("_column", "_factor", "_high", "_low")

    def __init__(self, column: str) -> None:
        self._column = column
        self._low = self._high = 0
        self._factor = 0

    def ns(self, text: str) -> int:
        """Return ``text`` (whole number, or seconds with a fraction) as UTC ns.

        Raises:
            ValidationError: When it is no time, or of another unit than the first of the column.
        """
        try:
            value = int(text)
        except ValueError:
            return self._with_fraction(text)
        if not self._low <= value < self._high:
            self._choose(value)
        return value * self._factor

    def _with_fraction(self, text: str) -> int:
        number = decimals.to_decimal(text.strip(), self._column)
        whole = decimals.floor_div(decimals.absolute(number), decimals.ONE)
        if not self._low <= whole < self._high:
            self._choose(whole)
        scaled = decimals.mul(number, decimals.to_decimal(self._factor))
        return decimals.floor_div(scaled, decimals.ONE)

    def _choose(self, value: int) -> None:
        if self._factor:
            raise ValidationError(
                self._column,
                f"{value} is of another unit than the times before; write the whole column in "
                "one of s, ms, us or ns",
            )
        for (low, factor), high in zip(_UNITS, (*(u[0] for u in _UNITS[1:]), _AFTER), strict=True):
            if low <= value < high:
                if value * factor > _NS_MAX:
                    raise ValidationError(
                        self._column, f"{value} is out of range: later than the year 2262"
                    )
                self._low, self._factor = low, factor
                self._high = min(high, _NS_MAX // factor + 1)
                return
        raise ValidationError(
            self._column, f"{value} is no time since 1970 in s, ms, us or ns, e.g. 1723161255342"
        )
