"""A venue in memory: for tests and notebooks, and misbehaving on demand.

It fills market orders at the last price it was told (:meth:`MemoryConnector.feed`), and stops
that rest, where its terms have them, once a price sets them off. Without faults it behaves as a
real venue on a good day and passes every conformance card.

Invariants:
    1. A fault changes what the caller learns, or when; the book itself is always right
       (``LOSE_REQUEST``, ``NOT_SENT`` and ``REJECT`` keep the order out of it).
    2. The same script and calls give the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

import attrs

from robson_connectors.bars import bars_of
from robson_connectors.memory.book import Book, BookOrder
from robson_connectors.memory.calls import Calls
from robson_connectors.memory.faults import Fault, FaultKind, Operation
from robson_connectors.memory.holdings import MemoryHoldings
from robson_connectors.memory.lending import MemoryLending
from robson_domain.account import AccountSnapshot
from robson_domain.capabilities import Capabilities
from robson_domain.errors import DefinitiveVenueError
from robson_domain.holdings import RestingOrder
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, PriceOrigin, TradeTick
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.ports.system import Clock
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol
from robson_domain.values import Money, Price

TradeSink = Callable[[TradeTick], None]
LinkSink = Callable[[Symbol, bool], None]


@attrs.frozen(kw_only=True)
class MemoryTerms:
    """The venue's terms.

    Attributes:
        fee_rate: Commission of every fill, ratio of the traded amount.
        commission_in_base: Whether buys pay it in base asset.
        capabilities: What the venue claims, and keeps, to be able to do.
        lends: Whether snapshots say that positions may owe the venue.
    """

    fee_rate: Decimal = Decimal("0.001")
    commission_in_base: bool = False
    capabilities: Capabilities = Capabilities(name="memory")
    lends: bool = False


class MemoryConnector:
    """Execution and market data of a venue that is nothing but this object.

    Attributes:
        book: What the venue holds.
        holdings: The whole account, and what the person does in it.
        lending: Debt that stays until it is paid back.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        quote_balance: Money,
        clock: Clock,
        terms: MemoryTerms = MemoryTerms(),
    ) -> None:
        self._clock = clock
        self._terms = terms
        self.book = Book(
            {instrument.symbol: instrument for instrument in instruments},
            quote_balance,
            terms.fee_rate,
            terms.commission_in_base,
            terms.capabilities.deduplicates_client_ids,
            takes_stops=terms.capabilities.resting_stops,
        )
        self._calls = Calls(clock)
        self._script = self._calls.script
        self.holdings = MemoryHoldings(self._calls, self.book)
        self.lending = MemoryLending(self._calls, self.book)
        self._ticks: dict[Symbol, list[TradeTick]] = {symbol: [] for symbol in self._pairs}
        self._before: dict[Symbol, AccountSnapshot] = {}
        self._report_sinks: list[Callable[[OrderReport], None]] = []
        self._trade_sinks: dict[Symbol, tuple[TradeSink, LinkSink]] = {}
        self._down: set[Symbol] = set()
        self._held: list[OrderReport] = []

    @property
    def capabilities(self) -> Capabilities:
        """What the terms say."""
        return self._terms.capabilities

    @property
    def _pairs(self) -> dict[Symbol, Instrument]:
        return self.book.instruments

    # ---------------------------------------------------------------- script

    def inject(self, *faults: Fault) -> None:
        """Let these go wrong, in this order."""
        for fault in faults:
            self._script.add(fault)

    def forget_faults(self) -> None:
        """Let everything go well again, whatever was injected."""
        self._script.clear()

    @property
    def script_is_over(self) -> bool:
        """Whether every injected fault has happened."""
        return self._script.is_empty

    def feed(self, symbol: Symbol, price: Price, steps: int = 1) -> TradeTick:
        """Let a market trade happen now: orders fill, reports and the trade are delivered."""
        now = self._clock.now_ns()
        ticks = self._ticks[symbol]
        tick = TradeTick(symbol, self._pairs[symbol].ticks(price), len(ticks) + 1, now, now, steps)
        ticks.append(tick)
        self.book.prices[symbol] = price
        for order in self.book.working(symbol):
            if not order.is_resting:
                self._fill(order, push=True)
            elif self.book.reaches(order.order):
                self._set_off(order)
        sinks = self._trade_sinks.get(symbol)
        if sinks is not None and symbol not in self._down:
            sinks[0](tick)
        return tick

    def set_link(self, symbol: Symbol, up: bool) -> None:
        """Cut or restore the stream of ``symbol``; trades in between can only be fetched."""
        (self._down.discard if up else self._down.add)(symbol)
        sinks = self._trade_sinks.get(symbol)
        if sinks is not None:
            sinks[1](symbol, up)

    # ------------------------------------------------------------- execution

    async def submit(self, order: NewOrder) -> OrderReport:
        """Send ``order``; it fills in the answer when there is a price.

        Raises:
            InDoubtError, RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.SUBMIT, order.client_order_id)
        refusal = self.book.refusal(order)
        if fault is not None and fault.kind is FaultKind.REJECT:
            refusal = fault.code, "refused by script"
        if refusal is None:
            parts = fault.parts if fault is not None and fault.kind is FaultKind.PARTIAL else 1
            report = self._taken(order, parts, push=fault is not None)
        else:
            report = self._refused(order, *refusal)
        return await self._calls.answer(Operation.SUBMIT, fault, report)

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """End what still works of an order.

        Raises:
            InDoubtError, RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.CANCEL, client_order_id)
        order = self.book.find(symbol, client_order_id)
        other = self.book.end_other(symbol, client_order_id)
        report = None if other is None else self._of_other(other, ReportStatus.CANCELED)
        if order is not None and order.is_working:
            order.status = ReportStatus.CANCELED
            order.plan.clear()
        report = report or self._state(symbol, client_order_id)
        return await self._calls.answer(Operation.CANCEL, fault, report)

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Return how the order stands.

        Raises:
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.QUERY_ORDER, client_order_id)
        if fault is not None and fault.kind is FaultKind.LATE:
            return self._unknown(symbol, client_order_id)
        report = self._state(symbol, client_order_id)
        return await self._calls.answer(Operation.QUERY_ORDER, fault, report)

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Return the working orders, ours oldest first, then the person's.

        Raises:
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.OPEN_ORDERS)
        now = self._clock.now_ns()
        others = [each for each in self.book.others if each.symbol == symbol]
        reports = (
            *(order.report(now) for order in self.book.working(symbol)),
            *(self._of_other(each, ReportStatus.ACCEPTED) for each in others),
        )
        return await self._calls.answer(Operation.OPEN_ORDERS, fault, reports)

    async def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        """Return the fills on ``symbol`` after trade ``after``, in order.

        Raises:
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.FILLS_SINCE)
        mark = 0 if after is None else int(after)
        found = [
            (order.order.client_order_id, fill)
            for order in self.book.orders
            if order.order.symbol == symbol
            for fill in order.fills
            if int(fill.trade_id) > mark
        ]
        fills = tuple(sorted(found, key=lambda item: int(item[1].trade_id)))
        return await self._calls.answer(Operation.FILLS_SINCE, fault, fills)

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        """Return the pair's account now.

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.ACCOUNT)
        now = self._clock.now_ns()
        snapshot = attrs.evolve(self.book.snapshot(symbol, now), lends=self._terms.lends)
        if fault is not None and fault.kind is FaultKind.STALE and symbol in self._before:
            return attrs.evolve(self._before[symbol], ts_event=now, ts_received=now)
        return await self._calls.answer(Operation.ACCOUNT, fault, snapshot)

    def subscribe_reports(self, sink: Callable[[OrderReport], None]) -> None:
        """Call ``sink`` for every fill that a trade causes."""
        self._report_sinks.append(sink)

    # ----------------------------------------------------------- market data

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return the pair's rules.

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
        """
        self._calls.require_open()
        self._require_traded(symbol)
        return self._pairs[symbol]

    def subscribe(self, symbol: Symbol, sink: TradeSink, link: LinkSink) -> None:
        """Call ``sink`` for every trade from now on; ``link`` is called at once.

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
        """
        self._require_traded(symbol)
        self._trade_sinks[symbol] = (sink, link)
        link(symbol, symbol not in self._down)

    def unsubscribe(self, symbol: Symbol) -> None:
        """Stop calling for ``symbol``."""
        self._trade_sinks.pop(symbol, None)

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        """Return the trades after an id, received now, origin ``GAP``.

        Raises:
            DefinitiveVenueError: For an unknown pair, or when the terms exclude back-fill.
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.TRADES_SINCE)
        self._require_traded(symbol)
        if not self.capabilities.has_backfill:
            raise DefinitiveVenueError("this venue does not back-fill", "NO_BACKFILL")
        now = self._clock.now_ns()
        found = tuple(
            tick._replace(ts_received=now, origin=PriceOrigin.GAP)
            for tick in self._ticks[symbol][max(0, after_trade_id) :]
        )
        return await self._calls.answer(Operation.TRADES_SINCE, fault, found)

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Return the last ``count`` complete bars of the trades fed so far.

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.BARS)
        self._require_traded(symbol)
        found: tuple[Bar, ...] = ()
        if self.capabilities.has_history and count > 0:
            now = self._clock.now_ns()
            found = bars_of(self._ticks[symbol], self._pairs[symbol], interval, now)[-count:]
        return await self._calls.answer(Operation.BARS, fault, found)

    async def close(self) -> None:
        """Say nothing more; what the book holds stays readable in :attr:`book`."""
        self._calls.is_closed = True
        self._report_sinks.clear()
        self._trade_sinks.clear()

    # ----------------------------------------------------------------- inner

    def _require_traded(self, symbol: Symbol) -> None:
        if symbol not in self._pairs:
            raise DefinitiveVenueError(f"{symbol} is not traded here", "UNKNOWN_SYMBOL")

    def _taken(self, order: NewOrder, parts: int, *, push: bool) -> OrderReport:
        now = self._clock.now_ns()
        taken = self.book.take(order, parts)
        if order.symbol in self.book.prices and not taken.is_resting:
            # An answer that may be lost or late must not be the only word about the fill.
            self._fill(taken, push=push)
        return attrs.evolve(taken.report(now), ts_signed=now)

    def _fill(self, order: BookOrder, *, push: bool) -> None:
        now = self._clock.now_ns()
        symbol = order.order.symbol
        self._before[symbol] = self.book.snapshot(symbol, now)
        fill = self.book.fill_next(order, now)
        if push and self.capabilities.reports_pushed:
            self._push(order.report(now, (fill,)))
        self.holdings.hint(symbol)

    def _set_off(self, order: BookOrder) -> None:
        """Let a stop become an order at market: as venues do, it is acknowledged once more."""
        order.is_resting = False
        if self.capabilities.reports_pushed:
            self._push(order.report(self._clock.now_ns(), ()))
        self._fill(order, push=True)

    def _of_other(self, order: RestingOrder, status: ReportStatus) -> OrderReport:
        said = self._unknown(order.symbol, order.client_order_id)
        return attrs.evolve(said, status=status, venue_order_id=order.venue_order_id)

    def _push(self, report: OrderReport) -> None:
        fault = self._script.take(Operation.REPORT, report.client_order_id)
        kind = None if fault is None else fault.kind
        if kind is FaultKind.HOLD:
            self._held.append(report)
        if kind in (FaultKind.HOLD, FaultKind.DROP):
            return
        repeated = (report, report) if kind is FaultKind.DUPLICATE else (report,)
        late, self._held = self._held, []
        for each in (*repeated, *late):
            for sink in tuple(self._report_sinks):
                sink(each)

    def _state(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        order = self.book.find(symbol, client_order_id)
        if order is None:
            return self._unknown(symbol, client_order_id)
        return order.report(self._clock.now_ns())

    def _unknown(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        now = self._clock.now_ns()
        return OrderReport(
            client_order_id=client_order_id,
            symbol=symbol,
            status=ReportStatus.NOT_FOUND,
            ts_event=now,
            ts_received=now,
        )

    def _refused(self, order: NewOrder, code: str, message: str) -> OrderReport:
        now = self._clock.now_ns()
        return attrs.evolve(
            self._unknown(order.symbol, order.client_order_id),
            status=ReportStatus.REJECTED,
            code=code,
            message=message,
            ts_signed=now,
        )
