"""The server under abuse: callers who say nothing, say too much, or come in crowds."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from robson_domain import ConfigurationError
from robsond import protocols
from robsond.api import gate
from robsond.keys import Scope
from robsond.server import Server
from robsond.settings import Http
from tests.robsond.api_client import Api, authorization, make_api


@pytest.fixture
async def api() -> Api:
    return make_api()


@pytest.fixture
async def port(api: Api) -> AsyncIterator[int]:
    server = Server(api.app, Http(port=0))
    yield await server.start()
    await server.stop()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def good(port: int) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(
            f"http://localhost:{port}/api/status", headers=authorization(Scope.READ)
        )
        return answer.status_code


async def test_it_listens_on_loopback_only(api: Api) -> None:
    server = Server(api.app, Http(port=0))
    port = await server.start()
    listening = [one.getsockname()[0] for one in server._server.servers[0].sockets]
    assert listening == ["127.0.0.1"]
    assert await good(port) == 200
    await server.stop()


async def test_who_never_finishes_a_request_is_dropped(
    api: Api, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "HEAD_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /api/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    await writer.drain()
    async with asyncio.timeout(3):
        assert await reader.read() == b""
    await hang_up(writer)
    assert await good(port) == 200


async def test_a_body_that_never_ends_is_given_up(
    api: Api, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    token = authorization(Scope.TRADE)["Authorization"]
    writer.write(
        f"POST /api/panic HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{".encode()
    )
    await writer.drain()
    async with asyncio.timeout(3):
        assert b" 408 " in await reader.readline()
    await hang_up(writer)
    assert api.machine.calls == []


async def test_long_headers_are_refused(api: Api, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
    async with asyncio.timeout(3):
        assert b" 400 " in await reader.readline()
    await hang_up(writer)


async def test_ten_thousand_guesses_do_not_hold_the_loop(api: Api) -> None:
    """A guess costs microseconds; most are answered without being looked at twice."""
    worst = 0.0

    async def pulse() -> None:
        nonlocal worst
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            worst = max(worst, time.perf_counter() - before)

    beat = asyncio.ensure_future(pulse())
    statuses = []
    for n in range(2_000):
        answer = await api.get("/api/status", None, headers={"Authorization": f"Bearer {n}"})
        statuses.append(answer.status_code)
    beat.cancel()
    assert statuses.count(401) == 5
    assert statuses.count(429) == len(statuses) - 5
    assert worst < 0.5


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
async def test_an_address_that_is_not_ours_is_named(api: Api, host: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot listen on"):
        await Server(api.app, Http(host=host, port=0)).start()


async def test_stopping_twice_is_fine(api: Api) -> None:
    server = Server(api.app, Http(port=0))
    await server.start()
    await server.stop()
    await server.stop()


async def passes(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("late", range(6))
async def test_who_comes_in_the_moment_of_stopping_is_sent_away(api: Api, late: int) -> None:
    """Not forgotten half accepted: that caller would wait for an answer that never comes."""
    server = Server(api.app, Http(port=0))
    port = await server.start()
    server._server.should_exit = True
    assert server._task is not None
    await server._task
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.setblocking(False)
        await passes(late)
        await server.stop()
        async with asyncio.timeout(3):
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.get_running_loop().sock_recv(caller, 1) == b""


async def test_who_does_not_read_his_answer_does_not_stay(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(api.app, Http(port=0))
    server._server.config.timeout_graceful_shutdown = 0
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b" 200 " in await reader.readline()
    (connection,) = server._server.server_state.connections
    connection.transport.write(b"x" * 50_000_000)
    await server.stop()
    assert not server._server.server_state.connections
    await hang_up(writer)


async def test_answers_do_not_name_the_server(api: Api, port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://localhost:{port}/healthz")
    assert "server" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
