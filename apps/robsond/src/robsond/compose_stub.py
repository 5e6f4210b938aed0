"""The composition root's part for the test environment: a venue in memory whose prices go up and
come down again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from robson_connectors.memory import MemoryConnector
from robson_connectors.recording import instrument_for
from robson_domain import Clock, Money, Price, Symbol

_PRICES: Final = {Symbol("BTCUSDT"): 60_000, Symbol("ETHUSDT"): 3_000}
_WAVE: Final = 20
"""Steps from the bottom of the wave to its top; each is 0.05 % of the price."""
_PAUSE_NS: Final = 200_000_000

Pulse = Callable[[], Coroutine[Any, Any, None]]


def venue(balance: Money, clock: Clock) -> tuple[MemoryConnector, Pulse]:
    """Return the venue and what makes its prices."""
    connector = MemoryConnector([instrument_for(symbol) for symbol in _PRICES], balance, clock)
    return connector, lambda: _feed(connector, clock)


async def _feed(connector: MemoryConnector, clock: Clock) -> None:
    step = 0
    while True:
        height = abs(step % (2 * _WAVE) - _WAVE)
        for symbol, base in _PRICES.items():
            connector.feed(symbol, Price(base + base * (_WAVE - height) // 2000))
        step += 1
        await clock.sleep_until(clock.now_ns() + _PAUSE_NS)
