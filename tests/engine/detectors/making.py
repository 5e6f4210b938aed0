"""Short ways to make detectors, trades, times and bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from robson_domain import (
    Bar,
    DetectorSignal,
    DetectorSpec,
    Instrument,
    PositionId,
    PriceOrigin,
    Quantity,
    Side,
    Symbol,
    TradeTick,
)
from robson_domain.decimals import to_decimal
from robson_engine.detectors import create_detector

BTC: Final = Symbol("BTCUSDT")
RULES: Final = Instrument(symbol=BTC, tick_size=to_decimal("0.5"), step_size=to_decimal("0.001"))
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
START: Final = 1_700_000_040 * SECOND
"""A whole minute."""

Shown = TradeTick | int
"""A trade, or a time that passed."""


def make(name: str, *, side: Side = Side.LONG, **params: str) -> Any:
    """Return the detector ``name``; untyped, so that tests may ask what only some have."""
    return create_detector(
        DetectorSpec(name=name, params=tuple(params.items())),
        position_id=PositionId("p1"),
        symbol=BTC,
        side=side,
        instrument=RULES,
    )


def tick(
    ticks: int,
    at: int = 0,
    *,
    origin: PriceOrigin = PriceOrigin.LIVE,
    received: int | None = None,
    symbol: Symbol = BTC,
) -> TradeTick:
    """Return a trade ``at`` ns after START, received then too unless said otherwise."""
    ts = START + at
    return TradeTick(
        symbol=symbol,
        ticks=ticks,
        trade_id=1,
        ts_event=ts,
        ts_received=ts if received is None else START + received,
        steps=1,
        origin=origin,
    )


def bar(number: int, low: int, high: int, close: int | None = None, /, **other: Any) -> Bar:
    """Return the minute bar ``number`` minutes after START, prices in ticks."""
    fields: dict[str, Any] = {
        "symbol": BTC,
        "ts_open": START + number * MINUTE,
        "interval": MINUTE,
        "open": RULES.price(low),
        "high": RULES.price(high),
        "low": RULES.price(low),
        "close": RULES.price(high if close is None else close),
        "volume": Quantity(0),
    }
    return Bar(**{**fields, **other})


def past(extents: Sequence[tuple[int, int]]) -> list[Bar]:
    """Return minute bars that end at START, from their (low, high) in ticks, oldest first."""
    return [bar(i - len(extents), low, high) for i, (low, high) in enumerate(extents)]


def show(detector: Any, shown: Shown) -> DetectorSignal | None:
    """Show one trade or time."""
    signal = detector.on_time(shown) if isinstance(shown, int) else detector.on_price(shown)
    assert signal is None or isinstance(signal, DetectorSignal)
    return signal


def first_signal(detector: Any, story: Sequence[Shown]) -> tuple[int, DetectorSignal] | None:
    """Return the first signal of ``story`` and the index that made it."""
    for index, shown in enumerate(story):
        if (signal := show(detector, shown)) is not None:
            return index, signal
    return None
