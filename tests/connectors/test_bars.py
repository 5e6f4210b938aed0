"""Bars out of trades."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.bars import bars_of
from robson_domain.market import TradeTick
from tests.connectors.harnesses import BTC, ORIGIN, RULES, SECOND

TICKS = st.lists(
    st.tuples(st.integers(0, 90), st.integers(1, 50), st.integers(0, 5)), max_size=60
).map(
    lambda rows: [
        TradeTick(BTC, ticks, number, ORIGIN + at * SECOND, ORIGIN + at * SECOND, steps)
        for number, (at, ticks, steps) in enumerate(sorted(rows, key=lambda row: row[0]), start=1)
    ]
)


def at(second: int, ticks: int) -> TradeTick:
    ts = ORIGIN + second * SECOND
    return TradeTick(BTC, ticks, 1, ts, ts, 2)


@given(TICKS, st.integers(0, 100))
def test_every_complete_interval_with_trades_is_a_bar(ticks: list[TradeTick], now: int) -> None:
    until, length = ORIGIN + now * SECOND, 10 * SECOND
    known = [tick for tick in ticks if tick.ts_event <= until]
    bars = bars_of(known, RULES, length, until)
    starts = sorted({tick.ts_event // length * length for tick in known})
    assert [bar.ts_open for bar in bars] == [start for start in starts if start + length <= until]
    for bar in bars:
        inside = [t for t in known if bar.ts_open <= t.ts_event < bar.ts_close]
        prices = [RULES.price(t.ticks) for t in inside]
        assert (bar.open, bar.close) == (prices[0], prices[-1])
        assert (bar.high, bar.low) == (max(prices), min(prices))
        assert bar.volume == RULES.quantity(sum(t.steps for t in inside))
        assert (bar.interval, bar.symbol) == (length, BTC)


def test_an_interval_without_trades_has_no_bar() -> None:
    bars = bars_of([at(1, 5), at(31, 6)], RULES, 10 * SECOND, ORIGIN + 60 * SECOND)
    assert [(bar.ts_open - ORIGIN) // SECOND for bar in bars] == [0, 30]


def test_a_late_trade_counts_to_the_bar_at_hand() -> None:
    bars = bars_of([at(1, 5), at(11, 6), at(9, 2)], RULES, 10 * SECOND, ORIGIN + 60 * SECOND)
    assert [str(bar.low) for bar in bars] == ["0.05", "0.02"]


def test_nothing_makes_nothing() -> None:
    assert bars_of([], RULES, SECOND, ORIGIN) == ()
