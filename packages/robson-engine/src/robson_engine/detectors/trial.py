"""``test``: a signal five seconds after arming, whatever the market does.

Fires when five seconds have passed since the detector was first shown anything, which is the
arming: at the last live price, stamped with the time that has passed, or else at the first live
price after.

The technical stop is the swing of the last ``swing`` complete bars and the forming one;
``stop`` or ``stop_distance`` replace it and then no past bars are needed. While the stop is not on
the losing side of the last price, it goes on waiting.
"""

from __future__ import annotations

from typing import ClassVar, Final

from robson_engine.detectors.base import SignalDetector

WAIT: Final = 5_000_000_000
"""Time between arming and the signal, ns."""


class Trial(SignalDetector):
    """Waits five seconds."""

    NAME: ClassVar[str] = "test"
    VERSION: ClassVar[int] = 1
    FIRES_AT_ANY_PRICE: ClassVar[bool] = True

    def price_fires(self, ticks: int, *, bar_closed: bool) -> bool:
        """Fire once the time is over."""
        return self.elapsed >= WAIT

    def time_fires(self, *, bar_closed: bool) -> bool:
        """Fire once the time is over, without waiting for a price."""
        return self.elapsed >= WAIT
