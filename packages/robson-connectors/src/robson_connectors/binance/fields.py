"""Reading JSON of which nothing is believed: every field is looked at before it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn

from robson_domain import decimals
from robson_domain.errors import RetryableVenueError, ValidationError

Json = object
"""What a JSON text can hold, numbers with a point as Decimal."""
Row = Mapping[str, Json]

MILLISECOND_NS = 1_000_000


class UnreadableAnswer(RetryableVenueError):
    """An answer that is not what the documentation promises; asking again may help."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"unreadable answer: {problem}", "UNREADABLE")


def parsed(body: bytes) -> Json:
    """Return the JSON value in ``body``.

    Raises:
        UnreadableAnswer: When it is none.
    """
    try:
        value: Json = json.loads(body, parse_float=_decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UnreadableAnswer("no JSON") from None
    return value


def _decimal(text: str) -> Decimal:
    return decimals.to_decimal(text)


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and infinities are no JSON")


def row(value: Json) -> Row:
    """Return ``value`` as an object.

    Raises:
        UnreadableAnswer: When it is something else.
    """
    if not isinstance(value, dict):
        raise UnreadableAnswer(f"an object was expected, not {type(value).__name__}")
    return value


def items(value: Json) -> list[Json]:
    """Return ``value`` as a list.

    Raises:
        UnreadableAnswer: When it is something else.
    """
    if not isinstance(value, list):
        raise UnreadableAnswer(f"a list was expected, not {type(value).__name__}")
    return value


def rows(value: Json) -> list[Row]:
    """Return ``value`` as a list of objects.

    Raises:
        UnreadableAnswer: When it is something else.
    """
    return [row(each) for each in items(value)]


def field(source: Row, name: str) -> Json:
    """Return a field that must be there.

    Raises:
        UnreadableAnswer: When it is not.
    """
    if name not in source:
        raise UnreadableAnswer(f"{name} is missing")
    return source[name]


def text(source: Row, name: str) -> str:
    """Return a text; a whole number counts as one, because ids come as both.

    Raises:
        UnreadableAnswer: When it is missing or something else.
    """
    value = field(source, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise UnreadableAnswer(f"{name} is no text")
    return value


def optional_text(source: Row, name: str) -> str:
    """Return a text, or an empty one when the field is missing or null."""
    return "" if source.get(name) is None else text(source, name)


def exact(value: Json, name: str) -> Decimal:
    """Return ``value``, a text or a JSON number, as a Decimal.

    Raises:
        UnreadableAnswer: When it is neither, or more than money ever is.
    """
    try:
        return decimals.to_decimal(value, name)
    except ValidationError:
        raise UnreadableAnswer(f"{name} is no number") from None


def number(source: Row, name: str) -> Decimal:
    """Return a number given as text or as a JSON number.

    Raises:
        UnreadableAnswer: When it is missing or no number.
    """
    return exact(field(source, name), name)


def optional_number(source: Row, name: str) -> Decimal:
    """Return a number, zero when the field is missing, null or an empty text."""
    return decimals.ZERO if source.get(name) in (None, "") else number(source, name)


def whole(value: Json, name: str) -> int:
    """Return ``value``, a whole number or its text, as an int of at most 19 digits.

    Raises:
        UnreadableAnswer: When it is something else.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**19:
        raise UnreadableAnswer(f"{name} is no whole number")
    return value


def integer(source: Row, name: str) -> int:
    """Return a whole number.

    Raises:
        UnreadableAnswer: When it is missing or something else.
    """
    return whole(field(source, name), name)


def instant(source: Row, *names: str) -> int:
    """Return the first of the fields ``names`` that is there as UTC ns, or 0.

    Raises:
        UnreadableAnswer: When it is there and no whole number of milliseconds.
    """
    for name in names:
        if source.get(name) is not None:
            return integer(source, name) * MILLISECOND_NS
    return 0


def flag(source: Row, name: str, default: bool = False) -> bool:
    """Return a truth value; ``default`` when it is missing.

    Raises:
        UnreadableAnswer: When it is something else.
    """
    value = source.get(name, default)
    if not isinstance(value, bool):
        raise UnreadableAnswer(f"{name} is neither true nor false")
    return value
