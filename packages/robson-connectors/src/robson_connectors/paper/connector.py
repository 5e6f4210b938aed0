"""The paper venue: simulated orders on a market, with an exchange's memory.

Invariants:
    1. An order is on disk before it is acknowledged, a fill before it is reported.
    2. After any crash the account is what the disk says; what became due meanwhile is filled
       from the market's own past, at the prices of that time, once.
    3. Per trade: first what it does to orders, then the reports, then the price itself.
    4. The disk is written when orders change, never because of a price.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from typing import Any, Final

import attrs

from robson_connectors.paper.durable import DurableVenue
from robson_connectors.paper.ledger import PaperLedger
from robson_connectors.paper.market import PaperMarket
from robson_domain.account import AccountSnapshot
from robson_domain.capabilities import Capabilities
from robson_domain.errors import DefinitiveVenueError, RetryableVenueError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.ports.system import Clock
from robson_domain.reports import OrderReport
from robson_domain.symbols import Symbol
from robson_domain.values import Money
from robson_engine.simulated_venue import SimulatedVenue, VenueAssumptions

_SETTLE_NS: Final = 1_000_000_000
"""Time after the last trade for the orders it causes, before a market with an end is over."""

TradeSink = Callable[[TradeTick], None]
LinkSink = Callable[[Symbol, bool], None]


class PaperConnector:
    """Execution and market data of a paper account.

    Args:
        ledger_path: The account's file; None keeps it in memory, for playback and tests.
        quote_balance: Collateral of every pair of a new account; an existing one goes on.

    Raises:
        ConfigurationError: When the ledger belongs to another market.
        StoreError: When the ledger cannot be used, or what it holds does not fit.
    """

    def __init__(
        self,
        market: PaperMarket,
        ledger_path: str | None,
        assumptions: VenueAssumptions,
        quote_balance: Money,
        clock: Clock,
    ) -> None:
        self._market = market
        self._clock = clock
        self._latency_ns = assumptions.latency_ns
        venue = SimulatedVenue(assumptions, market.instruments, quote_balance)
        ledger = None if ledger_path is None else PaperLedger(ledger_path, market.identity)
        self._account = DurableVenue(venue, ledger)
        self._report_sinks: list[Callable[[OrderReport], None]] = []
        self._trade_sinks: dict[Symbol, tuple[TradeSink, LinkSink]] = {}
        self._late_reports: list[OrderReport] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = self._ended = self._closed = False
        try:
            self._recover()
        except BaseException:
            self._account.close()
            raise

    @property
    def _venue(self) -> SimulatedVenue:
        return self._account.venue

    @property
    def capabilities(self) -> Capabilities:
        """What the paper venue can do."""
        return Capabilities(name="paper")

    # ------------------------------------------------------------- execution

    async def submit(self, order: NewOrder) -> OrderReport:
        """Take ``order`` as a venue would: a resend of a filled id is executed again.

        Raises:
            InDoubtError: When the ledger failed while writing.
            RetryableVenueError: After :meth:`close`.
        """
        self._require_open()
        now = self._clock.now_ns()
        report = self._account.ordered(lambda: self._venue.submit(order, now))
        if self._ended and self._venue.is_working(order.symbol):
            self._spawn(self._settle(now + self._latency_ns))
        return report

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """End what still works of an order.

        Raises:
            InDoubtError: When the ledger failed while writing.
            RetryableVenueError: After :meth:`close`.
        """
        self._require_open()
        now = self._clock.now_ns()
        return self._account.ordered(lambda: self._venue.cancel(symbol, client_order_id, now))

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Return how the order stands, with all its fills."""
        self._require_open()
        return self._venue.query(symbol, client_order_id, self._clock.now_ns())

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Return the working orders, oldest first."""
        self._require_open()
        return self._venue.open_orders(symbol, self._clock.now_ns())

    async def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        """Return the account's fills after trade ``after``, in order."""
        self._require_open()
        return self._venue.fills_since(symbol, after)

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        """Return the pair's account now.

        Raises:
            DefinitiveVenueError: For a pair that this market does not trade.
        """
        self._require_open()
        return self._venue.account(symbol, self._clock.now_ns())

    def subscribe_reports(self, sink: Callable[[OrderReport], None]) -> None:
        """Call ``sink`` for every fill that a trade causes."""
        self._report_sinks.append(sink)
        self._start()

    # ----------------------------------------------------------- market data

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return the pair's rules.

        Raises:
            DefinitiveVenueError: For a pair that this market does not trade.
        """
        self._require_open()
        self._require_traded(symbol)
        return self._market.instruments[symbol]

    def subscribe(self, symbol: Symbol, sink: TradeSink, link: LinkSink) -> None:
        """Call ``sink`` for every trade from the next one on; ``link`` is called at once.

        Raises:
            DefinitiveVenueError: For a pair that this market does not trade.
        """
        self._require_traded(symbol)
        self._trade_sinks[symbol] = (sink, link)
        self._start()
        link(symbol, True)

    def unsubscribe(self, symbol: Symbol) -> None:
        """Stop calling for ``symbol``."""
        self._trade_sinks.pop(symbol, None)

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        """Return the trades after an id up to now, received now, origin ``GAP``.

        Raises:
            DefinitiveVenueError: For an unknown pair, or further back than is fetched at once.
        """
        self._require_open()
        self._require_traded(symbol)
        return await self._market.trades_since(symbol, after_trade_id)

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Return the last ``count`` complete bars that the market's history holds.

        Raises:
            DefinitiveVenueError: For a pair that this market does not trade.
        """
        self._require_open()
        self._require_traded(symbol)
        return await self._market.bars(symbol, interval, count)

    async def close(self) -> None:
        """Stop the market and release the ledger."""
        self._closed = True
        self._trade_sinks.clear()
        self._report_sinks.clear()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._account.close()

    # ------------------------------------------------------------------ inner

    def _require_open(self) -> None:
        if self._closed:
            raise RetryableVenueError("the paper venue is closed", "CLOSED")
        self._start()

    def _require_traded(self, symbol: Symbol) -> None:
        if symbol not in self._market.instruments:
            traded = ", ".join(self._market.instruments)
            message = f"{symbol} is not traded on this paper market ({traded})"
            raise DefinitiveVenueError(message, "UNKNOWN_SYMBOL")

    def _start(self) -> None:
        if not self._started and _has_loop():
            self._started = True
            self._spawn(self._play())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # A context of its own: the market is nobody's work in progress, whoever called first.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _play(self) -> None:
        await self._market.run(self._on_trade, self._on_missed)
        self._ended = True
        await self._settle(self._clock.now_ns() + self._latency_ns + _SETTLE_NS)
        self._market.finished.set()

    async def _settle(self, ts: int) -> None:
        """After the last trade: what works at ``ts`` fills at the last price."""
        await self._clock.sleep_until(ts)
        now = self._clock.now_ns()
        self._push(self._account.reported(lambda: self._venue.finish(now)))

    def _on_trade(self, tick: TradeTick) -> None:
        reports: tuple[OrderReport, ...] = ()
        if self._venue.is_working(tick.symbol):
            reports = self._account.reported(lambda: self._venue.on_trade(tick))
        else:
            self._venue.on_trade(tick)
        late, self._late_reports = self._late_reports, []
        self._push((*late, *reports))
        sinks = self._trade_sinks.get(tick.symbol)
        if sinks is not None:
            sinks[0](tick)

    def _on_missed(self) -> None:
        links = [(symbol, link) for symbol, (_, link) in self._trade_sinks.items()]
        for symbol, link in links:
            link(symbol, False)
        self._catch_up()
        for symbol, link in links:
            link(symbol, True)

    def _push(self, reports: tuple[OrderReport, ...]) -> None:
        now = self._clock.now_ns()
        for report in reports:
            for sink in tuple(self._report_sinks):
                sink(attrs.evolve(report, ts_received=now))

    def _recover(self) -> None:
        self._account.load()
        self._catch_up()

    def _catch_up(self) -> None:
        """Let the market's past do what it would have done while nobody looked."""
        for symbol in self._market.instruments:
            due = self._venue.next_due(symbol)
            if due is not None:
                late = self._account.reported(partial(self._replay, symbol, due))
                self._late_reports.extend(late)
            last = self._market.last_trade(symbol)
            if last is not None and not self._venue.is_working(symbol):
                # Only the price: nothing is left that it could fill.
                self._venue.on_trade(last)

    def _replay(self, symbol: Symbol, since: int) -> tuple[OrderReport, ...]:
        reports: list[OrderReport] = []
        for tick in self._market.past(symbol, since):
            reports.extend(self._venue.on_trade(tick))
            if not self._venue.is_working(symbol):
                break
        return tuple(reports)


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
