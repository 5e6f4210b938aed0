"""One websocket connection that hands every message straight to its sink.

``websockets`` parses frames with generators, one step a frame. Nearly every frame of a market
stream is a whole, small, unmasked text message, and for those two bytes say all there is to
know: they are cut out of what the socket gave and handed over at once. Every other frame (pings,
closing, fragments, errors) goes to the library one by one and whole, so that it always stands
between two frames and keeps its say over the protocol.

Invariants:
    1. Messages reach the sink in the order they were sent, each once, in one piece.
    2. No queue, task or await lies between the socket and the sink.
    3. What the sink raises is counted and told, and never ends the reading.
    4. A flood never keeps the loop to itself: what the socket gave is followed by turns of it.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from robson_connectors.transport.tasks import Notify
from robson_domain.errors import ConfigurationError
from robson_domain.ports.system import Clock

Sink = Callable[[bytes, int], None]
"""Takes one message and when it was received, UTC ns; does not block."""

MESSAGE_BYTES_MAX: Final = 1 << 20
OPEN_TIMEOUT_S: Final = 10
CLOSE_TIMEOUT_S: Final = 1
TURN_BYTES: Final = 1 << 15
"""A socket gives up to eight times as much in one turn of the loop: more messages than are
decided on in one, so that what waits would only grow, however quickly each is dealt with."""
_TEXT: Final = 0x81
_LONG: Final = 126
_HUGE: Final = 127
_HEADERS_END: Final = b"\r\n\r\n"
_DATA: Final = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)

_MUTE: Final = logging.getLogger("robson.websockets")
"""The library would log addresses and frames; both may carry a token."""
_MUTE.disabled = True


class SocketConnection(ClientConnection):
    """A client connection without a receive queue.

    Attributes:
        heard_ns: When the socket last gave anything, UTC ns.
        frame_ns: When the last message came, UTC ns; at first when the connection began.
        sink_failures: How often the sink raised.
    """

    def __init__(self, *args: Any, port: SocketPort, **options: Any) -> None:
        super().__init__(*args, **options)
        self._port = port
        self._now = port.clock.now_ns
        self.heard_ns = self.frame_ns = self._now()
        self.sink_failures = 0
        self._is_framed = False
        self._rest = b""
        self._pieces: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        """Take what the socket gave."""
        self.heard_ns = received = self._now()
        if not self._is_framed:
            data = self._handshaken(data)
            if not self._is_framed:
                return
        self._rest = self._scan(self._rest + data if self._rest else data, received)
        if len(data) > TURN_BYTES:
            self._rest_for(len(data) // TURN_BYTES)

    def _rest_for(self, turns: int) -> None:
        """Read nothing for so many turns of the loop."""
        if turns:
            self.transport.pause_reading()
            self.loop.call_soon(self._rest_for, turns - 1)
        else:
            self.transport.resume_reading()

    def _handshaken(self, data: bytes) -> bytes:
        """Pass the answer to the handshake on; return what follows it."""
        seen, before = self._rest + data, len(self._rest)
        end = seen.find(_HEADERS_END)
        if end < 0:
            super().data_received(data)
            self._rest = seen[1 - len(_HEADERS_END) :]
            return b""
        own = end + len(_HEADERS_END) - before
        super().data_received(data[:own])
        self._is_framed, self._rest = True, b""
        return data[own:]

    def _scan(self, data: bytes, received: int) -> bytes:
        """Hand over the whole messages in ``data``; return the beginning of the next one."""
        sink, end, at = self._port.sink, len(data), 0
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length >= _LONG:
                start += 2 if length == _LONG else 8
                if end < start:
                    break
                length = _length(data, at + 1, start)
            stop = start + length
            if length < 0 or length > MESSAGE_BYTES_MAX or self.protocol.state is not State.OPEN:
                super().data_received(data[at:])
                return b""
            if stop > end:
                break
            if data[at] == _TEXT and not self._pieces:
                self.frame_ns = received
                try:
                    sink(data[start:stop], received)
                except Exception as error:
                    self._failed(error)
            else:
                super().data_received(data[at:stop])
            at = stop
        return data[at:]

    def process_event(self, event: Event) -> None:
        """Take one frame that the library parsed."""
        if not isinstance(event, Frame):
            super().process_event(event)
        elif event.opcode in _DATA:
            self._pieces.append(bytes(event.data))
            if event.fin:
                whole, self._pieces = b"".join(self._pieces), []
                self._deliver(whole)
        else:
            if event.opcode is Opcode.PING:
                self._port.ponged()
            super().process_event(event)

    def _deliver(self, message: bytes) -> None:
        self.frame_ns = self.heard_ns
        try:
            self._port.sink(message, self.heard_ns)
        except Exception as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.sink_failures += 1
        if self.sink_failures == 1:
            self._port.notify("sink_failed", {"error": type(error).__name__})

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end."""
        super().connection_lost(exc)
        self._port.lost()


def _length(data: bytes, at: int, start: int) -> int:
    """Return the length of a long message; -1 for one that a server must not send."""
    if data[at] > _HUGE:
        return -1
    return int.from_bytes(data[at + 1 : start])


class SocketPort:
    """What a connection needs of its owner.

    Attributes:
        sink: Takes the messages.
        ponged: Called when a ping was answered.
        lost: Called once when the connection has ended.
    """

    def __init__(
        self, clock: Clock, sink: Sink, notify: Notify, *, ponged: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:  # fmt: skip
        self.clock = clock
        self.sink = sink
        self.notify = notify
        self.ponged = ponged
        self.lost = lost


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Go nowhere else: hosts are pinned."""
        return exc


async def dial(url: str, port: SocketPort) -> SocketConnection:
    """Open one connection.

    Args:
        url: ``wss``; plain ``ws`` only to this machine.

    Raises:
        ConfigurationError: For an address that is not allowed.
        Exception: Whatever kept the connection from opening; :func:`described` says it safely.
    """
    is_local = check_url(url)

    def make(*args: Any, **options: Any) -> SocketConnection:
        return SocketConnection(*args, port=port, **options)

    connecting = _Connect(
        url,
        compression=None,
        proxy=None if is_local else True,
        open_timeout=OPEN_TIMEOUT_S,
        close_timeout=CLOSE_TIMEOUT_S,
        ping_interval=None,
        max_queue=None,
        max_size=MESSAGE_BYTES_MAX,
        logger=_MUTE,
        create_connection=make,  # type: ignore[arg-type]
    )
    connection = await connecting
    assert isinstance(connection, SocketConnection)
    return connection


def check_url(url: str) -> bool:
    """Say whether ``url`` leads to this machine.

    Raises:
        ConfigurationError: When it is neither ``wss`` nor ``ws`` to this machine. The message
            carries the host alone.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_local = _is_local(host)
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"the websocket address of {host} must not name a user")
    if not host or not (parts.scheme == "wss" or (parts.scheme == "ws" and is_local)):
        raise ConfigurationError(f"websocket to {host or 'nowhere'}: wss is needed")
    return is_local


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def described(error: BaseException) -> str:
    """Return what happened, without address, query or token."""
    if isinstance(error, InvalidStatus):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__
