"""A client that knows nothing but bytes: the exchange is judged without the project's own."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.binance_exchange import API_KEY, API_SECRET, Exchange

ORDER = "/sapi/v1/margin/order"
BTC = {"symbol": "BTCUSDT", "isIsolated": "TRUE"}


def signature(payload: str, secret: str = API_SECRET) -> str:
    """Return the signature of ``payload``."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def now_ms() -> int:
    """Return the machine's time."""
    return time.time_ns() // 1_000_000


class RawClient:
    """Signed and unsigned requests over httpx."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a public request that succeeds."""
        answer = await self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def raw(self, method: str, path: str, query: str) -> httpx.Response:
        """Send ``query`` exactly as it is."""
        return await self.http.request(method, f"{path}?{query}")

    async def signed(self, method: str, path: str, **params: Any) -> httpx.Response:
        """Send a signed request; a ``timestamp`` given is kept."""
        fields = {name: value for name, value in params.items() if value is not None}
        fields.setdefault("timestamp", now_ms())
        query = urlencode(fields)
        return await self.raw(method, path, f"{query}&signature={signature(query)}")

    async def ok(self, method: str, path: str, **params: Any) -> Any:
        """Return the JSON of a signed request that succeeds."""
        answer = await self.signed(method, path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, **params: Any) -> int:
        """Return the code of a signed request that is refused."""
        answer = await self.signed(method, path, **params)
        assert answer.status_code >= 400, answer.text
        return int(answer.json()["code"])

    async def market(self, side: str, quantity: str, **more: Any) -> Any:
        """Place a market order that succeeds."""
        fields = {**BTC, "side": side, "type": "MARKET", "quantity": quantity, **more}
        return await self.ok("POST", ORDER, **fields)

    async def stop(self, stop_price: str, price: str, quantity: str, **more: Any) -> Any:
        """Place a stop-limit sell that succeeds, with the full answer."""
        fields = {
            **BTC,
            "side": "SELL",
            "type": "STOP_LOSS_LIMIT",
            "quantity": quantity,
            "price": price,
            "stopPrice": stop_price,
            "timeInForce": "GTC",
            "newOrderRespType": "FULL",
            **more,
        }
        return await self.ok("POST", ORDER, **fields)

    async def account(self, symbol: str = "BTCUSDT") -> Any:
        """Return one isolated account."""
        found = await self.ok("GET", "/sapi/v1/margin/isolated/account", symbols=symbol)
        return found["assets"][0]


@asynccontextmanager
async def client_of(exchange: Exchange, timeout_s: float = 5.0) -> AsyncIterator[RawClient]:
    """Return a client of ``exchange`` for the length of the block."""
    async with httpx.AsyncClient(
        base_url=exchange.base_url, headers={"X-MBX-APIKEY": API_KEY}, timeout=timeout_s
    ) as http:
        yield RawClient(http)


async def next_json(socket: ClientConnection, timeout_s: float = 2.0) -> Any:
    """Return the next frame."""
    return json.loads(await asyncio.wait_for(socket.recv(), timeout_s))


async def token_of(client: RawClient, symbol: str = "BTCUSDT", **more: Any) -> Any:
    """Return a new listen token of an isolated pair."""
    answer = await client.http.post(
        "/sapi/v1/userListenToken", data={"symbol": symbol, "isIsolated": "true", **more}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def subscribe(socket: ClientConnection, token: str) -> Any:
    """Subscribe to user events and return the answer."""
    await socket.send(
        json.dumps(
            {
                "id": "1",
                "method": "userDataStream.subscribe.listenToken",
                "params": {"listenToken": token},
            }
        )
    )
    return await next_json(socket)


@asynccontextmanager
async def user_events(
    exchange: Exchange, client: RawClient, symbol: str = "BTCUSDT"
) -> AsyncIterator[ClientConnection]:
    """Return a connection that receives the user events of ``symbol``."""
    token = await token_of(client, symbol)
    async with connect(exchange.ws_api_url) as socket:
        assert (await subscribe(socket, token["token"]))["status"] == 200
        yield socket
