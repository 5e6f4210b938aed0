"""A detector: waits for one signal for one position, then is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from robson_domain.market import Bar, TradeTick
from robson_domain.signals import DetectorSignal
from robson_domain.values import Price


class DetectorPort(Protocol):
    """Pure and synchronous: its state is a function of what it was shown.

    After it has returned a signal it is not called again.
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[int]
    FIRES_AT_ANY_PRICE: ClassVar[bool]
    """Whether the price plays no part in when it fires: a stop that is wrong now stays wrong."""

    @property
    def bars_needed(self) -> int:
        """How many past bars :meth:`warm_up` wants; 0 = none."""
        ...

    @property
    def stop_bars_needed(self) -> int:
        """How many of them must be there before arming; the rest may come live."""
        ...

    @property
    def interval(self) -> int:
        """Length of its bars, ns."""
        ...

    def warm_up(self, bars: Sequence[Bar]) -> None:
        """Take past bars, oldest first, before the first price."""
        ...

    def on_price(self, tick: TradeTick) -> DetectorSignal | None:
        """Take one price; return the signal when this price makes it."""
        ...

    def on_time(self, ts: int) -> DetectorSignal | None:
        """Take the passing of time (UTC ns); return the signal when it is due."""
        ...

    def estimate(self, price: Price) -> DetectorSignal | None:
        """Return what the signal would be if it fired now at ``price``; changes nothing.

        None when the technical stop is not known, or not on the losing side of ``price``.
        """
        ...

    def dump(self) -> str:
        """Return the state as canonical JSON text."""
        ...

    def restore(self, data: str, version: int) -> None:
        """Take up the state that :meth:`dump` returned.

        Raises:
            UnknownSchema: For another version or text that does not fit.
        """
        ...
