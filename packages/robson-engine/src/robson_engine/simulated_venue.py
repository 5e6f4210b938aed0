"""The one matching core: behind backtest, paper trading and the test exchange. Pure.

Invariants:
    1. The same calls give the same answers and the same :meth:`SimulatedVenue.dump`, byte for
       byte, in any process.
    2. Every fill is applied once; trade ids ascend and are never used again.
    3. For every pair: base and quote change by exactly what the fills and commissions say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from robson_domain import codec, decimals
from robson_domain.account import AccountSnapshot
from robson_domain.copying import evolved, prepare
from robson_domain.errors import DefinitiveVenueError, UnknownSchema
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.instrument import Instrument
from robson_domain.market import TradeTick
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol
from robson_domain.values import Money, Price, Quantity
from robson_engine import venue_rules
from robson_engine.venue_assumptions import VenueAssumptions
from robson_engine.venue_book import (
    LastPrice,
    PairAccount,
    VenueDelta,
    VenueDump,
    VenueHead,
    VenueOrder,
)
from robson_engine.venue_rules import PairView, Refusal

prepare(VenueOrder, PairAccount, OrderReport)

__all__ = ["SimulatedVenue", "VenueAssumptions", "VenueDelta"]


class SimulatedVenue:
    """A margin venue with market orders, one isolated netting account per pair.

    Written assumptions:
        * Each pair has its own account, funded once with ``quote_balance``; pairs do not
          touch each other. Amounts below zero are debt; what comes in repays debt first.
        * An order may be filled ``latency_ns`` after it was sent, at the first trade received
          then or later, at that trade's price: a gap fills at the first price after it.
          Latency 0 fills in the answer at the last traded price (at the first trade when
          there is none yet).
        * The whole order fills at one trade, however small that trade was; with
          ``fill_fraction`` every trade gives at most that share of its quantity (a trade of
          unknown quantity gives everything), also with latency 0, from the next trade on.
        * Our orders do not move the market. Working orders fill oldest first.
        * Debt costs no interest, and nobody is liquidated: an account below zero is carried
          on. ``liquidation_level`` is only reported.
        * What is due goes by the receive time of the prices and the ``now`` of the caller; a fill
          is stamped with the event time of its trade, as a venue does.
        * A client order id may be used again once its order is done, and is then executed
          again; a question by id answers for the newest. Refused orders are forgotten.
    """

    def __init__(
        self,
        assumptions: VenueAssumptions,
        instruments: Mapping[Symbol, Instrument],
        quote_balance: Money,
    ) -> None:
        self._assumptions = assumptions
        self._quote_balance = quote_balance.value
        self._instruments: dict[Symbol, Instrument] = {}
        self._accounts: dict[Symbol, PairAccount] = {}
        self._last: dict[Symbol, int] = {}
        self._orders: dict[int, VenueOrder] = {}
        self._latest: dict[tuple[Symbol, ClientOrderId], int] = {}
        self._working: dict[Symbol, dict[int, None]] = {}
        for instrument in instruments.values():
            self.add(instrument)
        self._order_count = 0
        self._trade_count = 0
        self._changed: dict[int, None] = {}

    def add(self, instrument: Instrument) -> None:
        """Trade this pair from now on, on these rules; a pair that is new gets its own account."""
        symbol = instrument.symbol
        self._instruments[symbol] = instrument
        self._accounts.setdefault(
            symbol, PairAccount(symbol=symbol, base=decimals.ZERO, quote=self._quote_balance)
        )
        self._working.setdefault(symbol, {})

    # ------------------------------------------------------------------ orders

    def submit(self, order: NewOrder, now: int) -> OrderReport:
        """Take or refuse ``order`` sent at ``now`` (UTC ns).

        Returns:
            ``ACCEPTED``; ``FILLED`` with latency 0 and a known price; ``REJECTED`` with a code
            (``UNKNOWN_SYMBOL``, ``DUPLICATE_CLIENT_ID``, ``BAD_STEP``, ``BELOW_MINIMUM``,
            ``ABOVE_MAXIMUM``, ``EXCEEDS_POSITION``, ``INSUFFICIENT_MARGIN``).
        """
        refusal = self._refusal(order)
        if refusal is not None:
            return OrderReport(
                client_order_id=order.client_order_id,
                symbol=order.symbol,
                status=ReportStatus.REJECTED,
                ts_event=now,
                ts_received=now,
                ts_signed=now,
                code=refusal.code,
                message=refusal.message,
            )
        taken = self._take(order, now)
        if self._assumptions.latency_ns == 0 and self._assumptions.fill_fraction is None:
            ticks = self._last.get(order.symbol)
            if ticks is not None:
                taken = self._fill(taken, taken.leaves, ticks, now)
        return taken.report(now, taken.fills, ts_signed=now)

    def on_trade(self, tick: TradeTick) -> tuple[OrderReport, ...]:
        """Take one market trade; return what it did to working orders, oldest order first."""
        self._last[tick.symbol] = tick.ticks
        working = self._working.get(tick.symbol)
        if not working:
            return ()
        reports = [self._offer(self._orders[number], tick) for number in tuple(working)]
        return tuple(report for report in reports if report is not None)

    def cancel(self, symbol: Symbol, client_order_id: ClientOrderId, now: int) -> OrderReport:
        """End what still works of an order; of any other order only say how it stands."""
        order = self._find(symbol, client_order_id)
        if order is not None and order.is_working:
            self._keep(evolved(order, status=ReportStatus.CANCELED))
        return self.query(symbol, client_order_id, now)

    def finish(self, now: int) -> tuple[OrderReport, ...]:
        """End of data at ``now``: what still works fills at the last price, or expires."""
        reports = []
        for symbol, working in self._working.items():
            for number in tuple(working):
                order, ticks = self._orders[number], self._last.get(symbol)
                if ticks is None:
                    done = self._expire(order, "NO_PRICE")
                else:
                    done = self._fill(order, order.leaves, ticks, now)
                reports.append(done.report(now, done.fills[len(order.fills) :]))
        return tuple(reports)

    # --------------------------------------------------------------- questions

    def query(self, symbol: Symbol, client_order_id: ClientOrderId, now: int) -> OrderReport:
        """Return how the newest order with this id stands, with all its fills."""
        order = self._find(symbol, client_order_id)
        if order is not None:
            return order.report(now, order.fills)
        return OrderReport(
            client_order_id=client_order_id,
            symbol=symbol,
            status=ReportStatus.NOT_FOUND,
            ts_event=now,
            ts_received=now,
        )

    def open_orders(self, symbol: Symbol, now: int) -> tuple[OrderReport, ...]:
        """Return the working orders on ``symbol``, oldest first."""
        return tuple(order.report(now, order.fills) for order in self._working_on(symbol))

    def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        """Return the fills on ``symbol`` after trade ``after`` (None = all), in order."""
        mark = 0 if after is None else int(after)
        found = [
            (order.client_order_id, fill)
            for order in self._orders.values()
            if order.symbol == symbol
            for fill in order.fills
            if int(fill.trade_id) > mark
        ]
        return tuple(sorted(found, key=lambda item: int(item[1].trade_id)))

    def account(self, symbol: Symbol, now: int) -> AccountSnapshot:
        """Return the pair's account at ``now`` (UTC ns).

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
        """
        if symbol not in self._instruments:
            raise DefinitiveVenueError(f"{symbol} is not traded here", "UNKNOWN_SYMBOL")
        return venue_rules.snapshot(self._view(symbol), now)

    def is_working(self, symbol: Symbol) -> bool:
        """Say whether a trade of ``symbol`` could fill anything."""
        return bool(self._working.get(symbol))

    def next_due(self, symbol: Symbol) -> int | None:
        """Return from when on (UTC ns) a trade of ``symbol`` could fill anything, or None."""
        return min((order.due for order in self._working_on(symbol)), default=None)

    # ------------------------------------------------------------------ memory

    def dump(self) -> str:
        """Return the whole venue as canonical JSON."""
        return codec.dumps(VenueDump(head=self._head(), orders=tuple(self._orders.values())))

    def restore(self, data: str) -> None:
        """Become the venue that :meth:`dump` described.

        Raises:
            UnknownSchema: When the text does not fit, or names pairs that are not traded here.
        """
        dump = codec.decode(codec.loads(data), VenueDump)
        self._load(dump.head, dump.orders)

    def changes(self) -> VenueDelta | None:
        """Return what changed since the last call, or None; prices alone are no change."""
        if not self._changed:
            return None
        orders = tuple((number, codec.dumps(self._orders[number])) for number in self._changed)
        self._changed = {}
        return VenueDelta(head=codec.dumps(self._head()), orders=orders)

    def load(self, head: str, orders: Iterable[str]) -> None:
        """Become the venue whose :meth:`changes` were kept: the last head, every order by number.

        Raises:
            UnknownSchema: When a text does not fit.
        """
        self._load(
            codec.decode(codec.loads(head), VenueHead),
            tuple(codec.decode(codec.loads(order), VenueOrder) for order in orders),
        )

    @staticmethod
    def pairs_of(head: str) -> tuple[Symbol, ...]:
        """Return the pairs a head that was kept has accounts of; all must be traded to load it.

        Raises:
            UnknownSchema: When the text does not fit.
        """
        kept = codec.decode(codec.loads(head), VenueHead)
        return tuple(account.symbol for account in kept.accounts)

    def copy(self) -> SimulatedVenue:
        """Return an independent venue in the same state, to go back to."""
        twin = SimulatedVenue(self._assumptions, self._instruments, Money(self._quote_balance))
        twin._accounts, twin._last = dict(self._accounts), dict(self._last)
        twin._orders, twin._latest = dict(self._orders), dict(self._latest)
        twin._working = {symbol: dict(numbers) for symbol, numbers in self._working.items()}
        twin._order_count, twin._trade_count = self._order_count, self._trade_count
        twin._changed = dict(self._changed)
        return twin

    # ------------------------------------------------------------------- inner

    def _refusal(self, order: NewOrder) -> Refusal | None:
        if order.symbol not in self._instruments:
            return Refusal("UNKNOWN_SYMBOL", f"{order.symbol} is not traded here")
        known = self._find(order.symbol, order.client_order_id)
        if known is not None and known.is_working:
            return Refusal("DUPLICATE_CLIENT_ID", "an order with this id is still working")
        view = self._view(order.symbol)
        refusal = venue_rules.size_refusal(order.quantity, view)
        if refusal is None and order.reduces:
            refusal = venue_rules.reduce_refusal(order, view)
        elif refusal is None:
            refusal = venue_rules.margin_refusal(order.side, order.quantity, view)
        return refusal

    def _take(self, order: NewOrder, now: int) -> VenueOrder:
        self._order_count += 1
        taken = VenueOrder(
            number=self._order_count,
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            reduces=order.reduces,
            due=now + self._assumptions.latency_ns,
            checked=order.reduces or order.symbol in self._last,
        )
        self._keep(taken)
        return taken

    def _offer(self, order: VenueOrder, tick: TradeTick) -> OrderReport | None:
        """Let ``tick`` fill what it can of ``order``; return the report, None for nothing."""
        seen = tick.trade_id != 0 and tick.trade_id <= order.mark
        if tick.ts_received < order.due or seen:
            return None
        quantity = min(order.leaves, self._share(tick))
        if not quantity:
            return None
        marked = evolved(order, mark=tick.trade_id)
        done = self._fill(marked, quantity, tick.ticks, tick.ts_event)
        return done.report(tick.ts_received, done.fills[len(order.fills) :])

    def _share(self, tick: TradeTick) -> Quantity:
        """Return how much of ``tick`` one order may take, base asset."""
        instrument = self._instruments[tick.symbol]
        fraction = self._assumptions.fill_fraction
        if fraction is None or tick.steps == 0:
            return instrument.quantity_max
        traded = instrument.quantity(tick.steps).value
        return instrument.round_qty_down(decimals.mul(traded, fraction))

    def _fill(self, order: VenueOrder, quantity: Quantity, ticks: int, ts: int) -> VenueOrder:
        if not order.checked:
            view = self._view(order.symbol)
            # The order itself works already; what it makes must not be counted twice.
            others = tuple(other for other in view.working if other.number != order.number)
            alone = evolved(view, working=others)
            refusal = venue_rules.margin_refusal(order.side, order.quantity, alone)
            if refusal is not None:
                return self._expire(order, refusal.code)
            order = evolved(order, checked=True)
        price = self._instruments[order.symbol].price(ticks)
        self._trade_count += 1
        in_base = venue_rules.pays_base(order.side, self._assumptions)
        fill = Fill(
            trade_id=TradeId(str(self._trade_count)),
            price=price,
            quantity=quantity,
            commission=venue_rules.commission(order.side, quantity, price, self._assumptions),
            commission_asset=order.symbol.base if in_base else order.symbol.quote,
            ts_event=ts,
        )
        self._accounts[order.symbol] = self._accounts[order.symbol].after(order.side, fill)
        return self._keep(order.with_fill(fill))

    def _expire(self, order: VenueOrder, code: str) -> VenueOrder:
        return self._keep(evolved(order, status=ReportStatus.EXPIRED, code=code))

    def _keep(self, order: VenueOrder) -> VenueOrder:
        self._orders[order.number] = order
        self._latest[order.symbol, order.client_order_id] = order.number
        if order.is_working:
            self._working[order.symbol][order.number] = None
        else:
            self._working[order.symbol].pop(order.number, None)
        self._changed[order.number] = None
        return order

    def _find(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder | None:
        number = self._latest.get((symbol, client_order_id))
        return None if number is None else self._orders[number]

    def _working_on(self, symbol: Symbol) -> tuple[VenueOrder, ...]:
        return tuple(self._orders[number] for number in self._working.get(symbol, ()))

    def _price(self, symbol: Symbol) -> Price | None:
        ticks = self._last.get(symbol)
        return None if ticks is None else self._instruments[symbol].price(ticks)

    def _view(self, symbol: Symbol) -> PairView:
        return PairView(
            instrument=self._instruments[symbol],
            account=self._accounts[symbol],
            working=self._working_on(symbol),
            price=self._price(symbol),
            assumptions=self._assumptions,
        )

    def _head(self) -> VenueHead:
        return VenueHead(
            orders=self._order_count,
            trades=self._trade_count,
            accounts=tuple(self._accounts.values()),
            prices=tuple(LastPrice(symbol=s, ticks=t) for s, t in self._last.items()),
        )

    def _load(self, head: VenueHead, orders: tuple[VenueOrder, ...]) -> None:
        unknown = {account.symbol for account in head.accounts} - self._instruments.keys()
        if unknown:
            raise UnknownSchema(f"{', '.join(sorted(unknown))}: not traded at this venue")
        self._order_count, self._trade_count = head.orders, head.trades
        self._accounts |= {account.symbol: account for account in head.accounts}
        self._last = {price.symbol: price.ticks for price in head.prices}
        self._orders, self._latest = {}, {}
        self._working = {symbol: {} for symbol in self._instruments}
        for order in orders:
            self._keep(order)
        self._changed = {}
