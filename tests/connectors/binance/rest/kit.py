"""A scripted HTTP server on loopback, and clients that talk to it."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

import attrs

from robson_connectors.binance.account import AccountReader, AccountSettings
from robson_connectors.binance.execution import BinanceExecution
from robson_connectors.binance.holdings import BinanceHoldings
from robson_connectors.binance.lending import BinanceLending, LendingParts
from robson_connectors.binance.limits import BanMemory, Limiter
from robson_connectors.binance.market_rest import MarketRest
from robson_connectors.binance.questions import Readers
from robson_connectors.binance.rest import RestClient
from robson_connectors.binance.signing import ApiKeys
from robson_connectors.binance.trades import TradeReader
from robson_connectors.transport.http import HttpClient, Timeouts
from robson_domain.identity import ClientOrderId
from robson_domain.ports.execution import NewOrder
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Quantity

SECOND: Final = 1_000_000_000
NOW: Final = 1_790_000_000 * SECOND
BTC: Final = Symbol("BTCUSDT")
KEY: Final = "canaryKEY" + "k" * 40
SECRET: Final = "canarySECRET" + "s" * 40
ORDER_ID: Final = ClientOrderId("robson_core_abcdefghijklmnopqr")

ORDER, TRADES = "/sapi/v1/margin/order", "/sapi/v1/margin/myTrades"
ACCOUNT, OPEN = "/sapi/v1/margin/isolated/account", "/sapi/v1/margin/openOrders"


class JumpingClock:
    """Whoever sleeps has slept; nobody waits."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[int] = []

    def now_ns(self) -> int:
        return self.now

    async def sleep_until(self, ts: int) -> None:
        await asyncio.sleep(0)
        if ts > self.now:
            self.slept.append(ts - self.now)
            self.now = ts


@attrs.frozen(kw_only=True)
class Reply:
    """What the server does with a request."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = attrs.field(factory=dict)
    hang: bool = False
    cut: bool = False
    raw: bytes = b""


def said(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status=status, body=json.dumps(content).encode(), headers=headers or {})


def refused(code: int, message: str = "no", status: int = 400) -> Reply:
    return said({"code": code, "msg": message}, status)


@attrs.frozen
class Seen:
    """A request as its bytes were."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        return urlsplit(self.target).query

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query or self.body.decode()))


Script = Reply | Callable[[Seen], Reply]


class Server:
    """Answers from scripts by method and path; the last entry of a script stays."""

    def __init__(self) -> None:
        self.scripts: dict[tuple[str, str], list[Script]] = defaultdict(list)
        self.seen: list[Seen] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.script("GET", "/api/v3/time", lambda _: said({"serverTime": NOW // 1_000_000}))

    def script(self, method: str, path: str, *replies: Script) -> None:
        self.scripts[method, path] = list(replies)

    def asked(self, method: str, path: str) -> list[Seen]:
        return [each for each in self.seen if (each.method, each.path) == (method, path)]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        seen = Seen(method, target, headers, body)
        self.seen.append(seen)
        reply = self._reply(seen)
        if reply.hang:
            await asyncio.sleep(3600)
        if reply.cut:
            return False
        writer.write(reply.raw or _bytes(reply))
        await writer.drain()
        return not reply.raw

    def _reply(self, seen: Seen) -> Reply:
        scripts = self.scripts.get((seen.method, seen.path))
        if not scripts:
            return Reply(status=404, body=b"<html>nothing here</html>")
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        return script if isinstance(script, Reply) else script(seen)


def _bytes(reply: Reply) -> bytes:
    headers = {"Content-Length": str(len(reply.body)), **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode() + reply.body


class Venue:
    """Everything of the REST half, talking to one server."""

    def __init__(
        self,
        server: Server,
        *,
        settings: AccountSettings | None = None,
        memory: BanMemory | None = None,
        total_s: float = 5.0,
        with_keys: bool = True,
    ) -> None:
        self.server = server
        self.clock = JumpingClock()
        self.limiter = Limiter(self.clock, memory)
        self.http = HttpClient([server.url], Timeouts(connect_s=2.0, total_s=total_s))
        self.rest = RestClient(
            self.http,
            server.url,
            self.clock,
            limiter=self.limiter,
            keys=ApiKeys(KEY, SECRET) if with_keys else None,
        )
        self.market = MarketRest(self.rest, self.clock)
        self.account = AccountReader(self.rest, self.clock, settings)
        self.trades = TradeReader(self.rest)
        readers = Readers(market=self.market, account=self.account, trades=self.trades)
        self.execution = BinanceExecution(self.rest, readers, self.clock)
        self.holdings = BinanceHoldings(self.account, self.trades)
        self.lending = BinanceLending(
            LendingParts(
                rest=self.rest,
                account=self.account,
                clock=self.clock,
                gate=self.execution.gate,
            )
        )


# ---------------------------------------------------------------------------- what it says

FILTERS: Final[list[dict[str, object]]] = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
    {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
    {"filterType": "MARKET_LOT_SIZE", "minQty": "0.0", "maxQty": "100", "stepSize": "0.00000000"},
    {
        "filterType": "NOTIONAL", "minNotional": "5.0", "applyMinToMarket": True,
        "maxNotional": "9000000", "applyMaxToMarket": False, "avgPriceMins": 5,
    },
    {
        "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2",
        "askMultiplierUp": "5", "askMultiplierDown": "0.2", "avgPriceMins": 5,
    },
    {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
]  # fmt: skip


def exchange_info(types: tuple[str, ...] = (), **over: object) -> dict[str, object]:
    entry = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS_LIMIT", *types],
        "isMarginTradingAllowed": True,
        "filters": FILTERS,
        **over,
    }
    return {"serverTime": NOW // 1_000_000, "symbols": [entry]}


def asset(name: str, **amounts: str) -> dict[str, object]:
    zero = dict.fromkeys(("borrowed", "free", "interest", "locked", "netAsset"), "0.00000000")
    return {"asset": name, "borrowEnabled": True, **zero, **amounts}


def account_of(
    base: dict[str, object] | None = None, quote: dict[str, object] | None = None, **over: object
) -> dict[str, object]:
    entry = {
        "baseAsset": base or asset("BTC"),
        "quoteAsset": quote or asset("USDT", free="1000.00000000"),
        "symbol": "BTCUSDT",
        "isolatedCreated": True,
        "enabled": True,
        "marginLevel": "999.00000000",
        "indexPrice": "60000.00000000",
        "liquidatePrice": "0.00000000",
        "tradeEnabled": True,
        **over,
    }
    return {"assets": [entry]}


def order_answer(**over: object) -> dict[str, object]:
    return {
        "symbol": "BTCUSDT",
        "orderId": 28,
        "clientOrderId": ORDER_ID,
        "transactTime": NOW // 1_000_000,
        "price": "0.00000000",
        "origQty": "0.01000000",
        "executedQty": "0.01000000",
        "cummulativeQuoteQty": "600.00",
        "status": "FILLED",
        "type": "MARKET",
        "side": "BUY",
        "isIsolated": True,
        "fills": [
            {
                "price": "60000.00", "qty": "0.01000000", "commission": "0.00001",
                "commissionAsset": "BTC", "tradeId": 7,
            }
        ],
        **over,
    }  # fmt: skip


def trade(trade_id: int, order_id: int = 28, **over: object) -> dict[str, object]:
    return {
        "symbol": "BTCUSDT",
        "id": trade_id,
        "orderId": order_id,
        "price": "60000.00",
        "qty": "0.01000000",
        "commission": "0.00001",
        "commissionAsset": "BTC",
        "time": NOW // 1_000_000 + trade_id,
        "isBuyer": True,
        "isMaker": False,
        "isIsolated": True,
        **over,
    }


def usual(server: Server) -> None:
    """Let the server answer everything as on a good day."""
    server.script("GET", "/api/v3/exchangeInfo", said(exchange_info()))
    server.script("GET", ACCOUNT, said(account_of()))
    server.script("GET", OPEN, said([]))
    server.script("GET", TRADES, said([]))
    server.script("GET", ORDER, said(order_answer(fills=[])))
    server.script("POST", ORDER, said(order_answer()))
    borrow = {"amount": "1.5", "borrowLimit": "60"}
    server.script("GET", "/sapi/v1/margin/maxBorrowable", said(borrow))
    tier = {
        "symbol": "BTCUSDT", "tier": 1, "effectiveMultiple": "10", "initialRiskRatio": "1.111",
        "liquidationRiskRatio": "1.05", "baseAssetMaxBorrowable": "9",
        "quoteAssetMaxBorrowable": "70000",
    }  # fmt: skip
    server.script("GET", "/sapi/v1/margin/isolatedMarginTier", said([tier]))
    fee = {"symbol": "BTCUSDT", "makerCommission": "0.001", "takerCommission": "0.00075"}
    server.script("GET", "/sapi/v1/asset/tradeFee", said([fee]))
    server.script("GET", "/sapi/v1/bnbBurn", said({"spotBNBBurn": False}))


def new_order(side: OrderSide = OrderSide.BUY, quantity: str = "0.01", **over: object) -> NewOrder:
    order = NewOrder(
        client_order_id=ORDER_ID,
        symbol=BTC,
        side=side,
        quantity=Quantity(quantity),
        reduces=False,
    )
    return attrs.evolve(order, **over)  # type: ignore[arg-type]


BUY, SELL = OrderSide.BUY, OrderSide.SELL
INFO = "/api/v3/exchangeInfo"
STAMP = f"&recvWindow=3000&timestamp={NOW // 1_000_000 - 200}"
SHORT = asset("BTC", borrowed="0.00999", interest="0.00000001")
IN_DEBT = asset("USDT", borrowed="100", free="1000")


def exit_of(side: OrderSide = SELL, quantity: str = "0.01") -> NewOrder:
    return new_order(side, quantity, reduces=True)


def sent(server: Server) -> Seen:
    (found,) = server.asked("POST", ORDER)
    return found


def effect(server: Server) -> str:
    return server.asked("POST", ORDER)[-1].params["sideEffectType"]
