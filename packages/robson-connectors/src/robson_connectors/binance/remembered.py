"""Answers that stay true for a while: terms, fees, what the venue would lend."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from robson_domain.errors import VenueError
from robson_domain.ports.system import Clock

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values by key, each with its age; a failing question falls back to what was known."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[int, T]] = {}

    def last(self, key: str) -> T | None:
        """Return what is known, however old, or None."""
        known = self._known.get(key)
        return None if known is None else known[1]

    def keep(self, key: str, value: T) -> None:
        """Take up a value that was heard now."""
        self._known[key] = (self._clock.now_ns(), value)

    def forget(self, key: str) -> None:
        """Ask again next time, but keep the value to fall back on."""
        known = self._known.get(key)
        if known is not None:
            self._known[key] = (0, known[1])

    async def get(self, key: str, max_age_ns: int, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the value, asking when it is older than ``max_age_ns``.

        Raises:
            VenueError: What ``ask`` raises, when nothing was known before.
        """
        asked = self._clock.now_ns()
        known = self._known.get(key)
        if known is not None and asked - known[0] < max_age_ns:
            return known[1]
        try:
            value = await ask()
        except VenueError:
            if known is None:
                raise
            return known[1]
        self._known[key] = (asked, value)
        return value

    async def get_or(
        self, key: str, max_age_ns: int, ask: Callable[[], Awaitable[T]], otherwise: T
    ) -> T:
        """As :meth:`get`; ``otherwise``, which is not kept, when nothing was ever known."""
        try:
            return await self.get(key, max_age_ns, ask)
        except VenueError:
            return otherwise
