"""The shared two lines behind every lifecycle table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from robson_domain.errors import IllegalTransition

S = TypeVar("S", bound=StrEnum)
Table = Mapping[S, Mapping[str, S]]


def next_status(name: str, table: Table[S], status: S, event: str) -> S:
    """Return the status after ``event``.

    Raises:
        IllegalTransition: When the table has no such pair; nothing has happened then.
    """
    try:
        return table[status][event]
    except KeyError:
        raise IllegalTransition(name, status.value, event) from None
