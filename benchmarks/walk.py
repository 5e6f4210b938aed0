"""The walks the backtest rows use: seeded, the same numbers for us and for peers.

Three shapes, none of them a market, and the target is meant for all. ``calm``: six trades of ten
repeat the price before them and the others move it by 0.08 basis points on average. ``rough``:
every trade moves, twice as far. ``sweeps``: trades come in bursts of one time and one direction,
most of a single trade, few of hundreds, which raise the best at almost every step.

What decides the figure is how many trades raise the best, how many events are logged and how many
positions end. ``sweeps`` was matched in these to 346 s of recorded trades of BTCUSDT (2024-08-08),
played there and back to 250,000 trades: four numbers of its making (``KEEP``, ``REACH``,
``TAIL``, ``GAP_NS``) were searched at random until all three lay within a fifth.

    =====================  ========  ======  ======  ======
    in 1,000 trades        recorded  sweeps  calm    rough
    =====================  ========  ======  ======  ======
    raises                 78        67      1       15
    events logged          5.9       6.2     0.9     8.4
    positions ended        0.21      0.18    0.02    0.07
    =====================  ========  ======  ======  ======

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
STEPS = {"calm": (0.6, 96), "rough": (0.0, 180)}
"""Share of trades that repeat the price; largest move of the others, ticks of 0.01."""
SHAPES = (*STEPS, "sweeps")
LONE = 0.7
"""Share of bursts that are a single trade."""
TAIL = 0.78
"""Exponent of the sizes of the others: the smaller, the more of them are long."""
SIZE_MAX = 500
STILL = 0.59
"""Share of trades that repeat the price before them."""
REACH = 70
"""Largest move of the others, ticks of 0.01."""
KEEP = 0.6
"""Share of bursts that go on in the direction of the one before."""
GAP_NS = 70_000_000
"""Mean time between two bursts."""


def walk(count: int, shape: str = "calm", seed: int = 7) -> tuple[array[int], array[int]]:
    """Return ``count`` trades as columns: price in ticks of 0.01, receive time in UTC ns."""
    rng = random.Random(seed)
    if shape == "sweeps":
        return _sweeps(count, rng)
    still, reach = STEPS[shape]
    price, prices, times = START_TICKS, array("q"), array("q")
    for number in range(count):
        if rng.random() >= still:
            price += rng.choice((-1, 1)) * rng.randint(0, reach)
        prices.append(price)
        times.append(START_NS + number * TICK_NS)
    return prices, times


def _sweeps(count: int, rng: random.Random) -> tuple[array[int], array[int]]:
    price, way, now = START_TICKS, 1, START_NS
    prices, times = array("q"), array("q")
    while len(prices) < count:
        lone = rng.random() < LONE
        size = 1 if lone else min(SIZE_MAX, 1 + int(rng.paretovariate(TAIL)))
        if rng.random() >= KEEP:
            way = -way
        for _ in range(size):
            if rng.random() >= STILL:
                price += way * rng.randint(1, REACH)
            prices.append(price)
            times.append(now)
        now += int(rng.expovariate(1 / GAP_NS))
    return prices[:count], times[:count]
