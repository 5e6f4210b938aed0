"""The HTTP server inside our own loop: bounded connections, patience for nobody.

uvicorn carries the bytes; its signal handlers stay off, because ending is the daemon's business.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import uvicorn

from robson_domain import ConfigurationError
from robsond.protocols import Protocol, SocketProtocol, State
from robsond.settings import Http

_ACCEPTED_AT_ONCE: Final = 16
"""Connections accepted in one pass of the event loop: it takes some passes until what a caller
sent is looked at, and meanwhile not so many others may come that it is the oldest of all."""
_WAITING_MAX: Final = 1024
"""Connections that the system keeps until they are accepted."""
_HEAD_BYTES_MAX: Final = 32 * 1024
_SOCKET_BYTES_MAX: Final = 16 * 1024
_GOODBYE_SECONDS: Final = 2
_ACCEPT_PASSES: Final = 3
"""Passes of the event loop in which an accepted connection becomes one that can be closed."""


class Server:
    """One listening address."""

    def __init__(self, app: Any, http: Http) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=http.host.strip("[]"),
                port=http.port,
                http=Protocol,
                ws=SocketProtocol,
                ws_max_size=_SOCKET_BYTES_MAX,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                backlog=_ACCEPTED_AT_ONCE,
                timeout_graceful_shutdown=_GOODBYE_SECONDS,
                h11_max_incomplete_event_size=_HEAD_BYTES_MAX,
            )
        )
        self._server.server_state = State()
        self._address = f"{http.host}:{http.port}"
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen, and return the port.

        Raises:
            ConfigurationError: When the address is taken or not ours.
        """
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        # It would write a line of its own about what is said below.
        told = logging.getLogger("uvicorn.error")
        told.disabled = True
        try:
            await self._server.startup()
        except SystemExit:
            raise ConfigurationError(
                f"cannot listen on {self._address}: it is in use or not an address of this "
                "machine; choose another with ROBSON_HTTP_PORT (0 = any free one)"
            ) from None
        finally:
            told.disabled = False
        self._task = asyncio.ensure_future(self._server.main_loop())
        sockets = self._server.servers[0].sockets
        for listening in sockets:
            with listening.dup() as same:
                same.listen(_WAITING_MAX)
        port: int = sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Say goodbye to everybody and stop listening; idempotent."""
        if self._task is None:
            return
        self._server.should_exit = True
        await self._task
        self._task = None
        await self._stop_accepting()
        await self._server.shutdown()
        await self._cut_off()

    async def _stop_accepting(self) -> None:
        """Let nobody in any more, and those who are half in come in to be sent away.

        Closing right away would forget a connection that was accepted in this very pass: nobody
        would ever close it, and its caller would wait for an answer until his patience ends.
        """
        loop = asyncio.get_running_loop()
        for listening in self._server.servers[0].sockets:
            loop.remove_reader(listening.fileno())
        for _ in range(_ACCEPT_PASSES):
            await asyncio.sleep(0)

    async def _cut_off(self) -> None:
        """Drop who has not gone: a caller who reads nothing never sees the end of his answer."""
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
