"""From raw setting to value: each parser says what to write instead.

A raw value is text (environment) or what TOML holds; values of the right type pass through, so
that defaults need no text form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from robson_domain import Symbol, ValidationError
from robson_domain.decimals import text, to_decimal
from robsond.bad import Bad
from robsond.secret import Secret

Parser = Callable[[Any], Any]

_TRUE: Final = {"1", "true", "yes", "on"}
_FALSE: Final = {"0", "false", "no", "off"}
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]{1,253}|\[[0-9a-fA-F:]{2,45}\]")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
DATABASES: Final = ("sqlite", "postgres", "postgresql")
TOKEN_CHARACTERS_MIN: Final = 43
"""256 bits in base64; anything shorter can be guessed in principle."""


def _text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw.strip()
    raise Bad(f"{raw!r} is no text; put it in quotes")


def choice(*words: str) -> Parser:
    """Return a parser for one of ``words``, in any case."""

    def parse(raw: Any) -> str:
        word = _text(raw)
        found = next((known for known in words if known.lower() == word.lower()), None)
        if found is None:
            listed = ", ".join(known or "(empty)" for known in words)
            raise Bad(f"{word!r} is none of: {listed}")
        return found

    return parse


def flag(raw: Any) -> bool:
    """Return a yes or no."""
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Bad(f"{raw!r} is neither true nor false")


def whole(low: int, high: int) -> Parser:
    """Return a parser for a whole number between ``low`` and ``high``, inclusive."""

    def parse(raw: Any) -> int:
        plain = str(raw).strip()
        if isinstance(raw, bool | float) or not _INTEGER.fullmatch(plain):
            raise Bad(f"{raw!r} is no whole number; write one from {low} to {high}")
        number = int(plain)
        if not low <= number <= high:
            raise Bad(f"{number} is outside {low} to {high}")
        return number

    return parse


def number(low: str, high: str, *, above: bool = False) -> Parser:
    """Return a parser for an exact number from ``low`` (or above it) to ``high``."""
    least, most = Decimal(low), Decimal(high)
    allowed = f"write one {'above' if above else 'from'} {low}, up to {high}"

    def parse(raw: Any) -> Decimal:
        try:
            value = to_decimal(raw.strip() if isinstance(raw, str) else raw)
        except ValidationError as error:
            if isinstance(raw, bool):
                raise Bad(f"{str(raw).lower()} is no number; {allowed}") from None
            raise Bad(error.problem) from None
        if value < least or value > most or (above and value == least):
            raise Bad(f"{text(value)} is not possible; {allowed}")
        return Decimal(text(value))

    return parse


def number_or_off(low: str, high: str) -> Parser:
    """Return a parser for an exact number above ``low``, or ``off``: None."""
    exact = number(low, high, above=True)

    def parse(raw: Any) -> Decimal | None:
        # TOML writes a plain false where a person means off.
        if raw is False or (isinstance(raw, str) and raw.strip().lower() == "off"):
            return None
        try:
            found: Decimal = exact(raw)
        except Bad as error:
            raise Bad(f"{error}; or write off") from None
        return found

    return parse


def optional(parser: Parser) -> Parser:
    """Return a parser that also takes nothing (empty text): None."""

    def parse(raw: Any) -> Any:
        return None if raw is None or raw == "" else parser(raw)

    return parse


def listed(parser: Parser) -> Parser:
    """Return a parser for a TOML list, or text separated by commas."""

    def parse(raw: Any) -> tuple[Any, ...]:
        parts = raw.split(",") if isinstance(raw, str) else raw
        if not isinstance(parts, list | tuple):
            raise Bad(f"{raw!r} is no list; separate the parts by commas")
        found = [parser(part) for part in parts if part != ""]
        return tuple(dict.fromkeys(found))

    return parse


def symbol(raw: Any) -> Symbol:
    """Return a pair."""
    try:
        return Symbol(_text(raw))
    except ValidationError as error:
        raise Bad(error.problem) from None


def path(raw: Any) -> Path:
    """Return a path with ``~`` expanded."""
    if isinstance(raw, Path):
        return raw
    plain = _text(raw)
    if "\0" in plain:
        raise Bad("a path holds no zero byte")
    return Path(plain).expanduser()


def name(raw: Any) -> str:
    """Return a short plain name."""
    plain = _text(raw)
    if not _NAME.fullmatch(plain):
        raise Bad(f"{plain[:64]!r} is no name of letters, digits, dots, dashes and underscores")
    return plain


def host(raw: Any) -> str:
    """Return a host name or address without a port."""
    plain = _text(raw)
    if not _HOST.fullmatch(plain):
        raise Bad(f"{plain[:64]!r} is no host name or address, e.g. 127.0.0.1")
    return plain.lower()


def database(raw: Any) -> str:
    """Return a database address of a kind the store knows; its password stays out of messages."""
    plain = _text(raw)
    if plain == "":
        return plain
    scheme, separator, rest = plain.partition("://")
    if not separator or scheme not in (*DATABASES, "memory"):
        raise Bad("write postgresql://USER@HOST/NAME, sqlite:///FILE or leave it empty")
    if scheme == "sqlite" and not rest.startswith("/"):
        raise Bad("write three slashes before the file: sqlite:///FILE")
    return plain


def token(raw: Any) -> Secret:
    """Return an access token; what was wrong is said without repeating it."""
    if isinstance(raw, Secret):
        return raw
    plain = raw.strip() if isinstance(raw, str) else ""
    if plain and (len(plain) < TOKEN_CHARACTERS_MIN or not plain.isascii() or " " in plain):
        raise Bad(
            f"too short or not plain: at least {TOKEN_CHARACTERS_MIN} characters without spaces, "
            "e.g. of: openssl rand -hex 32"
        )
    return Secret(plain)


def secret(raw: Any) -> Secret:
    """Return a key of somebody else's making; what was wrong is said without repeating it."""
    if isinstance(raw, Secret):
        return raw
    plain = raw.strip() if isinstance(raw, str) else ""
    if not plain.isascii() or not plain.isprintable() or " " in plain:
        raise Bad("a key is one word of plain characters; copy it again")
    return Secret(plain)


def table(raw: Any) -> Mapping[str, Any]:
    """Return a TOML table as it is."""
    if not isinstance(raw, Mapping):
        raise Bad("write a table in robson.toml")
    return dict(raw)


def anything(raw: Any) -> str:
    """Return text as it is."""
    return _text(raw)


def speed(raw: Any) -> str:
    """Return a playback speed: ``max``, or a factor with ``1`` for real time."""
    plain = str(raw).strip().lower()
    if plain == "max":
        return plain
    try:
        factor: Decimal = number("0", "100000", above=True)(plain)
    except Bad:
        raise Bad(f"{raw!r} is no speed; write 1 for real time, a factor, or max") from None
    return text(factor)
