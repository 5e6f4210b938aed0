"""``manual``: the person has decided already; the next price is the signal.

Fires at the next live price.

The technical stop is the swing of the last ``swing`` complete bars and the forming one;
``stop`` or ``stop_distance`` replace it and then no past bars are needed. A price at which the
stop is not on the losing side does not fire; the next one that has it there does.
"""

from __future__ import annotations

from typing import ClassVar

from robson_engine.detectors.base import SignalDetector


class Manual(SignalDetector):
    """Takes the next price."""

    NAME: ClassVar[str] = "manual"
    VERSION: ClassVar[int] = 1
    FIRES_AT_ANY_PRICE: ClassVar[bool] = True

    def price_fires(self, ticks: int, *, bar_closed: bool) -> bool:
        """Fire."""
        return True
