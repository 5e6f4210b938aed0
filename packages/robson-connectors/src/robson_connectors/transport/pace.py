"""How fast we may speak, and how long we wait after a failure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from robson_domain.ports.system import Clock

SECOND_NS: Final = 1_000_000_000
MESSAGES_MAX: Final = 5
"""Messages in any second, answers to pings included; venues cut off who sends more."""
_RESERVE: Final = 1
"""Kept for the answer to a ping, which cannot wait for its turn."""
_WINDOW_NS: Final = SECOND_NS + SECOND_NS // 20
"""A twentieth more than the second: on their way messages move closer together."""

BACKOFF_FIRST_NS: Final = SECOND_NS // 4
BACKOFF_MAX_NS: Final = 30 * SECOND_NS
_DOUBLINGS_MAX: Final = 10


class Pace:
    """At most :data:`MESSAGES_MAX` outgoing messages in any second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: deque[int] = deque(maxlen=MESSAGES_MAX - _RESERVE)

    def count(self) -> None:
        """Take note of a message that went out by itself."""
        self._sent.append(self._clock.now_ns())

    async def turn(self) -> None:
        """Return when the next message may go out, and count it."""
        while len(self._sent) == self._sent.maxlen:
            free_at = self._sent[0] + _WINDOW_NS
            if self._clock.now_ns() >= free_at:
                break
            await self._clock.sleep_until(free_at)
        self.count()


def backoff_ns(failures: int, jitter: Callable[[], float]) -> int:
    """Return how long to wait after ``failures`` in a row, ns: doubling, at most 30 s.

    Args:
        jitter: Returns a number in [0, 1); the wait is between half and all of its length, so
            that clients cut off together do not come back together.
    """
    if failures < 1:
        return 0
    whole = min(BACKOFF_FIRST_NS << min(failures - 1, _DOUBLINGS_MAX), BACKOFF_MAX_NS)
    return whole // 2 + int(whole // 2 * jitter())
