"""Rows A1a, A1b and C3: the engine tick by tick, behind its index, and with many positions.

Run as ``python -m benchmarks.engine_rows ROW COUNT [SHAPE]``; prints one JSON line.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

from benchmarks.walk import STOP_TICKS, walk
from robson_domain import (
    ArmPosition,
    DetectorSignal,
    DetectorSpec,
    Input,
    Instrument,
    Money,
    Notional,
    PositionId,
    PriceDelta,
    RiskConfig,
    Side,
    SignalFired,
    SignalId,
    Symbol,
    TradeTick,
)
from robson_engine import (
    EngineConfig,
    EngineState,
    EventLog,
    LocalDriver,
    RiskLimits,
    SimulatedVenue,
    TriggerIndex,
    VenueAssumptions,
    step,
)

SYMBOL = Symbol("BTCUSDT")
INSTRUMENT = Instrument(
    symbol=SYMBOL,
    tick_size=Decimal("0.01"),
    step_size=Decimal("0.00001"),
    notional_min=Notional(5),
)
OPEN_LIMITS = RiskLimits(
    entries_per_minute=10**6,
    daily_loss_fraction=Decimal(100),
    total_risk_fraction=Decimal(100),
    drawdown_fraction=Decimal(1),
)
CONFIG = EngineConfig(account="bench", epoch="bench")
Figures = dict[str, float | int | str]


class Alternate:
    """Long first, then the other way at the trade after each exit."""

    def __init__(self) -> None:
        self.count = 0
        self.distance = PriceDelta(INSTRUMENT.price(STOP_TICKS).value)

    def __call__(self, tick: TradeTick) -> Iterator[Input]:
        self.count += 1
        side = Side.LONG if self.count % 2 else Side.SHORT
        key, now = PositionId(f"p{self.count}"), tick.ts_received
        price = INSTRUMENT.price(tick.ticks)
        yield ArmPosition(
            command_id=f"c{self.count}",
            position_id=key,
            symbol=SYMBOL,
            side=side,
            risk=RiskConfig(capital=Money(10_000)),
            instrument=INSTRUMENT,
            detector=DetectorSpec(name="delay"),
            ts_received=now,
        )
        stop = price.minus(self.distance) if side is Side.LONG else price.plus(self.distance)
        signal = DetectorSignal(
            signal_id=SignalId(f"{key}-signal"),
            position_id=key,
            symbol=SYMBOL,
            side=side,
            entry_price=price,
            technical_stop=stop,
            timestamp=now,
        )
        yield SignalFired(signal=signal, ts_event=now, ts_received=now)


def _driver() -> tuple[LocalDriver, EventLog, Alternate]:
    log, plan = EventLog("bench"), Alternate()
    venue = SimulatedVenue(
        VenueAssumptions(taker_fee_rate=Decimal(0), latency_ns=0),
        {SYMBOL: INSTRUMENT},
        Money(10**9),
    )
    state = EngineState.opening(CONFIG, Money(10_000), OPEN_LIMITS)
    return LocalDriver(state, venue, log=log, plan=plan), log, plan


def a1a(count: int, shape: str = "calm") -> Figures:
    """One input object a trade through ``step``."""
    prices, times = walk(count, shape)
    driver, log, plan = _driver()
    started = time.perf_counter()
    for number, (price, ts) in enumerate(zip(prices, times, strict=True), start=1):
        driver.offer(TradeTick(SYMBOL, price, number, ts, ts))
    seconds = time.perf_counter() - started
    return _figures(count / seconds, log, plan)


def a1b(count: int, shape: str = "calm") -> Figures:
    """Every trade offered to the same engine behind its trigger index."""
    prices, times = walk(count, shape)
    driver, log, plan = _driver()
    started = time.perf_counter()
    driver.scan(SYMBOL, prices, times)
    seconds = time.perf_counter() - started
    return _figures(count / seconds, log, plan)


def _figures(per_second: float, log: EventLog, plan: Alternate) -> Figures:
    return {
        "per_second": per_second,
        "trades": plan.count,
        "events": len(log.events),
        "head": log.head.hash,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def c3(count: int, positions: int = 1000) -> Figures:
    """One trade at ``positions`` active positions while nothing triggers, and with one."""
    return {
        "us_per_tick_many": _quiet(count, positions),
        "us_per_tick_one": _quiet(count, 1),
        "us_per_tick_scan": _scan(count // 100, positions),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _indexed(positions: int) -> TriggerIndex:
    rng, index = random.Random(3), TriggerIndex()
    for number in range(positions):
        levels = (6_000_000 + 3 * number, rng.randint(20_000, 60_000))
        index.put(PositionId(f"p{number}"), Side.LONG, levels, 0)
    return index


def _prices(count: int) -> list[int]:
    rng = random.Random(5)
    return [5_993_000 + rng.randint(-3_000, 3_000) for _ in range(count)]


def _quiet(count: int, positions: int) -> float:
    state = EngineState.opening(CONFIG, Money(10_000), OPEN_LIMITS)
    state.indexes[SYMBOL] = _indexed(positions)
    ticks = [TradeTick(SYMBOL, price, n, n, n) for n, price in enumerate(_prices(count), start=1)]
    started = time.perf_counter()
    for tick in ticks:
        step(state, tick)
    return (time.perf_counter() - started) / count * 1e6


def _scan(count: int, positions: int) -> float:
    """The peer of C3: a plain loop over all positions, two integer comparisons each."""
    rng = random.Random(3)
    levels = [
        [6_000_000 + 3 * n, 6_000_000 + 3 * n - rng.randint(20_000, 60_000)]
        for n in range(positions)
    ]
    prices = _prices(max(count, 1))
    started = time.perf_counter()
    hits = 0
    for price in prices:
        for level in levels:
            if price <= level[1]:
                hits += 1
            elif price > level[0]:
                level[0] = price
    return (time.perf_counter() - started) / len(prices) * 1e6


ROWS: dict[str, Callable[..., Figures]] = {"a1a": a1a, "a1b": a1b, "c3": c3}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(ROWS[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])) + "\n")
