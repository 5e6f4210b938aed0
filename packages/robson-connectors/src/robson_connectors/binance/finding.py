"""One fact the doctor found, and how bad it is."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import attrs

from robson_domain import decimals


class Level(StrEnum):
    """How bad a fact is."""

    OK = "ok"
    WARNING = "warning"
    REFUSED = "refused"


@attrs.frozen
class Finding:
    """One fact.

    Attributes:
        name: Stable name of the check, with the pair where it concerns one.
        seen: The fact with its figures.
        advice: What to do about it; empty when all is well.
    """

    name: str
    level: Level
    seen: str
    advice: str = ""


def ok(name: str, seen: str) -> Finding:
    """Return a fact that is as it should be."""
    return Finding(name, Level.OK, seen)


def warning(name: str, seen: str, advice: str) -> Finding:
    """Return a fact that stands in the way of something, or soon may."""
    return Finding(name, Level.WARNING, seen, advice)


def refused(name: str, seen: str, advice: str) -> Finding:
    """Return a fact with which nothing should be traded."""
    return Finding(name, Level.REFUSED, seen, advice)


def shown(number: Decimal, digits: int = 8) -> str:
    """Return a figure for people: rounded, in canonical text."""
    return decimals.text(decimals.rounded(number, digits))
