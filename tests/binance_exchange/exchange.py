"""The exchange put together, and how tests hold it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Final

import attrs

from tests.binance_exchange.api import RestApi
from tests.binance_exchange.audit import Audit
from tests.binance_exchange.clock import ExchangeClock
from tests.binance_exchange.control import Control
from tests.binance_exchange.control_http import ControlRoutes
from tests.binance_exchange.faults import Faults
from tests.binance_exchange.limits import LimitRules, Limits
from tests.binance_exchange.market import Market, MarketTrade
from tests.binance_exchange.market_streams import MarketStreams
from tests.binance_exchange.matching import Matching
from tests.binance_exchange.model import Account
from tests.binance_exchange.pairs import Pair, default_pairs
from tests.binance_exchange.rest_account import AccountRoutes
from tests.binance_exchange.rest_market import MarketRoutes
from tests.binance_exchange.rest_orders import OrderRoutes
from tests.binance_exchange.security import ApiKey
from tests.binance_exchange.server import Server
from tests.binance_exchange.sockets import SocketRules, Talker
from tests.binance_exchange.user_streams import UserStreams
from tests.binance_exchange.venue import Execution, Venue, VenueRules
from tests.binance_exchange.wire import Request, Response
from tests.binance_exchange.ws_api import PATH as WS_API_PATH
from tests.binance_exchange.ws_api import WsApi

API_KEY: Final = "SimulatedKey" + "0123456789ABCDEF" * 3
API_SECRET: Final = "SimulatedSecret" + "fedcba9876543210" * 3
HOUR_MS: Final = 3_600_000
CONNECTIONS_WINDOW_S: Final = 300


def _prices() -> dict[str, Decimal]:
    return {"BTCUSDT": Decimal(95_000), "ETHUSDT": Decimal(2_000)}


def _funds() -> dict[str, dict[str, Decimal]]:
    return {symbol: {"USDT": Decimal(10_000)} for symbol in _prices()}


@attrs.frozen(kw_only=True)
class Options:
    """How an exchange starts. ``funds`` opens isolated accounts; the cross account is rich.

    With ``accrues`` interest is charged at every full hour of the exchange's clock; without it only
    when a test says so.
    """

    pairs: tuple[Pair, ...] = attrs.field(factory=default_pairs)
    prices: Mapping[str, Decimal] = attrs.field(factory=_prices)
    funds: Mapping[str, Mapping[str, Decimal]] = attrs.field(factory=_funds)
    cross_funds: Mapping[str, Decimal] = attrs.field(factory=lambda: {"USDT": Decimal(10_000)})
    rules: VenueRules = attrs.field(factory=VenueRules)
    limits: LimitRules = attrs.field(factory=LimitRules)
    sockets: SocketRules = attrs.field(factory=SocketRules)
    api_key: str = API_KEY
    api_secret: str = API_SECRET
    port: int = 0
    tick_ms: int = 1000
    connections_per_5_min: int = 300
    asset_read_min_ms: int = 0
    accrues: bool = True
    now_ns: Callable[[], int] | None = None


class UnfilledCounts:
    """Takes orders off the unfilled count when they first fill. A listener of the venue."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def executed(self, execution: Execution) -> None:
        """Forgive an order at its first fill."""
        if execution.fill is not None and len(execution.order.fills) == 1:
            self._limits.forgive_order(execution.order.account_key)

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Balances do not count."""

    def moved(self, account: Account, asset: str, delta: Decimal) -> None:
        """Transfers do not count."""

    def traded(self, symbol: str, trade: MarketTrade) -> None:
        """Public trades do not count."""

    def quoted(self, symbol: str) -> None:
        """Quotes do not count."""


class Exchange(Control):
    """A running exchange: addresses, operations (see :class:`Control`), audit."""

    def __init__(self, options: Options) -> None:
        clock = ExchangeClock() if options.now_ns is None else ExchangeClock(options.now_ns)
        venue = Venue(options.pairs, clock, options.rules)
        for symbol, price in options.prices.items():
            venue.markets[symbol] = Market(venue.pairs[symbol], price, clock.now_ms())
        limits, streams = Limits(options.limits), UserStreams(venue)
        super().__init__(
            venue=venue,
            matching=Matching(venue),
            faults=Faults(),
            limits=limits,
            user_streams=streams,
            market_streams=MarketStreams(venue, options.sockets),
            ws_api=WsApi(venue, streams, limits, options.sockets),
            audit=Audit(venue),
        )
        self.options = options
        self.key = ApiKey(key=options.api_key, secret=options.api_secret)
        self.keys = {self.key.key: self.key}
        self.rest = self._rest()
        self._server = Server(self._handle, self._route)
        self._control = ControlRoutes(self)
        self._connections: list[float] = []
        self._ticker: asyncio.Task[None] | None = None
        self._hour = clock.now_ms() // HOUR_MS
        self._fund()
        venue.listeners += [
            self.audit,
            UnfilledCounts(limits),
            self.user_streams,
            self.market_streams,
        ]

    def _rest(self) -> RestApi:
        rest = RestApi(
            self.venue, limits=self.limits, faults=self.faults, audit=self.audit, keys=self.keys
        )
        accounts = AccountRoutes(self.venue, self.user_streams)
        accounts.asset_read_min_ms = self.options.asset_read_min_ms
        rest.add(MarketRoutes(self.venue, self.options.limits).endpoints())
        rest.add(OrderRoutes(self.venue, self.matching, self.limits).endpoints())
        rest.add(accounts.endpoints())
        return rest

    def _fund(self) -> None:
        for symbol, assets in self.options.funds.items():
            for asset, size in assets.items():
                self.venue.open_account(symbol).of(asset).free += size
        for asset, size in self.options.cross_funds.items():
            self.venue.accounts[None].of(asset).free += size

    # ------------------------------------------------------------------ addresses

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._server.port}"

    @property
    def ws_api_url(self) -> str:
        return self.ws_url + WS_API_PATH

    @property
    def failures(self) -> list[Exception]:
        """What broke inside the exchange; :meth:`stop` raises it."""
        return self._server.failures

    # ------------------------------------------------------------------ running

    async def start(self) -> None:
        """Listen."""
        await self._server.start(self.options.port)
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._ticker is not None:
            self._ticker.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticker
        for task in list(self.feeds):
            task.cancel()
        await asyncio.gather(*self.feeds, return_exceptions=True)
        await self._server.stop()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.options.tick_ms / 1000)
            self.market_streams.tick()
            self.user_streams.expire()
            hour = self.venue.clock.real_ms() // HOUR_MS
            if hour > self._hour and self.options.accrues:
                self._hour = hour
                self.accrue()

    async def _handle(self, request: Request) -> Response:
        if request.path.startswith("/control/"):
            return self._control.answer(request)
        return await self.rest.handle(request)

    def _route(self, target: str) -> Talker | int:
        now = asyncio.get_running_loop().time()
        self._connections = [t for t in self._connections if t > now - CONNECTIONS_WINDOW_S]
        self._connections.append(now)
        self.audit.socket("connect", target)
        if self.refuses_sockets:
            return 503
        if self.venue.clock.now_ms() < self.limits.banned_until_ms:
            return 418
        if len(self._connections) > self.options.connections_per_5_min:
            return 429
        if target.partition("?")[0] == WS_API_PATH:
            return self.ws_api
        return self.market_streams.route(target)


@asynccontextmanager
async def running_exchange(options: Options | None = None) -> AsyncIterator[Exchange]:
    """Run an exchange on a free loopback port for as long as the block lasts."""
    exchange = Exchange(options or Options())
    await exchange.start()
    try:
        yield exchange
    finally:
        await exchange.stop()
