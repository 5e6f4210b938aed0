"""One fact that ``robson doctor`` found, wherever it looked."""

from __future__ import annotations

from typing import Final, Literal

import attrs

Level = Literal["ok", "warning", "refused"]

OK: Final = "ok"
WARNING: Final = "warning"
REFUSED: Final = "refused"


@attrs.frozen
class Finding:
    """One fact.

    Attributes:
        name: Stable name of the check.
        level: ``refused`` is what nothing should be traded with.
        seen: What was seen, with its figures.
        advice: What to do about it; empty when all is well.
    """

    name: str
    level: Level
    seen: str
    advice: str = ""

    def document(self) -> dict[str, str]:
        """Return it for scripts."""
        return {"name": self.name, "level": self.level, "seen": self.seen, "advice": self.advice}


def ok(name: str, seen: str) -> Finding:
    """Return a fact that is as it should be."""
    return Finding(name, OK, seen)


def warning(name: str, seen: str, advice: str) -> Finding:
    """Return a fact that may soon stand in the way."""
    return Finding(name, WARNING, seen, advice)


def refused(name: str, seen: str, advice: str) -> Finding:
    """Return a fact with which nothing should be traded."""
    return Finding(name, REFUSED, seen, advice)
