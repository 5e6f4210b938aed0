"""Time, identity and a way to reach the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Clock(Protocol):
    """The only source of time. Real in the daemon, virtual in playback and simulation."""

    def now_ns(self) -> int:
        """Return UTC time, ns; never goes back within one process."""
        ...

    async def sleep_until(self, ts: int) -> None:
        """Return once :meth:`now_ns` is at least ``ts`` (UTC ns); at once when it is past."""
        ...


class Ids(Protocol):
    """The only source of identity. Random in the daemon, seeded in demos and tests."""

    def new_id(self, kind: str) -> str:
        """Return a new unique id, at most 36 characters of ``[a-z0-9-]``.

        Args:
            kind: What it is for (``position``, ``command``, ``epoch`` …); may be part of it.
        """
        ...


class AlertSink(Protocol):
    """Reaches the person. Never awaited by anything that trades."""

    def alert(self, severity: str, name: str, facts: Mapping[str, str]) -> None:
        """Hand over an alert; returns at once, never raises, never carries a secret.

        Args:
            severity: ``warning`` or ``critical``.
            name: Stable name of the alert.
            facts: What the person needs to act, as text.
        """
        ...
