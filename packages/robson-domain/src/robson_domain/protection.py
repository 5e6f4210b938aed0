"""What the Safety Net may do, and what the person wants done with a pair."""

from __future__ import annotations

from enum import StrEnum


class SafetyNetMode(StrEnum):
    """What the Safety Net may do."""

    OBSERVE = "observe"
    """Show what it would guard; send nothing."""
    ACT = "act"
    """Close what reaches its fixed stop."""


class PairRule(StrEnum):
    """What the person wants done with what they hold on a pair."""

    WATCH = "watch"
    """Guard what trades explain; the rest is collateral."""
    ADOPT = "adopt"
    """Guard collateral too, from the price it has now, until the pair is flat."""
    IGNORE = "ignore"
    """Leave it alone."""
