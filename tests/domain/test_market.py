"""What the market shows: trades that are cheap to make, and bars."""

from __future__ import annotations

import pytest
from hypothesis import given

from robson_domain import Bar, PriceOrigin, Quantity, TradeTick
from robson_domain.testing import a_bar, a_tick, strategies


def test_origins_keep_their_numbers() -> None:
    """Golden: they stand in logs already written."""
    assert [(origin.name, origin.value) for origin in PriceOrigin] == [
        *(("LIVE", 0), ("GAP", 1), ("REST", 2)),
    ]


def test_a_trade_is_live_and_of_unknown_size_unless_said() -> None:
    tick = TradeTick(a_tick().symbol, 1, 2, 3, 4)
    assert (tick.origin, tick.steps) == (PriceOrigin.LIVE, 0)


@given(strategies.ticks())
def test_a_trade_cannot_be_changed(tick: TradeTick) -> None:
    with pytest.raises(AttributeError):
        tick.ticks = 1  # type: ignore[misc]
    assert tick._replace(ticks=tick.ticks) == tick


@given(strategies.bars())
def test_a_bar_ends_where_the_next_begins(bar: Bar) -> None:
    assert bar.ts_close == bar.ts_open + bar.interval
    assert bar.low <= bar.open <= bar.high
    assert bar.low <= bar.close <= bar.high


def test_a_bar_may_not_know_its_volume() -> None:
    bar = a_bar()
    plain = Bar(
        symbol=bar.symbol,
        ts_open=0,
        interval=1,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
    )
    assert plain.volume == Quantity(0)
