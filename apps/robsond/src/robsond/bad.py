"""A value a setting cannot take."""

from __future__ import annotations


class Bad(ValueError):
    """The text says what to write instead."""
