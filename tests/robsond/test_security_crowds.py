"""Callers without a token, in crowds: whoever has one gets through all the same."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from robson_domain import Reply
from robsond import crowd, protocols
from robsond.api import socket as sockets
from robsond.keys import Scope
from robsond.server import Server
from robsond.settings import Http
from tests.robsond.api_client import TOKENS, Api, authorization, make_api

MANY = 310
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def api() -> Api:
    return make_api()


@pytest.fixture
async def server(api: Api) -> AsyncIterator[Server]:
    server = Server(api.app, Http(port=0))
    await server.start()
    yield server
    await server.stop()


def port_of(server: Server) -> int:
    port: int = server._server.servers[0].sockets[0].getsockname()[1]
    return port


def connections(server: Server) -> int:
    return len(server._server.server_state.connections)


async def hang_up(line: Line) -> None:
    line[1].close()
    with contextlib.suppress(OSError):
        await line[1].wait_closed()


@asynccontextmanager
async def idling(server: Server, count: int = MANY) -> AsyncIterator[list[Line]]:
    """Hold connections on which nothing is said."""
    lines = [await asyncio.open_connection("127.0.0.1", port_of(server)) for _ in range(count)]
    try:
        yield lines
    finally:
        for line in lines:
            await hang_up(line)


def caller(server: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://localhost:{port_of(server)}",
        headers=authorization(Scope.TRADE),
        trust_env=False,
        timeout=5,
    )


async def panic(server: Server) -> int:
    async with caller(server) as client:
        return (await client.post("/api/panic", json={})).status_code


async def test_panic_gets_through_a_silent_crowd(api: Api, server: Server) -> None:
    async with idling(server):
        assert [await panic(server) for _ in range(20)] == [200] * 20
        assert connections(server) <= crowd.STRANGERS_MAX + 1


async def test_a_health_check_gets_through_too(server: Server) -> None:
    """It shows no token; it is only quicker than the silent."""
    async with idling(server), caller(server) as client:
        assert (await client.get("/healthz", headers={"Authorization": ""})).status_code == 200


_WAVES = """
import socket, sys, time
end, held = time.monotonic() + 60, []
while time.monotonic() < end:
    for _ in range(400):
        line = socket.socket()
        line.setblocking(False)
        line.connect_ex(("127.0.0.1", int(sys.argv[1])))
        held.append(line)
    print("a wave", flush=True)
    time.sleep(0.4)
    while len(held) > 400:
        held.pop(0).close()
"""
"""More at once than there are places, again and again; as many as the system lets wait."""


async def test_panic_gets_through_waves_of_callers(server: Server) -> None:
    waves = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WAVES, str(port_of(server)), stdout=subprocess.PIPE
    )
    try:
        assert waves.stdout is not None
        for _ in range(4):
            assert await waves.stdout.readline()
            assert [await panic(server) for _ in range(30)] == [200] * 30
    finally:
        waves.kill()
        await waves.communicate()


async def test_who_showed_a_token_is_not_sent_away(server: Server) -> None:
    async with caller(server) as client:
        await client.get("/api/status")
        (line,) = client._transport._pool.connections  # type: ignore[attr-defined]
        async with idling(server):
            await client.get("/api/status")
            assert client._transport._pool.connections == [line]  # type: ignore[attr-defined]


def dial(server: Server, scope: Scope | None = Scope.READ) -> connect:
    url = f"ws://localhost:{port_of(server)}/ws"
    return connect(url, additional_headers=authorization(scope), proxy=None)


async def test_silent_sockets_take_no_place_of_an_observer(api: Api, server: Server) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(100):
            await stack.enter_async_context(dial(server, None))
        assert "websocket_connections 0.0" in api.door.metrics.text().decode()
        async with dial(server) as observer, dial(server, None) as late:
            assert "authenticated" in str(await asyncio.wait_for(observer.recv(), 5))
            await late.send('{"type":"auth","token":"' + TOKENS[Scope.READ] + '"}')
            assert "authenticated" in str(await asyncio.wait_for(late.recv(), 5))
            assert "websocket_connections 2.0" in api.door.metrics.text().decode()


async def test_silent_sockets_are_strangers_observers_are_not(server: Server) -> None:
    async with dial(server) as observer, dial(server, None) as silent:
        await asyncio.wait_for(observer.recv(), 5)
        async with idling(server):
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(silent.recv(), 2)
            await observer.send('{"type":"subscribe","topics":["events"]}')
            assert "subscribed" in str(await asyncio.wait_for(observer.recv(), 5))


async def test_a_socket_that_does_not_say_goodbye_counts_until_it_has_gone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "HELLO_SECONDS", 0.05)
    request = (
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with idling(server) as lines:
        for _, writer in lines:
            writer.write(request)
        await asyncio.sleep(0.3)
        assert connections(server) <= crowd.STRANGERS_MAX
        assert await panic(server) == 200


async def test_a_place_is_free_again_when_somebody_leaves(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "STRANGERS_MAX", 3)
    for _ in range(10):
        async with idling(server, 3) as lines:
            await asyncio.sleep(0.02)
            assert connections(server) == 3
            assert not any(reader.at_eof() for reader, _ in lines)
        await asyncio.sleep(0.02)


async def test_connections_in_all_are_bounded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "CONNECTIONS_MAX", 3)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            client = await stack.enter_async_context(caller(server))
            assert (await client.get("/api/status")).status_code == 200
        with pytest.raises(httpx.NetworkError):
            await panic(server)
        assert connections(server) == 3


async def ended(line: Line) -> bytes:
    async with asyncio.timeout(3):
        try:
            return await line[0].read()
        except ConnectionResetError:
            return b""


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_the_second_head_must_come_in_time_too(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "HEAD_SECONDS", 0.2)
    async with idling(server, 1) as (line,):
        line[1].write(HEALTH)
        assert b" 200 " in await line[0].readline()
        line[1].write(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        await ended(line)
        assert connections(server) == 0


async def test_an_answer_that_takes_long_is_waited_for(
    api: Api, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "HEAD_SECONDS", 0.1)
    act = api.machine.panic

    async def slow() -> Reply:
        await asyncio.sleep(0.4)
        return await act()

    api.machine.panic = slow  # type: ignore[method-assign]
    assert await panic(server) == 200


async def test_a_stranger_does_not_stay_for_long(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "STRANGER_IDLE_SECONDS", 0.2)
    token = authorization(Scope.READ)["Authorization"].encode()
    async with idling(server, 2) as (stranger, known):
        stranger[1].write(HEALTH)
        known[1].write(
            b"GET /api/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + token + b"\r\n\r\n"
        )
        assert b'"ok"' in await ended(stranger)
        assert connections(server) == 1
