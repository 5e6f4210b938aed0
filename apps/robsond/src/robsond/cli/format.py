"""How figures look to a person: money exact, gains with sign and arrow, times in UTC.

Everything here takes what is on the wire (decimal text, nanoseconds) and returns text. A value
that is missing is shown as ``-``; one that does not parse is shown as it came, never hidden.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

MISSING: Final = "-"
_SECOND_NS: Final = 1_000_000_000
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d\.\d{3})\d*Z")
_DIGITS_USUAL: Final = 10
UP: Final = "▲"
DOWN: Final = "▼"


def number(value: object) -> Decimal | None:
    """Return decimal text as a number, None when it is missing or none."""
    # Imported where they are used: the domain takes longer than the rest of `robson --help`.
    from robson_domain import decimals
    from robson_domain.errors import ValidationError

    try:
        return None if value in (None, "") else decimals.to_decimal(value)
    except ValidationError:
        return None


def figure(value: object, digits: int | None = None) -> str:
    """Return a price, quantity or amount with grouped thousands.

    Args:
        value: Decimal text.
        digits: Digits after the point, for amounts; None shows the exact value.
    """
    from robson_domain import decimals

    amount = number(value)
    if amount is None:
        return MISSING if value in (None, "") else str(value)
    if digits is not None:
        return f"{decimals.rounded(amount, digits):,f}"
    whole, _, rest = decimals.text(amount).partition(".")
    grouped = f"{int(whole):,}" if whole not in ("-0", "0") else whole
    return f"{grouped}.{rest}" if rest else grouped


def prices(*values: object) -> list[str]:
    """Return prices of one pair with equally many digits after the point.

    An average of fills may have many more digits than the pair's prices; it is rounded to the
    longest of the others, the exact figure is in the JSON output.
    """
    known = [found for found in map(number, values) if found is not None]
    lengths = sorted(_fraction_digits(one) for one in known)
    usual = [length for length in lengths if length <= _DIGITS_USUAL]
    digits = usual[-1] if usual else _DIGITS_USUAL
    return [figure(value, digits) for value in values]


def _fraction_digits(amount: Decimal) -> int:
    from robson_domain import decimals

    return len(decimals.text(amount).partition(".")[2])


def gain(value: object, digits: int = 2) -> str:
    """Return a gain or loss with arrow and sign, so that color is never needed to read it."""
    from robson_domain import decimals

    amount = number(value)
    if amount is None:
        return MISSING if value in (None, "") else str(value)
    rounded = decimals.rounded(amount, digits)
    if not amount:
        return f"{rounded:,f}"
    return f"{UP} +{rounded:,f}" if amount > 0 else f"{DOWN} -{decimals.absolute(rounded):,f}"


def gain_style(value: object) -> str:
    """Return the color that goes with :func:`gain`."""
    amount = number(value)
    if not amount:
        return ""
    return "green" if amount > 0 else "red"


def when(value: object) -> str:
    """Return a time as ``2024-08-08 23:54:15.342`` UTC.

    Args:
        value: Nanoseconds since 1970 (events), or ISO text (everything else of the API).
    """
    if isinstance(value, bool) or not isinstance(value, int):
        found = _MOMENT.fullmatch(str(value))
        if found:
            return f"{found[1]} {found[2]}"
        return MISSING if value in (None, "") else str(value)
    if value <= 0:
        return MISSING
    seconds, rest = divmod(value, _SECOND_NS)
    try:
        moment = datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return str(value)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{rest // 1_000_000:03d}"


def clock(value: object) -> str:
    """Return the time of day of :func:`when`."""
    text = when(value)
    return text.partition(" ")[2] or text


def span(milliseconds: object) -> str:
    """Return an age or duration: ``120 ms``, ``3.4 s``, ``5 min``."""
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        return MISSING
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 120_000:
        return f"{milliseconds // 1000}.{milliseconds % 1000 // 100} s"
    return f"{milliseconds // 60_000} min"


def short_hash(value: object) -> str:
    """Return the beginning of a hash, enough to compare by eye."""
    return str(value)[:12] if value else MISSING


def count(number: int, thing: str) -> str:
    """Return ``1 event``, ``2 events``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def words(value: object) -> str:
    """Return a code such as ``trailing_stop`` as words."""
    return str(value).replace("_", " ") if value else MISSING
