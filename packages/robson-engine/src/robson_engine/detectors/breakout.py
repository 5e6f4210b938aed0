"""``breakout``: the price leaves the range of the last bars in the position's direction.

A long fires at the first live price above the highest high of the last ``lookback`` complete bars,
a short at the first below their lowest low; touching the range is not leaving it. The forming bar
is no part of the range. A price that left the range in a gap does not fire; the next live price
does if it is still outside.

It needs ``lookback`` complete bars; missing ones are gathered live while it stays silent.

The technical stop is the swing of the last ``swing`` complete bars and the forming one, on the
other side of the range; ``stop`` or ``stop_distance`` replace it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from robson_domain import Side
from robson_engine.detectors.base import SignalDetector, Watch
from robson_engine.detectors.params import COUNT_MAX, Param, Params, count

LOOKBACK: Final = Param(
    name="lookback",
    default="20",
    meaning=f"How many complete bars make the range, 1 to {COUNT_MAX}.",
    example="20",
    parse=count,
)


class Breakout(SignalDetector):
    """Waits for the price to leave the range."""

    NAME: ClassVar[str] = "breakout"
    VERSION: ClassVar[int] = 1
    PARAMS: ClassVar[tuple[Param[object], ...]] = (LOOKBACK,)

    def __init__(self, params: Params, watch: Watch) -> None:
        self._lookback = params[LOOKBACK]
        self._level: int | None = None
        super().__init__(params, watch)

    def own_bars_needed(self, params: Params) -> int:
        """The bars of the range."""
        return params[LOOKBACK]

    def bars_changed(self) -> None:
        """Look for the edge of the range once a bar, not once a price."""
        look = self.history.highest if self.side is Side.LONG else self.history.lowest
        self._level = look(self._lookback)

    def price_fires(self, ticks: int, *, bar_closed: bool) -> bool:
        """Fire beyond the edge of the range."""
        return self._level is not None and (ticks - self._level) * self.side.sign > 0
