"""A market that needs nobody."""

from __future__ import annotations

import asyncio
import itertools
from decimal import Decimal

import pytest

from robson_connectors.paper.market import DEFAULT_PAIRS, PairSpec, SimulatedMarket
from robson_connectors.recording import instrument_for
from robson_domain.errors import DefinitiveVenueError, ValidationError
from robson_domain.market import PriceOrigin, TradeTick
from robson_domain.symbols import Symbol
from robson_domain.testing.clocks import SteppedClock
from robson_domain.values import Price, Quantity
from tests.connectors.harnesses import BTC, ORIGIN, SECOND

ETH = Symbol("ETHUSDT")


def a_market(
    at: int = ORIGIN, seed: int = 1, volatility: int = 100
) -> tuple[SimulatedMarket, SteppedClock]:
    clock = SteppedClock(at)
    return SimulatedMarket(seed, clock, ORIGIN, volatility=volatility), clock


class Run:
    """A market's task and what it delivered."""

    def __init__(self, market: SimulatedMarket) -> None:
        self.ticks: list[TradeTick] = []
        self.missed = 0
        self.task = asyncio.ensure_future(market.run(self.ticks.append, self._miss))

    def _miss(self) -> None:
        self.missed += 1

    def of(self, symbol: Symbol) -> list[TradeTick]:
        return [tick for tick in self.ticks if tick.symbol == symbol]

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def delivered(market: SimulatedMarket, clock: SteppedClock, seconds: int) -> Run:
    run = Run(market)
    await clock.run_for(seconds * SECOND)
    await run.stop()
    return run


async def test_ids_ascend_from_one_and_times_with_them() -> None:
    market, clock = a_market()
    run = await delivered(market, clock, 20)
    for symbol in market.instruments:
        ticks = run.of(symbol)
        assert [tick.trade_id for tick in ticks] == list(range(1, len(ticks) + 1))
        assert 95 <= len(ticks) <= 100
        assert all(a.ts_event < b.ts_event for a, b in itertools.pairwise(ticks))
    assert [t.ts_event for t in run.ticks] == sorted(t.ts_event for t in run.ticks)
    assert all(t.ts_received == t.ts_event >= ORIGIN and t.steps > 0 for t in run.ticks)


async def test_trades_are_delivered_at_their_time() -> None:
    market, clock = a_market()
    times: list[tuple[int, int]] = []

    def deliver(tick: TradeTick) -> None:
        times.append((tick.ts_event, clock.now_ns()))

    task = asyncio.ensure_future(market.run(deliver, lambda: None))
    await clock.run_for(5 * SECOND)
    task.cancel()
    assert times
    assert all(happened == shown for happened, shown in times)


async def test_trades_depend_on_seed_and_id_alone() -> None:
    market, clock = a_market()
    first = await delivered(market, clock, 10)
    late, late_clock = a_market(ORIGIN + 4 * SECOND)
    second = await delivered(late, late_clock, 6)
    mark = second.of(BTC)[0].trade_id
    assert mark > 15
    assert second.of(BTC) == [tick for tick in first.of(BTC) if tick.trade_id >= mark]
    other, other_clock = a_market(seed=2)
    third = await delivered(other, other_clock, 10)
    assert [t.ticks for t in third.of(BTC)] != [t.ticks for t in first.of(BTC)]
    assert [t.ts_event for t in third.of(BTC)] != [t.ts_event for t in first.of(BTC)]
    assert [t.steps for t in third.of(BTC)] != [t.steps for t in first.of(BTC)]


async def test_nothing_is_delivered_from_before_the_origin() -> None:
    market, clock = a_market(ORIGIN - 10 * SECOND)
    assert await market.trades_since(BTC, 0) == ()
    last = market.last_trade(BTC)
    assert last is not None
    assert last.trade_id < 0
    run = await delivered(market, clock, 11)
    assert min(tick.trade_id for tick in run.of(BTC)) == 1


async def test_what_was_missed_can_be_fetched() -> None:
    market, clock = a_market()
    run = await delivered(market, clock, 10)
    found = await market.trades_since(BTC, 7)
    assert [tick.trade_id for tick in found] == [t.trade_id for t in run.of(BTC)[7:]]
    for fetched, live in zip(found, run.of(BTC)[7:], strict=True):
        assert fetched == live._replace(ts_received=clock.now_ns(), origin=PriceOrigin.GAP)
    assert await market.trades_since(BTC, -5) == await market.trades_since(BTC, 0)
    assert list(market.past(BTC, run.of(BTC)[7].ts_event)) == run.of(BTC)[7:]
    assert market.last_trade(BTC) == run.of(BTC)[-1]


async def test_too_far_back_is_refused() -> None:
    quick = PairSpec(instrument=instrument_for(BTC), start=Price(60_000), interval_ns=1_000)
    clock = SteppedClock(ORIGIN + SECOND + 1_000)
    market = SimulatedMarket(1, clock, ORIGIN, [quick])
    with pytest.raises(DefinitiveVenueError, match="trades back"):
        await market.trades_since(BTC, 0)
    assert 900 < len(await market.trades_since(BTC, 999_000)) < 1_100


async def test_long_fetches_let_others_work() -> None:
    market, _ = a_market(ORIGIN + 3_000 * SECOND)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.ensure_future(other())
    assert len(await market.trades_since(BTC, 0)) > 14_000
    assert turns >= 3
    task.cancel()


async def test_a_process_that_slept_is_told() -> None:
    market, clock = a_market()
    run = Run(market)
    await clock.run_for(2 * SECOND)
    count = len(run.of(BTC))
    clock.jump_to(ORIGIN + 60 * SECOND)
    await clock.run_for(2 * SECOND)
    await run.stop()
    assert run.missed == 1
    ids = [tick.trade_id for tick in run.of(BTC)]
    assert ids[count] > 299
    assert ids[count:] == list(range(ids[count], ids[count] + len(ids) - count))


async def test_a_short_delay_misses_nothing() -> None:
    market, clock = a_market()
    run = Run(market)
    await clock.run_for(2 * SECOND)
    clock.jump_to(ORIGIN + 6 * SECOND)
    await clock.run_for(2 * SECOND)
    await run.stop()
    ids = [tick.trade_id for tick in run.of(BTC)]
    assert (run.missed, ids) == (0, list(range(1, len(ids) + 1)))


# ----------------------------------------------------------------------------------- bars


async def test_bars_are_what_their_trades_were() -> None:
    market, clock = a_market(ORIGIN + 47 * SECOND)
    bars = await market.bars(BTC, 10 * SECOND, 6)
    assert [bar.ts_open for bar in bars] == [ORIGIN + n * 10 * SECOND for n in range(-2, 4)]
    rules = market.instruments[BTC]
    ticks = await market.trades_since(BTC, 0)
    for bar in bars[2:]:
        inside = [t for t in ticks if bar.ts_open <= t.ts_event < bar.ts_close]
        prices = [rules.price(tick.ticks) for tick in inside]
        told = (bar.open, bar.high, bar.low, bar.close)
        assert told == (prices[0], max(prices), min(prices), prices[-1])
        assert bar.volume == rules.quantity(sum(tick.steps for tick in inside))
    assert clock.now_ns() >= bars[-1].ts_close


async def test_history_has_a_beginning() -> None:
    market, _ = a_market(ORIGIN)
    hour = 3_600 * SECOND
    bars = await market.bars(BTC, hour, 50)
    assert len(bars) == 5
    assert bars[-1].ts_close <= ORIGIN
    assert bars[0].ts_open >= ORIGIN - 6 * hour
    assert await market.bars(BTC, hour, 0) == ()


async def test_bars_for_a_detector_are_there_at_once() -> None:
    market, _ = a_market()
    assert len(await market.bars(BTC, 60 * SECOND, 60)) == 60


# --------------------------------------------------------------------------------- settings


def test_default_pairs() -> None:
    rules = [(p.symbol, p.instrument.tick_size, p.instrument.step_size) for p in DEFAULT_PAIRS]
    assert rules == [
        (BTC, Decimal("0.01"), Decimal("0.00001")),
        (ETH, Decimal("0.01"), Decimal("0.0001")),
        (Symbol("SOLUSDT"), Decimal("0.01"), Decimal("0.001")),
    ]
    assert [str(pair.start) for pair in DEFAULT_PAIRS] == ["60000", "3000", "150"]
    assert {str(pair.instrument.notional_min) for pair in DEFAULT_PAIRS} == {"5"}


def test_values_are_checked() -> None:
    with pytest.raises(ValidationError, match="volatility"):
        a_market(volatility=1_001)
    with pytest.raises(ValidationError, match="interval_ns"):
        PairSpec(instrument=instrument_for(BTC), start=Price(1), interval_ns=999)
    with pytest.raises(ValidationError, match="multiple of tick size"):
        PairSpec(instrument=instrument_for(BTC), start=Price("1.001"))


def test_a_coarse_pair_still_trades() -> None:
    """A step worth more than a usual trade: every trade is one step."""
    coarse = PairSpec(instrument=instrument_for(BTC, "1", "10"), start=Price(60_000))
    tick = SimulatedMarket(1, SteppedClock(ORIGIN), ORIGIN, [coarse]).last_trade(BTC)
    assert tick is not None
    assert tick.steps == 1


@pytest.mark.parametrize(
    "other",
    [
        a_market(seed=2)[0],
        a_market(volatility=99)[0],
        SimulatedMarket(1, SteppedClock(ORIGIN), ORIGIN + 1),
        SimulatedMarket(1, SteppedClock(ORIGIN), ORIGIN, DEFAULT_PAIRS[:2]),
    ],
)
def test_identity_tells_markets_apart(other: SimulatedMarket) -> None:
    assert other.identity != a_market()[0].identity
    assert a_market()[0].identity == a_market(at=ORIGIN + 5)[0].identity


# ------------------------------------------------------------------------------ liveliness


@pytest.mark.parametrize(("distance_ppm", "seconds"), [(2_000, 40), (5_000, 75), (10_000, 150)])
async def test_trailing_stops_are_exercised(distance_ppm: int, seconds: int) -> None:
    """Seen from two hundred entries, most stops have been hit after so many seconds."""
    market, _ = a_market(ORIGIN + 4_000 * SECOND)
    ticks = [tick.ticks for tick in await market.trades_since(BTC, 0)]
    hits = 0
    for entry in range(0, 16_000, 80):
        best = ticks[entry]
        distance = best * distance_ppm // 1_000_000
        for price in ticks[entry : entry + seconds * 5]:
            best = max(best, price)
            if price <= best - distance:
                hits += 1
                break
    assert hits > 120


def test_most_trades_are_small() -> None:
    market, _ = a_market(ORIGIN + 1_000 * SECOND)
    steps = [tick.steps for tick in market.past(BTC, ORIGIN)]
    large = sum(count > 2_500 for count in steps)
    assert 0 < large < len(steps) // 4
    rules = market.instruments[BTC]
    assert rules.quantity(max(steps)) * Price(60_000) <= Quantity(1) * Price(3_100)
