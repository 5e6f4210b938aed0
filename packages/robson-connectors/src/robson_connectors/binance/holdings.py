"""The whole account, read-only, as :class:`~robson_domain.ports.holdings.HoldingsPort`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from robson_connectors.binance.account import AccountReader
from robson_connectors.binance.parse_rest import resting_order
from robson_connectors.binance.pools import Lane
from robson_connectors.binance.trades import TradeReader
from robson_domain.holdings import AccountTrade, PairBalances, RestingOrder
from robson_domain.identity import TradeId
from robson_domain.symbols import Symbol


class BinanceHoldings:
    """Reads in the polling lane: what protects has time, what exits has not.

    Args:
        symbols: Pairs to read; empty for all the account has.
    """

    def __init__(
        self, account: AccountReader, trades: TradeReader, symbols: Sequence[Symbol] = ()
    ) -> None:
        self._account = account
        self._trades = trades
        self._symbols = tuple(symbols)
        self._hint_sinks: list[Callable[[Symbol], None]] = []

    async def pairs(self) -> tuple[PairBalances, ...]:
        """Return the account's pairs, taken after the call.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        return await self._account.several(self._symbols, Lane.POLL)

    async def pair(self, symbol: Symbol) -> PairBalances:
        """Return one pair, taken after the call.

        Raises:
            DefinitiveVenueError: The account has no such pair.
            RetryableVenueError: No usable answer.
        """
        return await self._account.balances(symbol, Lane.READ)

    async def trades(self, symbol: Symbol, after: TradeId | None) -> tuple[AccountTrade, ...]:
        """Return the executions on the pair after a trade, in order, from the first for None.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        return await self._trades.since(symbol, after, Lane.POLL)

    def subscribe_hints(self, sink: Callable[[Symbol], None]) -> None:
        """Call ``sink`` when the user stream says that something on a pair may have changed.

        The streams of the pairs whose market is followed are open; on any other pair a change is
        noticed when somebody looks.
        """
        self._hint_sinks.append(sink)

    def hint(self, symbol: Symbol) -> None:
        """Pass on that something on the pair may have changed."""
        for sink in tuple(self._hint_sinks):
            sink(symbol)

    async def resting_orders(self, symbol: Symbol) -> tuple[RestingOrder, ...]:
        """Return the orders that rest on the pair, oldest first.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        found = await self._account.open_orders(symbol, Lane.POLL)
        return tuple(resting_order(each, symbol) for each in found)
