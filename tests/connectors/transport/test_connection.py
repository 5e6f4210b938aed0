"""Frames from the wire to the sink, however they are cut."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from robson_connectors.transport.connection import (
    TURN_BYTES,
    SocketConnection,
    SocketPort,
    check_url,
    described,
    dial,
)
from robson_domain.errors import ConfigurationError
from tests.connectors.transport.kit import (
    HurryingClock,
    LoopbackServer,
    Problems,
    agreed,
    frame,
    has,
    loopback,
    until,
)


class Taker:
    """Takes messages; raises on demand."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.times: list[int] = []
        self.problems = Problems()
        self.pongs = 0
        self.ends = 0
        self.raises = False
        self.clock = HurryingClock()

    def __call__(self, message: bytes, received: int) -> None:
        self.messages.append(message)
        self.times.append(received)
        if self.raises:
            raise RuntimeError("no")

    def ponged(self) -> None:
        self.pongs += 1

    def ended(self) -> None:
        self.ends += 1

    @property
    def port(self) -> SocketPort:
        return SocketPort(self.clock, self, self.problems, ponged=self.ponged, lost=self.ended)


TEXT, BINARY, CONT, CLOSE, PING = 1, 2, 0, 8, 9

Step = tuple[str, bytes]
_payloads = st.one_of(
    st.binary(max_size=200),
    st.integers(120, 130).map(lambda n: b"x" * n),
    st.integers(65_530, 65_545).map(lambda n: b"y" * n),
)
_steps = st.lists(st.tuples(st.sampled_from(["text", "binary", "pieces", "ping"]), _payloads))


def wire(steps: list[Step]) -> tuple[bytes, list[bytes], int]:
    """Return the bytes of ``steps``, the messages in them and the number of pings."""
    raw, messages, pings = b"", [], 0
    for kind, payload in steps:
        if kind == "ping":
            raw += frame(PING, payload[:100])
            pings += 1
            continue
        messages.append(payload)
        if kind == "pieces":
            third = len(payload) // 3
            raw += frame(TEXT, payload[:third], fin=False)
            raw += frame(PING, b"between")
            pings += 1
            raw += frame(CONT, payload[third : 2 * third], fin=False)
            raw += frame(CONT, payload[2 * third :])
        else:
            raw += frame(TEXT if kind == "text" else BINARY, payload)
    return raw, messages, pings


async def connected(
    server: LoopbackServer, taker: Taker
) -> tuple[SocketConnection, Callable[[bytes], None]]:
    connection = await dial(server.url, taker.port)
    await until(lambda: server.sessions)
    return connection, server.sessions[-1].write


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_steps, cuts=st.lists(st.integers(1, 300), max_size=30))
async def test_every_message_once_in_order_however_cut(steps: list[Step], cuts: list[int]) -> None:
    raw, messages, pings = wire(steps)
    async with loopback() as server:
        taker = Taker()
        connection, _ = await connected(server, taker)
        at = 0
        for cut in cuts:
            connection.data_received(raw[at : at + cut])
            at += cut
        connection.data_received(raw[at:])
        assert taker.messages == messages
        assert taker.pongs == pings
        await connection.close()
        assert taker.ends == 1


async def test_byte_by_byte() -> None:
    raw, messages, _ = wire([("text", b"x" * size) for size in (0, 5, 125, 126, 70_000)])
    async with loopback() as server:
        taker = Taker()
        connection, _ = await connected(server, taker)
        for at in range(400):
            connection.data_received(raw[at : at + 1])
        connection.data_received(raw[400:])
        assert taker.messages == messages
        await connection.close()


async def test_frames_together_with_the_handshake() -> None:
    """A server may speak in the very packet in which it agrees."""

    for step in (1, 7, 10_000):
        done = asyncio.Event()

        async def handle(
            reader: asyncio.StreamReader,
            writer: asyncio.StreamWriter,
            step: int = step,
            done: asyncio.Event = done,
        ) -> None:
            head = agreed(await reader.readuntil(b"\r\n\r\n"))
            raw = head + frame(TEXT, b"first") + frame(TEXT, b"second")
            for at in range(0, len(raw), step):
                writer.write(raw[at : at + step])
                await writer.drain()
                await asyncio.sleep(0)
            await done.wait()
            writer.close()

        taker = Taker()
        async with await asyncio.start_server(handle, "127.0.0.1", 0) as running:
            port = running.sockets[0].getsockname()[1]
            connection = await dial(f"ws://127.0.0.1:{port}", taker.port)
            await until(partial(has, taker.messages, 2))
            done.set()
            await connection.close()
        assert taker.messages == [b"first", b"second"]


async def test_a_flood_is_followed_by_turns_of_the_loop() -> None:
    """Whoever decides on the messages does so in turns of its own."""
    raw = frame(TEXT, b"x" * 1_000) * 250
    async with loopback() as server:
        taker = Taker()
        connection, write = await connected(server, taker)
        connection.data_received(frame(TEXT, b"x" * 1_000))
        assert connection.transport.is_reading()
        connection.data_received(raw)
        assert len(taker.messages) == 251
        write(frame(TEXT, b"after"))
        turns = 0
        while not connection.transport.is_reading():
            assert len(taker.messages) == 251
            turns += 1
            await asyncio.sleep(0)
        assert turns == len(raw) // TURN_BYTES
        await until(partial(has, taker.messages, 252))
        await connection.close()


async def test_a_connection_may_end_within_a_flood() -> None:
    async with loopback() as server:
        taker = Taker()
        connection, _ = await connected(server, taker)
        connection.data_received(frame(TEXT, b"x" * 60_000) * 10)
        connection.transport.abort()
        await until(lambda: taker.ends == 1)
        await asyncio.sleep(0.01)
        assert len(taker.messages) == 10


async def test_received_is_when_the_socket_gave_it() -> None:
    async with loopback() as server:
        taker = Taker()
        connection, write = await connected(server, taker)
        before = taker.clock.now_ns()
        write(frame(TEXT, b"a") + frame(TEXT, b"b"))
        await until(lambda: len(taker.messages) == 2)
        assert before <= taker.times[0] == taker.times[1] <= taker.clock.now_ns()
        assert connection.frame_ns == connection.heard_ns == taker.times[0]
        await connection.close()


async def test_a_sink_that_raises_does_not_end_the_reading() -> None:
    async with loopback() as server:
        taker = Taker()
        taker.raises = True
        connection, write = await connected(server, taker)
        pieces = frame(TEXT, b"c", fin=False) + frame(CONT, b"d")
        write(frame(TEXT, b"a") + frame(TEXT, b"b") + pieces)
        await until(lambda: len(taker.messages) == 3)
        assert connection.sink_failures == 3
        assert taker.problems.told == [("sink_failed", {"error": "RuntimeError"})]
        await connection.close()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\x81\x85abcdefghi", 1002),  # masked, which no server may send
        (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
        (b"\xc1\x01x", 1002),  # a bit nobody agreed on
        (b"\x81\x7f" + struct.pack("!Q", 1 << 40), 1009),
        (frame(CLOSE, struct.pack("!H", 1001)) + frame(TEXT, b"late"), 1001),
    ],
)
async def test_what_must_not_come_ends_the_connection(raw: bytes, code: int) -> None:
    async with loopback() as server:
        taker = Taker()
        connection, write = await connected(server, taker)
        write(frame(TEXT, b"good") + raw)
        await until(lambda: taker.ends)
        assert taker.messages == [b"good"]
        closed = connection.protocol.close_sent
        assert closed is not None
        assert closed.code == code
        await connection.close()


async def test_pings_are_answered() -> None:
    async with loopback() as server:
        taker = Taker()
        connection, _ = await connected(server, taker)
        latency = await server.sessions[0].socket.ping()
        assert await latency >= 0
        assert taker.pongs == 1
        assert taker.messages == []
        await connection.close()


# --------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("wss://stream.example.com:9443/ws", False),
        ("ws://127.0.0.1:1/x", True),
        ("ws://localhost/x", True),
        ("ws://[::1]:5/x", True),
        ("wss://127.0.0.2/x", True),
    ],
)
def test_addresses_that_are_allowed(url: str, is_local: bool) -> None:
    assert check_url(url) is is_local


@pytest.mark.parametrize(
    "url",
    [
        "ws://stream.example.com/ws?token=geheim",
        "ws://127.0.0.1.example.com/geheim",
        "http://127.0.0.1/geheim",
        "wss:///geheim",
        "wss://me:geheim@example.com/",
        "wss://geheim@example.com/",
    ],
)
def test_addresses_that_are_not(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_url(url)
    assert "geheim" not in str(caught.value)


async def test_nobody_is_led_elsewhere() -> None:
    """A redirect would lead past the pinned hosts."""
    reached = 0

    async def handle(socket: ServerConnection) -> None:
        nonlocal reached
        reached += 1

    async with serve(handle, "127.0.0.1", 0) as elsewhere:
        port = elsewhere.sockets[0].getsockname()[1]

        def process(socket: ServerConnection, request: object) -> object:
            response = socket.respond(302, "")
            response.headers["Location"] = f"ws://127.0.0.1:{port}/?token=geheim"
            return response

        async with serve(handle, "127.0.0.1", 0, process_request=process) as first:  # type: ignore[arg-type]
            own = first.sockets[0].getsockname()[1]
            with pytest.raises(Exception) as caught:  # noqa: PT011 - any refusal will do
                await dial(f"ws://127.0.0.1:{own}/", Taker().port)
    assert described(caught.value) == "HTTP 302"
    assert reached == 0


def test_what_is_said_of_errors_is_safe() -> None:
    said = ConnectionRefusedError(111, "Connection refused")
    assert described(said) == "ConnectionRefusedError: Connection refused"
    assert described(OSError("wss://host/?token=geheim")) == "OSError"
    assert described(ValueError("wss://host/?token=geheim")) == "ValueError"


async def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At its most talkative the library would log addresses and frames."""
    caplog.set_level(logging.DEBUG)
    async with loopback() as server:
        taker = Taker()
        connection = await dial(f"{server.url}/?token=geheim", taker.port)
        await connection.send("geheim")
        await until(lambda: server.sessions and server.sessions[0].received)
        await connection.close()
    own = [r.getMessage() for r in caplog.records if not r.name.startswith("websockets.server")]
    assert not [said for said in own if "geheim" in said or "websocket" in said.lower()]
