"""Decimal contexts that a notebook or a library might leave behind, each bad in its own way."""

from __future__ import annotations

import decimal
from decimal import Context
from typing import Final

SIGNALS: Final[list[type[decimal.DecimalException]]] = [
    decimal.Clamped,
    decimal.DivisionByZero,
    decimal.FloatOperation,
    decimal.Inexact,
    decimal.InvalidOperation,
    decimal.Overflow,
    decimal.Rounded,
    decimal.Subnormal,
    decimal.Underflow,
]


def trap_everything() -> Context:
    """Return a context of one digit in which any rounding at all raises."""
    return Context(prec=1, rounding=decimal.ROUND_UP, Emin=-1, Emax=1, traps=SIGNALS)


def trap_nothing() -> Context:
    """Return a context of one digit that rounds silently, and away from zero."""
    return Context(prec=1, rounding=decimal.ROUND_UP, Emin=-1, Emax=1, clamp=1, traps=[])


def odd_letters() -> Context:
    """Return a context that writes ``e`` for ``E`` and rounds towards minus infinity."""
    return Context(prec=2, rounding=decimal.ROUND_FLOOR, capitals=0, clamp=1, traps=[])


HOSTILE: Final = (trap_everything, trap_nothing, odd_letters)
