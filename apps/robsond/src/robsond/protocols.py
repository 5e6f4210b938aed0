"""Connections as bytes come in on them: HTTP/1.1 and WebSockets, with patience for nobody."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from robsond.crowd import Crowd, is_known

HEAD_SECONDS: Final = 5
"""Longest wait for the complete request line and headers of a request."""
IDLE_SECONDS: Final = 30
"""A connection that showed a token stays so long without a request."""
STRANGER_IDLE_SECONDS: Final = 5
"""One that did not."""


class State(ServerState):
    """What the connections of one address share."""

    def __init__(self) -> None:
        super().__init__()
        self.crowd = Crowd()


class Protocol(H11Protocol):
    """HTTP/1.1 that drops callers who connect and then say nothing, or too many of them."""

    _deadline: asyncio.TimerHandle | None = None

    @property
    def _crowd(self) -> Crowd:
        return cast(State, self.server_state).crowd

    @property
    def is_known(self) -> bool:
        """Whether its latest request came with a good token."""
        return is_known(self.scope)

    def drop(self) -> None:
        """End it at once."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, at the cost of an older one when there are too many."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)
        self._crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._stop_deadline()
        self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; the rest of a head must follow soon, on a connection in use too."""
        super().data_received(data)
        # By its name: the parser is uvicorn's choice, not ours.
        if str(self.conn.their_state) != "IDLE":
            self._stop_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.abort()

    def on_response_complete(self) -> None:
        """Wait for the next request; of a stranger not long."""
        self.timeout_keep_alive = IDLE_SECONDS if self.is_known else STRANGER_IDLE_SECONDS
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Hand the connection over; as a socket it has to show its token anew."""
        self._stop_deadline()
        self._crowd.leave(self)
        super().handle_websocket_upgrade(event)


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket among the connections."""

    def __init__(self, config: Any, server_state: Any, app_state: Any, _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._crowd = cast(State, server_state).crowd

    @property
    def is_known(self) -> bool:
        """Whether a good token was shown on it."""
        return is_known(getattr(self, "scope", None))

    def drop(self) -> None:
        """End it at once."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection over."""
        super().connection_made(transport)
        self._crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._crowd.leave(self)
        super().connection_lost(exc)
