"""Binance isolated margin as one object: orders, market and holdings of one account.

The two halves it is made of know nothing of each other: questions and orders over REST, and the
streams. What the user stream says is another report among others; without it orders are asked
for, so its loss delays nothing but news.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from robson_connectors.binance.account import AccountReader
from robson_connectors.binance.doctor import Doctor
from robson_connectors.binance.execution import BinanceExecution
from robson_connectors.binance.holdings import BinanceHoldings
from robson_connectors.binance.hosts import Hosts
from robson_connectors.binance.lending import BinanceLending, LendingParts
from robson_connectors.binance.limits import BanMemory, Limiter
from robson_connectors.binance.market_data import MarketParts, MarketStreams
from robson_connectors.binance.market_rest import MarketRest
from robson_connectors.binance.questions import Readers
from robson_connectors.binance.rest import RestClient
from robson_connectors.binance.signing import ApiKeys
from robson_connectors.binance.trades import TradeReader
from robson_connectors.binance.user_stream import UserParts, UserStreams
from robson_connectors.transport.http import HttpClient
from robson_connectors.transport.tasks import Notify
from robson_domain.account import AccountSnapshot
from robson_domain.capabilities import Capabilities
from robson_domain.errors import RetryableVenueError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.ports.holdings import HoldingsPort
from robson_domain.ports.lending import LendingPort
from robson_domain.ports.system import Clock
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol

READ_ONLY: Final = "READ_ONLY"
"""Code of a refusal: this connector was told to send no order."""
TradeSink = Callable[[TradeTick], None]
LinkSink = Callable[[Symbol, bool], None]


@attrs.frozen(kw_only=True)
class BinanceParts:
    """What the connector is made of.

    Attributes:
        keys: None for the public market alone.
        is_read_only: Whether every order is refused before anything is signed.
        jitter: Returns a number in [0, 1).
        notify: Told of problems: name and facts, no address and no secret among them.
        bans: Keeps the end of a ban over restarts; None = nowhere.
    """

    hosts: Hosts
    clock: Clock
    jitter: Callable[[], float]
    notify: Notify
    keys: ApiKeys | None = None
    is_read_only: bool = False
    bans: BanMemory | None = None


class BinanceConnector:
    """One isolated margin account and its market.

    Attributes:
        holdings: The whole account, read-only.
        lending: What the account owes, and paying it back.
        doctor: Looks at connection, key and pairs.
    """

    def __init__(self, parts: BinanceParts) -> None:
        self._parts = parts
        http = HttpClient([parts.hosts.rest])
        limiter = Limiter(parts.clock, parts.bans)
        self._rest = RestClient(
            http,
            parts.hosts.rest,
            parts.clock,
            limiter=limiter,
            keys=parts.keys,
            jitter=parts.jitter,
        )
        self._market = MarketRest(self._rest, parts.clock)
        self._account = AccountReader(self._rest, parts.clock)
        trades = TradeReader(self._rest)
        readers = Readers(market=self._market, account=self._account, trades=trades)
        self._orders = BinanceExecution(self._rest, readers, parts.clock)
        self._holdings = BinanceHoldings(self._account, trades)
        self.holdings: HoldingsPort = self._holdings
        self.lending: LendingPort = self._lending_side()
        self.doctor = Doctor(self._rest, self._market, self._account)
        self._streams = self._market_streams()
        self._user = self._user_streams() if parts.keys is not None else None

    def __repr__(self) -> str:
        return f"BinanceConnector({self._rest!r})"

    def _market_streams(self) -> MarketStreams:
        parts = self._parts
        return MarketStreams(
            MarketParts(
                url=parts.hosts.streams,
                clock=parts.clock,
                jitter=parts.jitter,
                notify=parts.notify,
                instrument=self._market.instrument,
                fetch=self._market.trades_since,
            )
        )

    def _lending_side(self) -> BinanceLending:
        parts = self._parts
        return BinanceLending(
            LendingParts(
                rest=self._rest,
                account=self._account,
                clock=parts.clock,
                gate=self._orders.gate,
                is_read_only=parts.is_read_only,
            )
        )

    def _user_streams(self) -> UserStreams:
        parts = self._parts
        return UserStreams(
            UserParts(
                url=parts.hosts.ws_api,
                clock=parts.clock,
                jitter=parts.jitter,
                notify=parts.notify,
                listen_token=self._orders.listen_token,
                on_report=self._on_report,
                on_hint=self._on_hint,
                on_gap=self._on_gap,
            )
        )

    def _on_report(self, report: OrderReport) -> None:
        self._orders.push(report)
        self._holdings.hint(report.symbol)

    def _on_hint(self, symbol: Symbol) -> None:
        self._account.changed(symbol)
        self._holdings.hint(symbol)

    def _on_gap(self, symbol: Symbol, is_connected: bool) -> None:
        # What was missed of our orders is asked for by whoever waits for them; a snapshot taken
        # before the gap is none of after it.
        self._on_hint(symbol)
        if not is_connected:
            self._parts.notify("user_stream_down", {"symbol": str(symbol)})

    @property
    def capabilities(self) -> Capabilities:
        """What the venue can do."""
        return self._orders.capabilities

    # ------------------------------------------------------------- execution

    async def submit(self, order: NewOrder) -> OrderReport:
        """Send an order once, at market or as a stop that rests.

        Raises:
            InDoubtError: It may have been executed, or rest there.
            RetryableVenueError: It was not taken.
        """
        if self._parts.is_read_only:
            return self._refused(order)
        return await self._orders.submit(order)

    def _refused(self, order: NewOrder) -> OrderReport:
        now = self._parts.clock.now_ns()
        return OrderReport(
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            status=ReportStatus.REJECTED,
            ts_event=now,
            ts_received=now,
            code=READ_ONLY,
            message="shadow mode: the order was decided and not sent",
        )

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Cancel what still works of an order.

        Raises:
            InDoubtError: It may have been canceled.
            RetryableVenueError: Nothing happened.
        """
        if self._parts.is_read_only:
            return await self._orders.query_order(symbol, client_order_id)
        return await self._orders.cancel(symbol, client_order_id)

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Return the order's state with all its fills."""
        return await self._orders.query_order(symbol, client_order_id)

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Return the orders working on ``symbol``, oldest first."""
        return await self._orders.open_orders(symbol)

    async def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        """Return the account's fills after a trade, in order."""
        return await self._orders.fills_since(symbol, after)

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        """Return a fresh snapshot of the pair.

        Raises:
            RetryableVenueError: No usable answer; without keys there never is one.
        """
        if self._parts.keys is None:
            raise RetryableVenueError("no API key is set", "NO_KEY")
        return await self._orders.account(symbol)

    def subscribe_reports(self, sink: Callable[[OrderReport], None]) -> None:
        """Call ``sink`` for every report the venue pushes."""
        self._orders.subscribe_reports(sink)

    # ----------------------------------------------------------- market data

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return the pair's rules."""
        return await self._market.instrument(symbol)

    def subscribe(self, symbol: Symbol, sink: TradeSink, link: LinkSink) -> None:
        """Call ``sink`` for every live trade; the pair's own events are followed too."""
        self._streams.subscribe(symbol, sink, link)
        if self._user is not None:
            self._user.start(symbol)

    def unsubscribe(self, symbol: Symbol) -> None:
        """Stop calling for ``symbol``."""
        self._streams.unsubscribe(symbol)
        if self._user is not None:
            self._user.stop(symbol)

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        """Return the trades after an id in order, up to now."""
        return await self._streams.trades_since(symbol, after_trade_id)

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Return the last complete bars, oldest first."""
        return await self._market.bars(symbol, interval, count)

    async def close(self) -> None:
        """Close streams and connections; idempotent."""
        await self._streams.close()
        if self._user is not None:
            await self._user.close()
        await self._orders.close()
        await self._rest.close()
