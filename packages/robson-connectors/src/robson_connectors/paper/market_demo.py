"""The simulated market of the demonstration: a seed with which both directions show a trail.

Found by search; ``tests/connectors/paper/test_market_demo.py`` computes again what is said here.
"""

from __future__ import annotations

from typing import Final

DEMO_SEED: Final = 93
"""A long on BTCUSDT and a short on ETHUSDT, stop distance 0.3 %, entered at any time between
half a second and twelve seconds after the origin: each moves its stop more than fifty times and
is stopped out 17 to 30 seconds after entry, more than 0.4 % ahead before fees."""

DEMO_STOP_DISTANCE: Final = "0.3%"
"""Far enough to survive the flicker, near enough to be hit within half a minute."""


def demo_seed() -> int:
    """Return the seed with which a demonstration shows both directions within a minute."""
    return DEMO_SEED
