"""Reading the whole account: what the person holds beside what Robson opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from robson_domain.holdings import AccountTrade, PairBalances, RestingOrder
from robson_domain.identity import TradeId
from robson_domain.symbols import Symbol


class HoldingsPort(Protocol):
    """One account at one venue, read-only. Every method is idempotent.

    A failed read raises; it is never an empty answer, because an empty account would end the
    protection of what is in it.
    """

    async def pairs(self) -> tuple[PairBalances, ...]:
        """Return every pair of the account that exists at the venue, taken after the call.

        Raises:
            RetryableVenueError: No usable answer.
        """
        ...

    async def pair(self, symbol: Symbol) -> PairBalances:
        """Return one pair, taken after the call.

        Raises:
            DefinitiveVenueError: The account has no such pair.
            RetryableVenueError: No usable answer.
        """
        ...

    async def trades(self, symbol: Symbol, after: TradeId | None) -> tuple[AccountTrade, ...]:
        """Return the account's executions after trade ``after``, in trade-id order, up to now.

        ``None`` asks for as far back as the venue tells.

        Raises:
            RetryableVenueError: No usable answer.
        """
        ...

    def subscribe_hints(self, sink: Callable[[Symbol], None]) -> None:
        """Call ``sink`` whenever something on a pair may have changed; it does not block.

        A hint may repeat or miss: who needs to know looks again by itself as well.
        """
        ...

    async def resting_orders(self, symbol: Symbol) -> tuple[RestingOrder, ...]:
        """Return the orders that rest on the pair, ours and the person's, oldest first.

        Raises:
            RetryableVenueError: No usable answer.
        """
        ...
