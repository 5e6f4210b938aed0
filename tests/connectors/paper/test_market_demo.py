"""What the demonstration promises to show, computed with a few lines of arithmetic."""

from __future__ import annotations

from fractions import Fraction

import pytest

from robson_connectors.paper.market import SimulatedMarket
from robson_connectors.paper.market_demo import DEMO_SEED, DEMO_STOP_DISTANCE, demo_seed
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol
from robson_domain.testing.clocks import SteppedClock
from tests.connectors.harnesses import ORIGIN, SECOND

FEE = Fraction("0.0004")
DISTANCE = Fraction(3, 1_000)
ENTRIES = [Fraction(half, 2) for half in range(1, 25)]


async def trades_of(pair: str) -> tuple[TradeTick, ...]:
    market = SimulatedMarket(DEMO_SEED, SteppedClock(ORIGIN + 90 * SECOND), ORIGIN)
    return await market.trades_since(Symbol(pair), 0)


def story(
    ticks: tuple[TradeTick, ...], sign: int, entry_seconds: Fraction
) -> tuple[Fraction, int, Fraction]:
    """Return seconds until the stop is hit, moves of the stop, and gain after both fees."""
    after = [tick for tick in ticks if tick.ts_event >= ORIGIN + entry_seconds * SECOND]
    entry = after[0]
    distance = entry.ticks * DISTANCE
    best = entry.ticks
    moves = 0
    for tick in after[1:]:
        if sign * (best - tick.ticks) >= distance:
            seconds = Fraction(tick.ts_event - entry.ts_event, SECOND)
            gain = sign * (tick.ticks - entry.ticks) - FEE * (tick.ticks + entry.ticks)
            return seconds, moves, gain / entry.ticks
        if sign * (tick.ticks - best) > 0:
            best = tick.ticks
            moves += 1
    raise AssertionError("the stop was never hit")


@pytest.mark.parametrize(("pair", "sign"), [("BTCUSDT", 1), ("ETHUSDT", -1)])
async def test_both_directions_trail_and_close_with_a_profit(pair: str, sign: int) -> None:
    ticks = await trades_of(pair)
    for entry in ENTRIES:
        seconds, moves, gain = story(ticks, sign, entry)
        assert 15 <= seconds <= 32, f"entered after {entry} s"
        assert moves >= 50, f"entered after {entry} s"
        assert gain >= Fraction(3, 1_000), f"entered after {entry} s"


async def test_another_seed_would_not_do() -> None:
    """The seed matters: the very next one is no demonstration."""
    market = SimulatedMarket(DEMO_SEED + 1, SteppedClock(ORIGIN + 90 * SECOND), ORIGIN)
    ticks = await market.trades_since(Symbol("BTCUSDT"), 0)
    assert min(story(ticks, 1, entry)[2] for entry in ENTRIES) < 0


def test_names() -> None:
    assert demo_seed() == DEMO_SEED
    assert DEMO_STOP_DISTANCE == "0.3%"
