"""A simulated Binance on loopback: isolated margin over SAPI, market and user streams.

Faithful where being lenient would hide a client's mistake; every deviation is written where it
is made. See ``exchange.py`` for how to run it, ``control.py`` for what a test can do to it,
``audit.py`` for what it can say about a client, and ``README.md`` for what is left out.
"""

from __future__ import annotations

from tests.binance_exchange.exchange import (
    API_KEY,
    API_SECRET,
    Exchange,
    Options,
    running_exchange,
)
from tests.binance_exchange.feed import Walk
from tests.binance_exchange.limits import LimitRules
from tests.binance_exchange.pairs import Pair, default_pairs
from tests.binance_exchange.sockets import SocketRules
from tests.binance_exchange.venue import VenueRules

__all__ = [
    "API_KEY",
    "API_SECRET",
    "Exchange",
    "LimitRules",
    "Options",
    "Pair",
    "SocketRules",
    "VenueRules",
    "Walk",
    "default_pairs",
    "running_exchange",
]
