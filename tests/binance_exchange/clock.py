"""The exchange's own clock, which may be wrong on purpose."""

from __future__ import annotations

import time
from collections.abc import Callable


class ExchangeClock:
    """Time of the exchange in UTC milliseconds: the machine's plus a skew."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self.skew_ms = 0

    def real_ms(self) -> int:
        """Return the true time; the audit uses it, so that skew does not bend durations."""
        return self._now_ns() // 1_000_000

    def now_ms(self) -> int:
        """Return the time the exchange believes in."""
        return self.real_ms() + self.skew_ms
