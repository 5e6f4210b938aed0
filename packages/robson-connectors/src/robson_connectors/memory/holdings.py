"""The memory venue's whole account, and what a test lets the person do in it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs

from robson_connectors.memory.book import Book
from robson_connectors.memory.calls import Calls
from robson_connectors.memory.faults import Operation
from robson_domain.holdings import AccountTrade, PairBalances, RestingOrder
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Quantity


class MemoryHoldings:
    """Balances, trades and resting orders of everybody, out of the one book."""

    def __init__(self, calls: Calls, book: Book) -> None:
        self._calls = calls
        self._book = book
        self._said: dict[Symbol, PairBalances] = {}
        self._sinks: list[Callable[[Symbol], None]] = []
        self._persons_orders = 0

    # ------------------------------------------------------------- the person

    def trade(self, symbol: Symbol, side: OrderSide, quantity: Quantity) -> AccountTrade:
        """Let the person trade at the last price, under an id of the venue's own pages."""
        self._persons_orders += 1
        order = NewOrder(
            client_order_id=ClientOrderId(f"web_{self._persons_orders:032d}"),
            symbol=symbol,
            side=side,
            quantity=quantity,
            reduces=False,
        )
        taken = self._book.take(order, 1)
        fill = self._book.fill_next(taken, self._calls.clock.now_ns())
        self.hint(symbol)
        return _traded(order, fill, str(taken.number))

    def rest(self, order: RestingOrder) -> None:
        """Let the person leave an order at the venue, where it waits and never executes."""
        self._book.others.append(order)
        self.hint(order.symbol)

    def deposit(self, symbol: Symbol, asset: str, amount: Decimal) -> None:
        """Let ``amount`` come in, or go out with a minus."""
        self._book.account(symbol).add(asset, amount)
        self.hint(symbol)

    def say(self, balances: PairBalances) -> None:
        """Answer with these balances for their pair from now on, whatever the book holds."""
        self._said[balances.symbol] = balances
        self.hint(balances.symbol)

    def hint(self, symbol: Symbol) -> None:
        """Tell who subscribed that something on the pair may have changed."""
        for sink in tuple(self._sinks):
            sink(symbol)

    # -------------------------------------------------------------- the port

    async def pairs(self) -> tuple[PairBalances, ...]:
        """Return every pair, taken now.

        Raises:
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.PAIRS)
        found = tuple(self._balances(symbol) for symbol in self._book.instruments)
        return await self._calls.answer(Operation.PAIRS, fault, found)

    async def pair(self, symbol: Symbol) -> PairBalances:
        """Return one pair, taken now.

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.PAIR)
        return await self._calls.answer(Operation.PAIR, fault, self._balances(symbol))

    async def trades(self, symbol: Symbol, after: TradeId | None) -> tuple[AccountTrade, ...]:
        """Return everybody's executions after a trade, in order.

        Raises:
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.TRADES)
        mark = 0 if after is None else int(after)
        found = [
            _traded(taken.order, fill, str(taken.number))
            for taken in self._book.orders
            if taken.order.symbol == symbol
            for fill in taken.fills
            if int(fill.trade_id) > mark
        ]
        ordered = tuple(sorted(found, key=lambda each: int(each.fill.trade_id)))
        return await self._calls.answer(Operation.TRADES, fault, ordered)

    async def resting_orders(self, symbol: Symbol) -> tuple[RestingOrder, ...]:
        """Return everybody's resting orders, ours first.

        Raises:
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.RESTING_ORDERS)
        found = self._book.resting(symbol)
        return await self._calls.answer(Operation.RESTING_ORDERS, fault, found)

    def subscribe_hints(self, sink: Callable[[Symbol], None]) -> None:
        """Call ``sink`` at every fill, and at whatever the person does."""
        self._sinks.append(sink)

    def _balances(self, symbol: Symbol) -> PairBalances:
        now = self._calls.clock.now_ns()
        said = self._said.get(symbol)
        if said is not None:
            return attrs.evolve(said, ts_event=now, ts_received=now)
        return self._book.balances(symbol, now)


def _traded(order: NewOrder, fill: Fill, venue_order_id: str) -> AccountTrade:
    return AccountTrade(
        symbol=order.symbol,
        side=order.side,
        fill=fill,
        venue_order_id=venue_order_id,
        client_order_id=order.client_order_id,
    )
