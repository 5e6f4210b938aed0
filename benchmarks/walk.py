"""The market every backtest row uses: a seeded walk, the same numbers for us and for peers.

Standard library only, so that a peer's own environment can import it.
"""

from __future__ import annotations

import random
from array import array

TICK_NS = 10_000_000
START_TICKS = 6_000_000
START_NS = 1_700_000_000_000_000_000
STOP_TICKS = 12_000
"""Stop distance: 120.00, two tenths of a percent of the starting price."""


def walk(count: int, seed: int = 7) -> tuple[array[int], array[int]]:
    """Return ``count`` trades as columns: price in ticks of 0.01, receive time in UTC ns."""
    rng = random.Random(seed)
    price, prices, times = START_TICKS, array("q"), array("q")
    for number in range(count):
        price += rng.choice((-1, 1)) * rng.randint(0, 180)
        prices.append(price)
        times.append(START_NS + number * TICK_NS)
    return prices, times
