"""Recorded market trades."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol


class TickStore(Protocol):
    """Append-only store of market trades, deduplicated by symbol and trade id."""

    async def append(self, ticks: Sequence[TradeTick]) -> int:
        """Store ``ticks`` and return how many were new. Idempotent per trade id."""
        ...

    def scan(self, symbol: Symbol, ts_from: int, ts_to: int) -> AsyncIterator[TradeTick]:
        """Yield trades with ``ts_from`` ≤ ts_event < ``ts_to`` (UTC ns) in trade-id order."""
        ...
