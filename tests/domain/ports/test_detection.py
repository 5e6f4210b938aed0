"""A detector is pure and small enough to be written in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from robson_domain import Bar, DetectorPort, DetectorSignal, Price, TradeTick, UnknownSchema
from robson_domain.testing import a_bar, a_signal, a_tick
from tests.domain.ports.shape import asynchronous


class SecondTrade:
    """Signals at the second trade it sees: the least that is a detector."""

    NAME: ClassVar[str] = "second_trade"
    VERSION: ClassVar[int] = 1
    FIRES_AT_ANY_PRICE: ClassVar[bool] = True
    bars_needed = 1
    stop_bars_needed = 0
    interval = 60_000_000_000

    def __init__(self) -> None:
        self.seen = 0

    def warm_up(self, bars: Sequence[Bar]) -> None:
        self.seen = 0

    def on_price(self, tick: TradeTick) -> DetectorSignal | None:
        self.seen += 1
        return a_signal(timestamp=tick.ts_received) if self.seen == 2 else None

    def on_time(self, ts: int) -> DetectorSignal | None:
        return None

    def estimate(self, price: Price) -> DetectorSignal | None:
        return None

    def dump(self) -> str:
        return str(self.seen)

    def restore(self, data: str, version: int) -> None:
        if version != self.VERSION:
            raise UnknownSchema(f"second_trade: version {version} is not known")
        self.seen = int(data)


def test_the_port_can_be_implemented_in_a_few_lines() -> None:
    detector: DetectorPort = SecondTrade()
    detector.warm_up([a_bar()])
    assert detector.on_price(a_tick()) is None
    assert detector.on_time(1) is None
    signal = detector.on_price(a_tick(ts_received=7))
    assert signal is not None
    assert signal.timestamp == 7


def test_a_restored_detector_goes_on_where_it_was() -> None:
    first, second = SecondTrade(), SecondTrade()
    first.on_price(a_tick())
    second.restore(first.dump(), first.VERSION)
    assert second.on_price(a_tick()) == first.on_price(a_tick())
    with pytest.raises(UnknownSchema):
        second.restore(first.dump(), 2)


def test_a_detector_awaits_nothing() -> None:
    assert asynchronous(DetectorPort) == set()
