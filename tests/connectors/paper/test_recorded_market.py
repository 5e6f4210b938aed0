"""A recording played back."""

from __future__ import annotations

import asyncio

import pytest

from robson_connectors.paper.market import RecordedMarket
from robson_connectors.recording import instrument_for
from robson_domain.errors import ValidationError
from robson_domain.market import PriceOrigin, TradeTick
from robson_domain.symbols import Symbol
from robson_domain.testing.clocks import SteppedClock
from tests.connectors.harnesses import BTC, ORIGIN, RULES, SECOND

ETH = Symbol("ETHUSDT")
BOTH = {BTC: RULES, ETH: instrument_for(ETH)}


def tick(trade_id: int, seconds: int, ticks: int = 100, symbol: Symbol = BTC) -> TradeTick:
    """Return a trade received ``seconds`` after the origin, half a second before it happened."""
    received = ORIGIN + seconds * SECOND
    return TradeTick(symbol, ticks, trade_id, received + SECOND // 2, received, trade_id)


MIXED = [
    tick(10, 1, 100),
    tick(5, 1, 200, ETH),
    tick(11, 1, 101),
    tick(13, 4, 103),
    tick(12, 2, 102),  # received out of order
    tick(6, 5, 201, ETH),
    tick(14, 9, 104),
]


async def test_trades_come_in_file_order_at_the_latest_time_so_far() -> None:
    clock = SteppedClock(ORIGIN)
    market = RecordedMarket(MIXED, BOTH, clock)
    shown: list[tuple[TradeTick, int]] = []
    task = asyncio.ensure_future(
        market.run(lambda t: shown.append((t, clock.now_ns())), lambda: None)
    )
    await clock.run_for(20 * SECOND)
    assert task.done()
    assert [each for each, _ in shown] == MIXED
    assert [(ts - ORIGIN) // SECOND for _, ts in shown] == [1, 1, 1, 4, 4, 5, 9]


async def test_a_recorder_whose_clock_jumped() -> None:
    """What waits behind a late time is not there yet, whatever its own time says."""
    clock = SteppedClock(ORIGIN + 5 * SECOND)
    jumped = [tick(n, at) for n, at in enumerate([1, 8, 2, 3, 4, 9], start=1)]
    market = RecordedMarket(jumped, RULES, clock)
    assert [t.trade_id for t in await market.trades_since(BTC, 0)] == [1]
    clock.jump_to(ORIGIN + 8 * SECOND)
    assert [t.trade_id for t in await market.trades_since(BTC, 0)] == [1, 2, 3, 4, 5]


async def test_it_begins_with_the_next_trade() -> None:
    clock = SteppedClock(ORIGIN + 4 * SECOND)
    market = RecordedMarket(MIXED, BOTH, clock)
    shown: list[TradeTick] = []
    task = asyncio.ensure_future(market.run(shown.append, lambda: None))
    await clock.run_for(20 * SECOND)
    assert task.done()
    assert [each.trade_id for each in shown] == [6, 14]


async def test_what_can_be_fetched_is_what_was_delivered() -> None:
    clock = SteppedClock(ORIGIN + 1 * SECOND)
    market = RecordedMarket(MIXED, BOTH, clock)
    assert [t.trade_id for t in await market.trades_since(BTC, 0)] == [10, 11]
    clock.jump_to(ORIGIN + 4 * SECOND)
    found = await market.trades_since(BTC, 10)
    assert [t.trade_id for t in found] == [11, 12, 13]
    assert {(t.origin, t.ts_received) for t in found} == {(PriceOrigin.GAP, clock.now_ns())}
    assert [t.trade_id for t in market.past(BTC, ORIGIN + 2 * SECOND)] == [13, 12]
    assert market.last_trade(BTC) == MIXED[4]
    assert market.last_trade(ETH) == MIXED[1]


async def test_before_the_first_trade_there_is_nothing() -> None:
    market = RecordedMarket(MIXED, BOTH, SteppedClock(ORIGIN))
    assert market.last_trade(BTC) is None
    assert await market.trades_since(BTC, 0) == ()
    assert await market.bars(BTC, SECOND, 5) == ()


async def test_bars_are_what_the_file_holds_before_now() -> None:
    clock = SteppedClock(ORIGIN + 4 * SECOND)
    market = RecordedMarket(MIXED, BOTH, clock)
    (first,) = await market.bars(BTC, SECOND, 5)
    assert (str(first.open), str(first.close)) == ("1", "1.01")
    clock.jump_to(ORIGIN + 20 * SECOND)
    bars = await market.bars(BTC, SECOND, 5)
    starts = [(bar.ts_open - ORIGIN) // SECOND for bar in bars]
    assert starts == [1, 4, 9]
    # The late trade belongs to the bar at hand: bars that are over do not change.
    assert [str(bar.close) for bar in bars] == ["1.01", "1.02", "1.04"]
    assert await market.bars(BTC, SECOND, 1) == bars[-1:]
    assert await market.bars(BTC, SECOND, 0) == ()


async def test_a_clock_that_runs_ahead_lets_others_work() -> None:
    clock = SteppedClock(ORIGIN)
    market = RecordedMarket([tick(n, n) for n in range(1, 200)], RULES, clock)
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(len(shown))
            await asyncio.sleep(0)

    shown: list[TradeTick] = []
    playing = asyncio.ensure_future(market.run(shown.append, lambda: None))
    await asyncio.sleep(0)
    clock.jump_to(ORIGIN + 150 * SECOND)
    watching = asyncio.ensure_future(other())
    await clock.run_for(0)
    for _ in range(200):
        await asyncio.sleep(0)
    assert 100 < len(shown) <= 150
    assert len(set(turns)) > 50
    playing.cancel()
    watching.cancel()


@pytest.mark.parametrize(
    ("ticks", "rules", "problem"),
    [([], BOTH, "is empty"), (MIXED, {BTC: RULES}, "no instrument for ETHUSDT")],
)
def test_what_cannot_be_played(
    ticks: list[TradeTick], rules: dict[Symbol, object], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        RecordedMarket(ticks, rules, SteppedClock(ORIGIN))  # type: ignore[arg-type]


def test_identity_is_content_and_sizes() -> None:
    clock = SteppedClock(ORIGIN)
    plain = RecordedMarket(MIXED, BOTH, clock).identity
    assert RecordedMarket(MIXED, BOTH, SteppedClock(0)).identity == plain
    changed = [*MIXED[:-1], tick(14, 9, 105)]
    assert RecordedMarket(changed, BOTH, clock).identity != plain
    coarse = {**BOTH, BTC: instrument_for(BTC, "0.1", "0.001")}
    assert RecordedMarket(MIXED, coarse, clock).identity != plain
