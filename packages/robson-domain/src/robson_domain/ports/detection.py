"""A detector: waits for one signal for one position, then is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from robson_domain.market import Bar, TradeTick
from robson_domain.signals import DetectorSignal


class DetectorPort(Protocol):
    """Pure and synchronous: its state is a function of what it was shown.

    After it has returned a signal it is not called again.
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[int]

    @property
    def bars_needed(self) -> int:
        """How many past bars :meth:`warm_up` wants; 0 = none."""
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

    def dump(self) -> str:
        """Return the state as canonical JSON text."""
        ...

    def restore(self, data: str, version: int) -> None:
        """Take up the state that :meth:`dump` returned.

        Raises:
            UnknownSchema: For another version or text that does not fit.
        """
        ...
