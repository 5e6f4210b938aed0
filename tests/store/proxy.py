"""A stretch of wire that cuts at the worst moment: after COMMIT was sent, before the answer.

It listens on the loopback and leads to a server, over TCP or a socket in the file system. It reads
just enough of the protocol to know when a commit went by.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import attrs
from psycopg.conninfo import conninfo_to_dict

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@attrs.define
class CuttingProxy:
    """Where to cut is set while it runs.

    Attributes:
        reach: Opens the way to the real server.
        cut_after: Cut once a COMMIT was answered by the server (the client never hears of it).
        cut_before: Cut when a COMMIT comes from the client (the server never hears of it).
        keep_far_side: Leave the connection to the server open when cutting: it notices nothing.
        refuse: Cut every new connection at once, this many times.
        commits: How many commits were seen.
    """

    reach: Callable[[], Awaitable[Streams]]
    cut_after: bool = False
    cut_before: bool = False
    keep_far_side: bool = False
    refuse: int = 0
    commits: int = 0
    connections: int = 0
    port: int = 0
    _writers: set[asyncio.StreamWriter] = attrs.field(factory=set)
    _tasks: set[asyncio.Task[None]] = attrs.field(factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuse:
            self.refuse -= 1
            writer.close()
            return
        far_reader, far_writer = await self.reach()
        self._writers |= {writer, far_writer}
        seen = asyncio.Event()
        ways = [
            asyncio.create_task(self._towards(reader, far_writer, seen)),
            asyncio.create_task(self._back(far_reader, writer, seen)),
        ]
        self._tasks |= set(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        # Abrupt: no farewell to either side.
        writer.transport.abort()
        if not self.keep_far_side:
            far_writer.transport.abort()

    async def _towards(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: asyncio.Event
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                if b"COMMIT" in chunk:
                    self.commits += 1
                    if self.cut_before:
                        self.cut_before = False
                        return
                    if self.cut_after:
                        seen.set()
                writer.write(chunk)
                await writer.drain()

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: asyncio.Event
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                # The tag of the command that is complete; only the server says it.
                if seen.is_set() and b"COMMIT\x00" in chunk:
                    self.cut_after = False
                    return
                writer.write(chunk)
                await writer.drain()

    async def stop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def way_to(url: str) -> Callable[[], Awaitable[Streams]]:
    """Return how to reach the server that ``url`` names."""
    parts = conninfo_to_dict(url)
    host, port = str(parts.get("host", "127.0.0.1")), int(str(parts.get("port", 5432)))
    if host.startswith("/"):
        socket = Path(host) / f".s.PGSQL.{port}"
        return lambda: asyncio.open_unix_connection(str(socket))
    return lambda: asyncio.open_connection(host, port)


@contextlib.asynccontextmanager
async def a_proxy(url: str) -> AsyncIterator[tuple[CuttingProxy, str]]:
    """Yield a proxy and the URL that leads through it to where ``url`` leads."""
    proxy = CuttingProxy(way_to(url))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    parts = conninfo_to_dict(url)
    user, name, options = parts["user"], parts["dbname"], str(parts["options"]).replace("=", "%3D")
    secret = f":{parts['password']}" if "password" in parts else ""
    through = f"postgresql://{user}{secret}@127.0.0.1:{proxy.port}/{name}"
    try:
        yield proxy, f"{through}?sslmode=disable&options={options}"
    finally:
        server.close()
        await proxy.stop()
        await server.wait_closed()
