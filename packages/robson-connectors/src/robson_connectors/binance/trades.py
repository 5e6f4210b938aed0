"""The account's executions: pages after an id, those of one order, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from robson_connectors.binance.outcomes import Outcome, Remedy
from robson_connectors.binance.parse_rest import account_trades, order_state
from robson_connectors.binance.pools import MY_TRADES, ORDER, Lane
from robson_connectors.binance.rest import RestClient
from robson_connectors.binance.signing import Params
from robson_domain.errors import DefinitiveVenueError, RetryableVenueError
from robson_domain.holdings import AccountTrade
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill
from robson_domain.symbols import Symbol

PAGE: Final = 1_000
NAMES_ASKED_MAX: Final = 200
"""Orders whose id is asked for in one go, newest first; the executions of older ones come
without: what they opened was closed long ago."""
_NAMES_KEPT: Final = 20_000


class TradeReader:
    """Reads executions; keeps which client order id belongs to which venue order id."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._names: dict[tuple[Symbol, str], ClientOrderId] = {}

    def learn(self, symbol: Symbol, venue_order_id: str, client_order_id: ClientOrderId) -> None:
        """Keep what an answer told anyway."""
        if venue_order_id and client_order_id:
            self._names[symbol, venue_order_id] = client_order_id
            if len(self._names) > _NAMES_KEPT:
                del self._names[next(iter(self._names))]

    async def of_order(self, symbol: Symbol, venue_order_id: str, lane: Lane) -> tuple[Fill, ...]:
        """Return the executions of one order, in trade-id order.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        # From the first one on: without a start the venue tells the latest of one day alone.
        trades = await self._pages(symbol, (("orderId", venue_order_id),), 0, lane)
        return tuple(each.fill for each in trades if each.venue_order_id == venue_order_id)

    async def since(
        self, symbol: Symbol, after: TradeId | None, lane: Lane
    ) -> tuple[AccountTrade, ...]:
        """Return the executions after a trade id, from the first one on for None, with names.

        Raises:
            DefinitiveVenueError: ``after`` is no trade id of this venue, or refused.
            RetryableVenueError: No usable answer.
        """
        first = 0 if after is None else _next(after)
        trades = await self._pages(symbol, (), first, lane)
        await self._ask_names(trades, lane)
        return tuple(attrs.evolve(each, client_order_id=self._name(each)) for each in trades)

    async def _pages(
        self, symbol: Symbol, about: Params, first: int, lane: Lane
    ) -> list[AccountTrade]:
        """Return all trades from ``first`` on; no time window, the venue allows a day at most."""
        found: list[AccountTrade] = []
        while True:
            start = ("fromId", str(first))
            params = (("symbol", symbol), ("isIsolated", "TRUE"), *about, start)
            answer = await self._rest.read(MY_TRADES, (*params, ("limit", str(PAGE))), lane=lane)
            page = account_trades(answer.content, symbol)
            found += [each for each in page if int(each.fill.trade_id) >= first]
            if len(page) < PAGE:
                return found
            last = int(page[-1].fill.trade_id)
            if last < first:
                raise RetryableVenueError("the same executions came again", "UNREADABLE")
            first = last + 1

    def _name(self, trade: AccountTrade) -> ClientOrderId:
        return self._names.get((trade.symbol, trade.venue_order_id), ClientOrderId(""))

    async def _ask_names(self, trades: Iterable[AccountTrade], lane: Lane) -> None:
        unknown = {
            (each.symbol, each.venue_order_id): None for each in trades if not self._name(each)
        }
        for symbol, order_id in list(unknown)[-NAMES_ASKED_MAX:]:
            await self._ask_name(symbol, order_id, lane)

    async def _ask_name(self, symbol: Symbol, order_id: str, lane: Lane) -> None:
        params = (("symbol", symbol), ("isIsolated", "TRUE"), ("orderId", order_id))
        answer = await self._rest.ask(ORDER, params, lane=lane)
        if answer.ruling.outcome is Outcome.DONE:
            state = order_state(answer.content, symbol)
            self.learn(symbol, order_id, state.client_order_id)
        elif answer.ruling.remedy not in (Remedy.NOT_FOUND, Remedy.ARCHIVED):
            raise RetryableVenueError(answer.ruling.message, answer.ruling.code)


def _next(after: TradeId) -> int:
    if not (after.isascii() and after.isdigit()):
        raise DefinitiveVenueError("no trade id of this venue", "BAD_TRADE_ID")
    return int(after) + 1
