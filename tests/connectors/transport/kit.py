"""A websocket server on this machine, under the control of the test, and a clock in a hurry."""

from __future__ import annotations

import asyncio
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sized
from contextlib import asynccontextmanager
from typing import Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.utils import accept_key

MS: Final = 1_000_000
SECOND: Final = 1_000 * MS
PATIENCE_S: Final = 10


class HurryingClock:
    """The machine's own time, ``speed`` times as fast."""

    def __init__(self, speed: int = 1) -> None:
        self._speed = speed
        self._origin = time.time_ns()
        self._began = time.monotonic_ns()

    def now_ns(self) -> int:
        return self._origin + (time.monotonic_ns() - self._began) * self._speed

    async def sleep_until(self, ts: int) -> None:
        while (left := ts - self.now_ns()) > 0:  # noqa: ASYNC110 - it is the clock
            await asyncio.sleep(left / self._speed / SECOND)


class Problems:
    """Takes what is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Mapping[str, str]]] = []

    def __call__(self, name: str, facts: Mapping[str, str]) -> None:
        self.told.append((name, facts))

    @property
    def names(self) -> Counter[str]:
        return Counter(name for name, _ in self.told)

    def facts(self, name: str) -> list[Mapping[str, str]]:
        return [facts for told, facts in self.told if told == name]


class Session:
    """One connection as the server sees it."""

    def __init__(self, server: LoopbackServer, socket: ServerConnection) -> None:
        self.server = server
        self.socket = socket
        request = socket.request
        self.path = request.path if request is not None else ""
        self.received: list[str] = []
        self.times: list[int] = []
        self.is_open = True

    async def send(self, *texts: str) -> None:
        for text in texts:
            await self.socket.send(text)

    def write(self, raw: bytes) -> None:
        """Put bytes on the wire as they are."""
        self.socket.transport.write(raw)

    def stall(self) -> None:
        """Neither read nor answer any more; the connection stays."""
        self.socket.transport.pause_reading()

    def cut(self) -> None:
        """End the connection without a word."""
        self.socket.transport.abort()


class LoopbackServer:
    """Takes connections, remembers what they say and answers with ``on_message``."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.on_open: Callable[[Session], None] = lambda session: None
        self.on_message: Callable[[Session, str], str | None] = lambda session, text: None
        self.refuses = False
        self.refused = 0
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.port = 0
        self._server: Server | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def open_sessions(self) -> list[Session]:
        return [session for session in self.sessions if session.is_open]

    async def handle(self, socket: ServerConnection) -> None:
        session = Session(self, socket)
        self.sessions.append(session)
        self.on_open(session)
        try:
            async for message in socket:
                assert isinstance(message, str)
                session.received.append(message)
                session.times.append(time.monotonic_ns())
                answer = self.on_message(session, message)
                if answer is not None:
                    await socket.send(answer)
        except ConnectionClosed:
            pass
        finally:
            session.is_open = False


@asynccontextmanager
async def loopback() -> AsyncIterator[LoopbackServer]:
    """Run a server for the length of a ``with`` block."""
    server = LoopbackServer()

    async def process(socket: ServerConnection, request: object) -> object:
        server.asked += 1
        await server.gate.wait()
        if not server.refuses:
            return None
        server.refused += 1
        return socket.respond(503, "come back later\n")

    async with serve(
        server.handle,
        "127.0.0.1",
        0,
        compression=None,
        ping_interval=None,
        close_timeout=0.1,
        process_request=process,  # type: ignore[arg-type]
    ) as running:
        server.port = running.sockets[0].getsockname()[1]
        yield server
        for session in server.sessions:
            session.cut()


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """Return one frame as a server writes it."""
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 1 << 16:
        return head + b"\x7e" + struct.pack("!H", len(payload)) + payload
    return head + b"\x7f" + struct.pack("!Q", len(payload)) + payload


def agreed(request: bytes) -> bytes:
    """Return the answer to a handshake."""
    lines = request.decode().split("\r\n")
    key = next(line for line in lines if line.lower().startswith("sec-websocket-key"))
    head = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_key(key.partition(': ')[2])}",
    )
    return "\r\n".join((*head, "", "")).encode()


async def until(condition: Callable[[], object], what: str = "") -> None:
    """Return once ``condition`` holds; fail after ten seconds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - whatever is waited for
            await asyncio.sleep(0.002)


def has(things: Sized, count: int) -> bool:
    """Say whether there are ``count``."""
    return len(things) == count


async def lapse(ms: int) -> None:
    """Let real time pass."""
    await asyncio.sleep(ms / 1_000)
