"""The HTTP server inside our own loop: bounded connections, patience for nobody.

uvicorn carries the bytes; its signal handlers stay off, because ending is the daemon's business.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from robson_domain import ConfigurationError
from robsond.settings import Http

HEAD_SECONDS: Final = 10
"""Longest wait for the first complete request line and headers of a connection."""
CONNECTIONS_MAX: Final = 256
IDLE_SECONDS: Final = 30
_HEAD_BYTES_MAX: Final = 32 * 1024
_SOCKET_BYTES_MAX: Final = 16 * 1024
_GOODBYE_SECONDS: Final = 2


class Protocol(H11Protocol):
    """HTTP/1.1 that drops callers who connect and then say nothing, or too many of them."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()
            return
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _too_slow(self) -> None:
        is_silent = getattr(self, "scope", None) is None
        if is_silent and not self.transport.is_closing():
            self.transport.abort()


class Server:
    """One listening address."""

    def __init__(self, app: Any, http: Http) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=http.host.strip("[]"),
                port=http.port,
                http=Protocol,
                ws="websockets-sansio",
                ws_max_size=_SOCKET_BYTES_MAX,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=_GOODBYE_SECONDS,
                h11_max_incomplete_event_size=_HEAD_BYTES_MAX,
            )
        )
        self._address = f"{http.host}:{http.port}"
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen, and return the port.

        Raises:
            ConfigurationError: When the address is taken or not ours.
        """
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        try:
            await self._server.startup()
        except SystemExit:
            raise ConfigurationError(
                f"cannot listen on {self._address}: it is in use or not an address of this "
                "machine; choose another with ROBSON_HTTP_PORT (0 = any free one)"
            ) from None
        self._task = asyncio.ensure_future(self._server.main_loop())
        sockets = self._server.servers[0].sockets
        port: int = sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Say goodbye to everybody and stop listening; idempotent."""
        if self._task is None:
            return
        self._server.should_exit = True
        await self._task
        self._task = None
        await self._server.shutdown()
