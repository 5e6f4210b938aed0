"""Prices that move by themselves: a seeded walk, or recorded frames at a chosen speed."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import attrs

from tests.binance_exchange.wire import Json


@attrs.frozen(kw_only=True)
class Walk:
    """A random walk of ``steps`` trades, ``every_ms`` apart, at most ``reach_ticks`` a step."""

    symbol: str
    steps: int
    seed: int = 0
    every_ms: int = 100
    reach_ticks: int = 50
    quantity: Decimal = Decimal("0.01")


@attrs.frozen(kw_only=True)
class Recorded:
    """One recorded trade."""

    symbol: str
    price: Decimal
    quantity: Decimal
    time: int
    buyer_maker: bool


def walk_ticks(walk: Walk) -> Iterator[int]:
    """Return the moves of ``walk`` in ticks; the same seed gives the same moves."""
    chance = random.Random(walk.seed)
    return (chance.randint(-walk.reach_ticks, walk.reach_ticks) for _ in range(walk.steps))


def recorded(lines: Iterable[str]) -> Iterator[Recorded]:
    """Return the trades among recorded frames: one JSON frame a line, raw or combined."""
    for line in lines:
        frame: Json = json.loads(line)
        event = frame.get("data", frame)
        if event.get("e") in ("aggTrade", "trade"):
            yield Recorded(
                symbol=event["s"],
                price=Decimal(event["p"]),
                quantity=Decimal(event["q"]),
                time=event["T"],
                buyer_maker=event["m"],
            )


async def play(
    trades: Iterable[Recorded], speed: Decimal, show: Callable[[Recorded], object]
) -> int:
    """Show ``trades`` at ``speed`` times the recorded pace (0: as fast as they can be sent).

    Returns:
        How many were shown.
    """
    loop = asyncio.get_running_loop()
    started, first, shown = loop.time(), None, 0
    for trade in trades:
        first = trade.time if first is None else first
        due = float((trade.time - first) / speed) / 1000 if speed else 0.0
        wait = started + due - loop.time()
        if wait > 0 or shown % 100 == 0:
            await asyncio.sleep(max(0.0, wait))
        show(trade)
        shown += 1
    return shown
