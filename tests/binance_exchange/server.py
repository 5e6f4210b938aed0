"""One port for HTTP and websockets, on h11 and the sans-I/O half of ``websockets``.

A server framework would hide what the faults need: cutting a connection without an answer,
holding one open for ever, a websocket that sends neither frames nor pings, and the bytes of the
query exactly as they came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import h11

from tests.binance_exchange.sockets import Router, WebSocket
from tests.binance_exchange.wire import HangUp, Request, Response, Silence

READ: Final = 65_536
REASONS: Final = {200: b"OK", 400: b"Bad Request", 429: b"Too Many Requests", 418: b"I'm a teapot"}

Handler = Callable[[Request], Awaitable[Response]]


class Server:
    """Listens on loopback; hands requests to one handler and websockets to a router."""

    def __init__(self, handler: Handler, router: Router) -> None:
        self._handler = handler
        self._router = router
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.failures: list[Exception] = []
        self.port = 0

    async def start(self, port: int = 0) -> None:
        """Listen on ``port`` (0: any free one)."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut what is open.

        Raises:
            ExceptionGroup: when a handler broke: that is a mistake of the exchange itself.
        """
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.failures:
            raise ExceptionGroup("the simulated exchange broke", self.failures)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Conversation(reader, writer, self._handler, self._router).run()
        except (HangUp, ConnectionError, h11.RemoteProtocolError, h11.LocalProtocolError):
            writer.transport.abort()
        except Silence:
            with suppress(ConnectionError):
                while await reader.read(READ):
                    pass
        except Exception as error:
            self.failures.append(error)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


class Conversation:
    """What one client says on one connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handler: Handler,
        router: Router,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._router = router
        self._http = h11.Connection(h11.SERVER)
        self._raw = b""

    async def run(self) -> None:
        """Answer requests until the client leaves or asks for a websocket."""
        while True:
            head = await self._head()
            if head is None:
                return
            headers = {name.decode().lower(): value.decode() for name, value in head.headers}
            target = bytes(head.target)
            if headers.get("upgrade", "").lower() == "websocket":
                await self._upgrade(target)
                return
            path, _, query = target.partition(b"?")
            request = Request(
                method=head.method.decode(),
                path=path.decode(),
                query=query,
                body=await self._body(),
                headers=headers,
            )
            await self._answer(await self._handler(request))
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._raw = b""
            self._http.start_next_cycle()

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = await self._reader.read(READ)
            self._raw += data
            self._http.receive_data(data)

    async def _head(self) -> h11.Request | None:
        event = await self._event()
        return event if isinstance(event, h11.Request) else None

    async def _body(self) -> bytes:
        parts = []
        while isinstance(event := await self._event(), h11.Data):
            parts.append(bytes(event.data))
        return b"".join(parts)

    async def _answer(self, response: Response) -> None:
        headers = [
            ("content-type", response.content_type),
            ("content-length", str(len(response.body))),
            *response.headers.items(),
        ]
        reason = REASONS.get(response.status, b"")
        for event in (
            h11.Response(status_code=response.status, headers=headers, reason=reason),
            h11.Data(data=response.body),
            h11.EndOfMessage(),
        ):
            self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    async def _upgrade(self, target: bytes) -> None:
        socket = WebSocket(self._reader, self._writer)
        await socket.run(self._raw, target.decode(), self._router)
