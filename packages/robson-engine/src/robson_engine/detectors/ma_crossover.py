"""``ma_crossover``: a short average of closes crosses a longer one in the position's direction.

Both are simple averages of the closes of complete bars. A long fires at the close of the bar with
which ``fast`` stands above ``slow`` after it stood at or below it with the bar before; a short is
the mirror image. The price of the signal is the one that shows the bar to be complete: the first
trade of the next interval, or, when none comes, the last trade once the bar is closed by time.

A crossing is a moment. One that only back-filled trades show, or at whose price the technical
stop is not on the losing side, is let go; the detector waits for the next.

It wants ``slow`` + 1 past bars. With fewer it gathers the missing ones live and stays silent until
it has them.

The technical stop is the swing of the last ``swing`` complete bars, which include the one that
crossed, and the forming one; ``stop`` or ``stop_distance`` replace it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from robson_domain import ValidationError
from robson_engine.detectors.base import SignalDetector, Watch
from robson_engine.detectors.params import COUNT_MAX, Param, Params, count

FAST: Final = Param(
    name="fast",
    default="9",
    meaning="How many closes the short average takes, 1 or more, fewer than slow.",
    example="9",
    parse=count,
)
SLOW: Final = Param(
    name="slow",
    default="21",
    meaning=f"How many closes the long average takes, up to {COUNT_MAX}.",
    example="21",
    parse=count,
)


class MaCrossover(SignalDetector):
    """Waits for the averages to cross."""

    NAME: ClassVar[str] = "ma_crossover"
    VERSION: ClassVar[int] = 1
    PARAMS: ClassVar[tuple[Param[object], ...]] = (FAST, SLOW)

    def __init__(self, params: Params, watch: Watch) -> None:
        self._fast, self._slow = params[FAST], params[SLOW]
        if self._fast >= self._slow:
            raise ValidationError(
                "fast", f"{self._fast} must be below slow ({self._slow}), e.g. fast=9 slow=21"
            )
        super().__init__(params, watch)

    def own_bars_needed(self, params: Params) -> int:
        """One bar more than the long average takes: a crossing needs a before."""
        return params[SLOW] + 1

    def price_fires(self, ticks: int, *, bar_closed: bool) -> bool:
        """Fire with the first price after the bar that crossed."""
        return bar_closed and self._crossed()

    def time_fires(self, *, bar_closed: bool) -> bool:
        """Fire when silence completes the bar that crossed."""
        return bar_closed and self._crossed()

    def _crossed(self) -> bool:
        closes = self.history.closes(self._slow + 1)
        if closes is None:
            return False
        return self._lead(closes[:-1]) <= 0 < self._lead(closes[1:])

    def _lead(self, closes: list[int]) -> int:
        # fast average - slow average in the position's direction, times fast times slow: whole.
        fast, slow = sum(closes[-self._fast :]), sum(closes)
        return self.side.sign * (fast * self._slow - slow * self._fast)
