"""The markets the backtest rows use: seeded walks, the same numbers for us and for peers.

Two shapes. ``market``: six trades of ten repeat the price before them and the others move it by
0.08 basis points on average, as recorded trades of BTCUSDT do (2024-08-08: 59 % and 0.082).
``rough``: every trade moves, twice as far, so that prices reach new highs several times as often.

Standard library only, so that a peer's own environment can import it.
"""

from __future__ import annotations

import random
from array import array

TICK_NS = 35_000_000
"""Between two trades: 28 a second, as recorded."""
START_TICKS = 6_000_000
START_NS = 1_700_000_000_000_000_000
STOP_TICKS = 12_000
"""Stop distance: 120.00, two tenths of a percent of the starting price."""
SHAPES = {"market": (0.6, 96), "rough": (0.0, 180)}
"""Share of trades that repeat the price; largest move of the others, ticks of 0.01."""


def walk(count: int, shape: str = "market", seed: int = 7) -> tuple[array[int], array[int]]:
    """Return ``count`` trades as columns: price in ticks of 0.01, receive time in UTC ns."""
    still, reach = SHAPES[shape]
    rng = random.Random(seed)
    price, prices, times = START_TICKS, array("q"), array("q")
    for number in range(count):
        if rng.random() >= still:
            price += rng.choice((-1, 1)) * rng.randint(0, reach)
        prices.append(price)
        times.append(START_NS + number * TICK_NS)
    return prices, times
