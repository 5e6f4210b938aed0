"""A paper account on a real market: live prices of a venue, simulated orders, no key needed.

Invariants:
    1. No order leaves this process: the venue is only ever read.
    2. An order is on disk before it is acknowledged, a fill before it is reported.
    3. Per trade: first what it does to orders, then the reports, then the price itself.

An order that was working when the process ended is filled by the first price after the start:
a real venue would have filled it earlier.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs

from robson_connectors.paper.durable import DurableVenue
from robson_connectors.paper.ledger import PaperLedger
from robson_domain import codec
from robson_domain.account import AccountSnapshot
from robson_domain.capabilities import Capabilities
from robson_domain.errors import RetryableVenueError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.ports.market_data import MarketDataPort
from robson_domain.ports.system import Clock
from robson_domain.reports import OrderReport
from robson_domain.symbols import Symbol
from robson_domain.values import Money
from robson_engine.simulated_venue import SimulatedVenue, VenueAssumptions

TradeSink = Callable[[TradeTick], None]
LinkSink = Callable[[Symbol, bool], None]


class LivePaperConnector:
    """Market data of a venue, and a paper account beside it.

    Args:
        market: Where prices come from; closed with this.
        ledger_path: The account's file; None keeps it in memory.
        quote_balance: Collateral of every pair when it is first used.

    Raises:
        ConfigurationError: When the ledger belongs to another market.
        StoreError: When the ledger cannot be used.
    """

    def __init__(
        self,
        market: MarketDataPort,
        ledger_path: str | None,
        assumptions: VenueAssumptions,
        quote_balance: Money,
        clock: Clock,
    ) -> None:
        identity = codec.canonical({"live": market.capabilities.name})
        ledger = None if ledger_path is None else PaperLedger(ledger_path, identity)
        self._market = market
        self._clock = clock
        self._account = DurableVenue(SimulatedVenue(assumptions, {}, quote_balance), ledger)
        self._known: dict[Symbol, Instrument] = {}
        self._early: dict[Symbol, TradeTick] = {}  # last price of a pair whose rules are not known
        self._opening = asyncio.Lock()
        self._is_loaded = ledger is None
        self._is_closed = False
        self._sinks: list[Callable[[OrderReport], None]] = []

    @property
    def capabilities(self) -> Capabilities:
        """What the market can do, and what a paper account can."""
        there = self._market.capabilities
        return attrs.evolve(
            Capabilities(name="paper"),
            has_backfill=there.has_backfill,
            has_history=there.has_history,
        )

    # ------------------------------------------------------------- execution

    async def submit(self, order: NewOrder) -> OrderReport:
        """Take ``order`` as a venue would: a resend of a filled id is executed again.

        Raises:
            InDoubtError: When the ledger failed while writing.
            RetryableVenueError: After :meth:`close`, or while the pair's rules cannot be had.
        """
        venue = await self._with(order.symbol)
        now = self._clock.now_ns()
        return self._account.ordered(lambda: venue().submit(order, now))

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """End what still works of an order.

        Raises:
            InDoubtError: When the ledger failed while writing.
            RetryableVenueError: As :meth:`submit`.
        """
        venue = await self._with(symbol)
        now = self._clock.now_ns()
        return self._account.ordered(lambda: venue().cancel(symbol, client_order_id, now))

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Return how the order stands, with all its fills."""
        venue = await self._with(symbol)
        return venue().query(symbol, client_order_id, self._clock.now_ns())

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Return the working orders, oldest first."""
        venue = await self._with(symbol)
        return venue().open_orders(symbol, self._clock.now_ns())

    async def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        """Return the account's fills after trade ``after``, in order."""
        venue = await self._with(symbol)
        return venue().fills_since(symbol, after)

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        """Return the pair's account now.

        Raises:
            DefinitiveVenueError: For a pair that the market does not trade.
        """
        venue = await self._with(symbol)
        return venue().account(symbol, self._clock.now_ns())

    def subscribe_reports(self, sink: Callable[[OrderReport], None]) -> None:
        """Call ``sink`` for every fill that a trade causes."""
        self._sinks.append(sink)

    # ----------------------------------------------------------- market data

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return the pair's rules.

        Raises:
            DefinitiveVenueError: For a pair that the market does not trade.
        """
        return await self._market.instrument(symbol)

    def subscribe(self, symbol: Symbol, sink: TradeSink, link: LinkSink) -> None:
        """Call ``sink`` for every live trade; what it does to orders comes first."""

        def on_trade(tick: TradeTick) -> None:
            self._on_trade(tick)
            sink(tick)

        self._market.subscribe(symbol, on_trade, link)

    def unsubscribe(self, symbol: Symbol) -> None:
        """Stop calling for ``symbol``."""
        self._market.unsubscribe(symbol)

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        """Return the trades after an id, as the market tells."""
        return await self._market.trades_since(symbol, after_trade_id)

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Return the last complete bars, as the market tells."""
        return await self._market.bars(symbol, interval, count)

    async def close(self) -> None:
        """Close the market and release the ledger."""
        self._is_closed = True
        self._sinks.clear()
        await self._market.close()
        self._account.close()

    # ------------------------------------------------------------------ inner

    async def _with(self, symbol: Symbol) -> Callable[[], SimulatedVenue]:
        """Return the venue, knowing ``symbol`` and what the ledger holds."""
        if self._is_closed:
            raise RetryableVenueError("the paper venue is closed", "CLOSED")
        async with self._opening:
            if symbol not in self._known:
                await self._learn(symbol)
            if not self._is_loaded:
                await self._load()
        return lambda: self._account.venue

    async def _learn(self, symbol: Symbol) -> None:
        instrument = await self._market.instrument(symbol)
        self._known[symbol] = instrument
        self._account.venue.add(instrument)
        early = self._early.pop(symbol, None)
        if early is not None:
            self._account.venue.on_trade(early)

    async def _load(self) -> None:
        for symbol in self._account.stored_pairs():
            if symbol not in self._known:
                await self._learn(symbol)
        self._account.load()
        self._is_loaded = True

    def _on_trade(self, tick: TradeTick) -> None:
        if not self._is_loaded or tick.symbol not in self._known:
            self._early[tick.symbol] = tick
            return
        venue = self._account.venue
        if not venue.is_working(tick.symbol):
            venue.on_trade(tick)
            return
        reports = self._account.reported(lambda: self._account.venue.on_trade(tick))
        now = self._clock.now_ns()
        for report in reports:
            for sink in tuple(self._sinks):
                sink(attrs.evolve(report, ts_received=now))
