"""``/ws`` on a real server with a real client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from robson_domain import Symbol
from robsond import hub as hubs
from robsond.api import socket as sockets
from robsond.hub import message
from robsond.keys import Scope
from robsond.server import Server
from robsond.settings import Http
from tests.robsond.api_client import TOKENS, Api, authorization, make_api

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")


@asynccontextmanager
async def listening(api: Api) -> AsyncIterator[int]:
    server = Server(api.app, Http(port=0))
    port = await server.start()
    try:
        yield port
    finally:
        await server.stop()


@pytest.fixture
async def api() -> Api:
    return make_api()


@pytest.fixture
async def port(api: Api) -> AsyncIterator[int]:
    async with listening(api) as number:
        yield number


def dial(port: int, *, scope: Scope | None = Scope.READ, path: str = "/ws", **more: Any) -> connect:
    headers = {**authorization(scope), **more.pop("headers", {})}
    url = f"ws://localhost:{port}{path}"
    return connect(url, additional_headers=headers, proxy=None, **more)


async def said(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next message of a type, passing over others."""
    while True:
        found: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 5))
        assert set(found) == {"type", "data", "timestamp", "seq"}
        if found["type"] == kind:
            return found


async def tell(socket: ClientConnection, **ask: Any) -> None:
    await socket.send(json.dumps(ask))


def publish(api: Api, topic: str, symbol: Symbol | None, data: Any = None) -> None:
    api.hub.publish(topic, symbol, lambda: message(topic.removesuffix("s"), data, 1, 7))


async def test_subscribers_see_what_they_asked_for(api: Api, port: int) -> None:
    async with dial(port) as socket:
        await said(socket, "authenticated")
        await tell(socket, type="subscribe", topics=["events"], symbols=["btcusdt"])
        assert (await said(socket, "subscribed"))["data"] == {"events": ["BTCUSDT"]}
        publish(api, "events", ETH, "other pair")
        publish(api, "prices", BTC, "other topic")
        publish(api, "events", BTC, "mine")
        found = await said(socket, "event")
        assert (found["data"], found["seq"]) == ("mine", 7)
        await tell(socket, type="unsubscribe", topics=["events"])
        assert (await said(socket, "unsubscribed"))["data"] == {}
        text = api.door.metrics.text().decode()
        assert 'websocket_messages_sent_total{type="event"} 1.0' in text
        assert "websocket_connections 1.0" in text


async def test_no_symbols_means_all(api: Api, port: int) -> None:
    async with dial(port) as socket:
        await tell(socket, type="subscribe", topics=["positions", "prices"])
        data = (await said(socket, "subscribed"))["data"]
        assert data == {"positions": "all", "prices": "all"}
        publish(api, "positions", ETH, "x")
        assert (await said(socket, "position"))["data"] == "x"


async def test_what_is_of_no_pair_concerns_every_pair(api: Api, port: int) -> None:
    async with dial(port) as socket:
        await tell(socket, type="subscribe", topics=["events"], symbols=["BTCUSDT"])
        await said(socket, "subscribed")
        publish(api, "prices", None, "other topic")
        publish(api, "events", ETH, "other pair")
        publish(api, "events", None, "the account")
        assert (await said(socket, "event"))["data"] == "the account"


async def test_token_as_first_message(api: Api, port: int) -> None:
    async with dial(port, scope=None) as socket:
        await tell(socket, type="auth", token=TOKENS[Scope.READ])
        await said(socket, "authenticated")


async def test_token_as_subprotocol(api: Api, port: int) -> None:
    offered = [Subprotocol("robson.v1"), Subprotocol(f"bearer.{TOKENS[Scope.READ]}")]
    async with dial(port, scope=None, subprotocols=offered) as socket:
        assert socket.subprotocol == "robson.v1"
        await said(socket, "authenticated")


async def closed(socket: ClientConnection) -> tuple[int, str]:
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 5)
    except ConnectionClosed as end:
        return (end.rcvd.code, end.rcvd.reason) if end.rcvd is not None else (0, "cut off")


@pytest.mark.parametrize(
    "first",
    ['{"type":"auth","token":"wrong"}', '{"type":"subscribe"}', "{", '{"type":"auth"}', "[1]"],
)
async def test_without_a_good_token_it_ends(api: Api, port: int, first: str) -> None:
    async with dial(port, scope=None) as socket:
        await socket.send(first)
        assert (await closed(socket))[0] == sockets.POLICY_VIOLATION


async def test_silence_instead_of_a_token_ends_it(
    api: Api, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "HELLO_SECONDS", 0.05)
    async with dial(port, scope=None) as socket:
        assert await closed(socket) == (sockets.POLICY_VIOLATION, "no token came")


async def test_a_revoked_token_loses_its_socket(
    api: Api, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "RECHECK_SECONDS", 0.05)
    async with dial(port) as socket:
        await said(socket, "authenticated")
        api.door.keyring.replace({})
        assert (await closed(socket))[0] == sockets.POLICY_VIOLATION


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"headers": {"Origin": "http://evil.test"}}, 403),
        ({"headers": {"Origin": "null"}}, 403),
        ({"path": f"/ws?token={TOKENS[Scope.READ]}"}, 400),
        ({"path": "/ws/other"}, 404),
    ],
)
async def test_foreign_calls_are_refused_before_they_are_answered(
    api: Api, port: int, more: dict[str, Any], status: int
) -> None:
    with pytest.raises(InvalidStatus) as info:
        async with dial(port, **more):
            pass
    assert info.value.response.status_code == status


async def test_other_names_are_refused(api: Api) -> None:
    async with listening(api) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: evil.test\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b"421" in await reader.readline()
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", "message"),
        ("[]", "message"),
        ('{"type":"dance"}', "type"),
        ('{"type":"subscribe","topics":["secrets"]}', "topics"),
        ('{"type":"subscribe","topics":"events"}', "topics"),
        ('{"type":"subscribe","symbols":["??"]}', "symbol"),
        ('{"type":"subscribe","extra":1}', "message"),
    ],
)
async def test_bad_messages_are_answered_and_change_nothing(
    api: Api, port: int, text: str, field: str
) -> None:
    async with dial(port) as socket:
        await socket.send(text)
        error = (await said(socket, "error"))["data"]
        assert error["field"] == field
        assert error["message"]
        await tell(socket, type="subscribe", topics=["events"])
        assert (await said(socket, "subscribed"))["data"] == {"events": "all"}


async def test_a_slow_reader_is_dropped(
    api: Api, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "QUEUE_MAX", 8)
    async with dial(port) as lazy, dial(port) as eager:
        await tell(eager, type="subscribe", topics=["events"])
        await said(eager, "subscribed")
        await tell(lazy, type="subscribe", topics=["prices"])
        await said(lazy, "subscribed")
        for _ in range(50):
            publish(api, "prices", BTC, "x" * 1000)
        publish(api, "events", BTC, "still here")
        assert (await said(eager, "event"))["data"] == "still here"
        assert (await closed(lazy))[0] == sockets.TRY_LATER


async def test_chatter_ends_it(api: Api, port: int) -> None:
    async with dial(port) as socket:
        for _ in range(100):
            await tell(socket, type="subscribe", topics=["events"])
        code, reason = await closed(socket)
    assert (code, reason) == (sockets.POLICY_VIOLATION, "too many messages")


async def test_too_many_observers(api: Api, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "SUBSCRIBERS_MAX", 1)
    async with dial(port) as first, dial(port) as second:
        await said(first, "authenticated")
        assert (await closed(second))[0] == sockets.TRY_LATER


async def test_leaving_is_noticed(api: Api, port: int) -> None:
    async with dial(port) as socket:
        await tell(socket, type="subscribe", topics=["events"])
        await said(socket, "subscribed")
    for _ in range(100):
        if 'eventbus_subscribers{topic="events"} 0.0' in api.door.metrics.text().decode():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the reader is still counted")


async def test_huge_messages_end_it(api: Api, port: int) -> None:
    async with dial(port) as socket:
        await said(socket, "authenticated")
        await socket.send("x" * 100_000)
        assert (await closed(socket))[0] == 1009
