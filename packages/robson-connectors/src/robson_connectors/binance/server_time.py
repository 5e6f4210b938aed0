"""The venue's clock as seen from here.

A sample brackets the venue's clock: it stamped the answer after the question left and before
the answer came. Everything here uses the lower end of the narrowest bracket, so a time said to
be the venue's is never ahead of it: a request stamped too late is refused whatever its window,
and evidence that counts from a venue time must not count too early.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from robson_connectors.binance.pools import SECOND_NS
from robson_domain.ports.system import Clock

BEHIND_NS: Final = 200_000_000
"""Requests are stamped this much before the lower end: together 200 to 500 ms behind."""
SAMPLES: Final = 3
MAX_AGE_NS: Final = 600 * SECOND_NS
"""Clocks of two machines drift apart by milliseconds in that time."""

Ask = Callable[[], Awaitable[int]]
"""Asks the venue for its time, UTC ns."""


@attrs.frozen
class Sample:
    """One answer about the time.

    Attributes:
        round_trip: Between question and answer, ns.
        offset: Lower end of venue clock minus ours, ns.
    """

    round_trip: int
    offset: int


class ServerTime:
    """Difference between the venue's clock and ours, and how old that knowledge is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._best: Sample | None = None
        self._synced_at = 0
        self._is_wrong = True
        self._latest = 0

    @property
    def is_wrong(self) -> bool:
        """Whether the difference is unknown, or the venue has refused it."""
        return self._is_wrong

    @property
    def is_old(self) -> bool:
        """Whether it is time to ask again, without hurry."""
        return self._clock.now_ns() - self._synced_at > MAX_AGE_NS

    @property
    def best(self) -> Sample | None:
        """The narrowest sample of the last synchronization, None before the first."""
        return self._best

    def refused(self) -> None:
        """Take up that the venue refused a timestamp."""
        self._is_wrong = True

    def now(self) -> int:
        """Return the venue's clock, a little behind, never going back, UTC ns."""
        offset = self._best.offset if self._best else 0
        self._latest = max(self._latest, self._clock.now_ns() + offset)
        return self._latest

    def stamp_ms(self) -> int:
        """Return what a request is stamped with, venue clock, ms."""
        offset = self._best.offset if self._best else 0
        return (self._clock.now_ns() + offset - BEHIND_NS) // 1_000_000

    def ours(self, venue_ns: int) -> int:
        """Return when it is ``venue_ns`` here, UTC ns."""
        return venue_ns - (self._best.offset if self._best else 0)

    async def sync(self, ask: Ask) -> None:
        """Ask a few times and keep the narrowest sample.

        Raises:
            VenueError: What ``ask`` raises; what was known before still counts then.
        """
        samples = [await self._sample(ask) for _ in range(SAMPLES)]
        self._best = min(samples, key=lambda sample: sample.round_trip)
        self._synced_at = self._clock.now_ns()
        self._is_wrong = False

    async def _sample(self, ask: Ask) -> Sample:
        asked = self._clock.now_ns()
        told = await ask()
        answered = self._clock.now_ns()
        return Sample(answered - asked, told - answered)
