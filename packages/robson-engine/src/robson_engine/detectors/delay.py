"""``delay``: the first price after a time.

Fires at the first live price received ``seconds`` or more after the detector was first shown
anything, which is the arming. ``seconds=0`` is the very first live price.

The technical stop is the swing of the last ``swing`` complete bars and the forming one;
``stop`` or ``stop_distance`` replace it and then no past bars are needed. A price at which the
stop is not on the losing side does not fire; the next one that has it there does.
"""

from __future__ import annotations

from typing import ClassVar, Final

from robson_engine.detectors.base import SignalDetector, Watch
from robson_engine.detectors.params import SECONDS_MAX, Param, Params, duration

SECONDS: Final = Param(
    name="seconds",
    default="0",
    meaning=f"How long to wait, 0 to {SECONDS_MAX}, fractions allowed.",
    example="2.5",
    parse=duration,
)


class Delay(SignalDetector):
    """Waits for time to pass, then takes the price that comes."""

    NAME: ClassVar[str] = "delay"
    VERSION: ClassVar[int] = 1
    FIRES_AT_ANY_PRICE: ClassVar[bool] = True
    PARAMS: ClassVar[tuple[Param[object], ...]] = (SECONDS,)

    def __init__(self, params: Params, watch: Watch) -> None:
        self._wait = params[SECONDS]
        super().__init__(params, watch)

    def price_fires(self, ticks: int, *, bar_closed: bool) -> bool:
        """Fire once the time is over."""
        return self.elapsed >= self._wait
