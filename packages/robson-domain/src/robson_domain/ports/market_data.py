"""Prices, past and present."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from robson_domain.capabilities import Capabilities
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick
from robson_domain.symbols import Symbol


class MarketDataPort(Protocol):
    """The market of one venue. Callback-shaped: no queue or task between socket and sink."""

    @property
    def capabilities(self) -> Capabilities:
        """What this venue can do; constant."""
        ...

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return the pair's rules. Idempotent.

        All trades of a pair are told in the tick size first returned, for the connector's life:
        should the venue change it, prices between two ticks count as the nearest.

        Raises:
            DefinitiveVenueError: The pair does not exist there.
            RetryableVenueError: No usable answer.
        """
        ...

    def subscribe(
        self,
        symbol: Symbol,
        sink: Callable[[TradeTick], None],
        link: Callable[[Symbol, bool], None],
    ) -> None:
        """Call ``sink`` for every live trade of ``symbol``, in the order of arrival.

        ``link`` is called with True when trades start to flow and False when they may be
        missed. Both return at once and do not raise. A second call for a symbol replaces the
        first.
        """
        ...

    def unsubscribe(self, symbol: Symbol) -> None:
        """Stop calling for ``symbol``; idempotent."""
        ...

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        """Return the trades after ``after_trade_id`` in trade-id order, up to now. Idempotent.

        Raises:
            DefinitiveVenueError: The venue does not reach back that far, or cannot back-fill.
            RetryableVenueError: No usable answer.
        """
        ...

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Return the last ``count`` complete bars of ``interval`` ns, oldest first. Idempotent.

        Fewer, or none, when the venue's history is shorter.

        Raises:
            RetryableVenueError: No usable answer.
        """
        ...

    async def close(self) -> None:
        """Release the connection; idempotent."""
        ...
