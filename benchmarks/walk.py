"""The markets the backtest rows use: seeded walks, the same numbers for us and for peers.

Two shapes, and the target is meant for both. ``calm``: six trades of ten repeat the price before
them and the others move it by 0.08 basis points on average; recorded trades of BTCUSDT have the
same share and size of moves, but they trend, and reach new highs more often than this walk.
``rough``: every trade moves, twice as far. What decides the figure is how many events are logged
in a thousand trades: 2 on the calm walk, 7 on the rough one, 3 to 6 on the recordings.

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
SHAPES = {"calm": (0.6, 96), "rough": (0.0, 180)}
"""Share of trades that repeat the price; largest move of the others, ticks of 0.01."""


def walk(count: int, shape: str = "calm", seed: int = 7) -> tuple[array[int], array[int]]:
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
