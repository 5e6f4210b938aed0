"""Types of the wire: money is pattern-checked text, time is text in UTC.

JSON numbers are binary floats in most languages, so an amount given as a number is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta

from robson_domain import ValidationError

Amount = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,20}(\.[0-9]{1,40})?$",
        description='Exact decimal number as text, e.g. "0.01".',
        examples=["0.01"],
    ),
]
"""A number that is not below zero."""
Signed = Annotated[
    str,
    Meta(
        pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,40})?$",
        description='Exact decimal number as text, e.g. "-12.5".',
        examples=["-12.5"],
    ),
]
Distance = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,20}(\.[0-9]{1,40})?%?$",
        description='Price distance, "150" in quote currency or "0.2%" of the price.',
        examples=["0.2%"],
    ),
]
Nanoseconds = Annotated[
    str,
    Meta(pattern=r"^[0-9]{1,20}$", description="Nanoseconds since 1970-01-01 UTC, exact."),
]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$",
        description="UTC, to the nanosecond.",
        examples=["2024-08-08T12:00:00.000000000Z"],
    ),
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_NS: Final = 1_000_000_000
_LAST_NS: Final = 253_402_300_799 * _SECOND_NS
"""The last second a calendar of four-digit years can name."""


def moment(ts: int) -> Moment:
    """Return UTC ns as ISO 8601 text with nine digits after the second."""
    whole, rest = divmod(max(0, min(ts, _LAST_NS)), _SECOND_NS)
    date = _EPOCH + timedelta(seconds=whole)
    return f"{date:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def moment_or_none(ts: int) -> Moment | None:
    """Return UTC ns as text, None for 0 (has not happened)."""
    return moment(ts) if ts else None


def parse_moment(text: str, field: str) -> int:
    """Return UTC ns of ISO 8601 text that names its offset.

    Raises:
        ValidationError: For anything else.
    """
    try:
        date = datetime.fromisoformat(text)
        if date.tzinfo is None:
            raise ValidationError(field, f"{text[:40]!r} has no offset; end it with Z for UTC")
        passed = date - _EPOCH
    except (ValueError, OverflowError) as error:
        if isinstance(error, ValidationError):
            raise
        example = "2024-08-08T12:00:00Z"
        raise ValidationError(field, f"{text[:40]!r} is no time such as {example}") from None
    return (passed.days * 86_400 + passed.seconds) * _SECOND_NS + passed.microseconds * 1_000
