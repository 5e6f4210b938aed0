"""One websocket on the server's side: frames, pings, limits, and going silent on purpose."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Final, Protocol

import attrs
from websockets.exceptions import ProtocolError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import State
from websockets.server import ServerProtocol

READ: Final = 65_536
BACKLOG_MAX: Final = 64 * 1024 * 1024
POLICY: Final = 1008
RATE_WINDOW_S: Final = 1.0
CLOSE_GRACE_S: Final = 1.0
"""How long a client may take to answer a close before the connection is cut."""


@attrs.define(kw_only=True)
class SocketRules:
    """How websockets are kept; seconds."""

    ping_every_s: float = 20.0
    pong_within_s: float = 60.0
    life_s: float = 86_400.0
    messages_per_s: int | None = 5


class Talker(Protocol):
    """What speaks on a websocket once it is open."""

    rules: SocketRules

    def opened(self, socket: WebSocket) -> None:
        """The handshake is done."""

    def said(self, socket: WebSocket, text: str) -> None:
        """The client sent a text frame."""

    def closed(self, socket: WebSocket) -> None:
        """The connection is gone."""


Router = Callable[[str], "Talker | int"]
"""From the request target to who speaks there, or the HTTP status of the refusal."""


class WebSocket:
    """One open connection. ``stalled`` sends nothing at all, pings and pongs included."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = ServerProtocol()
        self._heard: deque[float] = deque()
        self._last_pong = 0.0
        self.stalled = False
        self.swallowed = 0
        self.cut = False

    @property
    def is_open(self) -> bool:
        return self._protocol.state is State.OPEN and not self.cut

    async def run(self, head: bytes, target: str, router: Router) -> None:
        """Shake hands, then serve until the connection ends."""
        talker = router(target)
        self._protocol.receive_data(head)
        (handshake,) = self._protocol.events_received()
        assert isinstance(handshake, Handshake)
        if isinstance(talker, int):
            response = self._protocol.reject(HTTPStatus(talker), "refused")
        else:
            response = self._protocol.accept(handshake)
        self._protocol.send_response(response)
        self._flush()
        if isinstance(talker, int) or not self.is_open:
            return
        keeper = asyncio.create_task(self._keep(talker.rules))
        try:
            talker.opened(self)
            await self._listen(talker)
        finally:
            keeper.cancel()
            talker.closed(self)
            with suppress(asyncio.CancelledError):
                await keeper

    async def _listen(self, talker: Talker) -> None:
        while data := await self._reader.read(READ):
            with suppress(ProtocolError):
                self._protocol.receive_data(data)
            for event in self._protocol.events_received():
                if isinstance(event, Frame):
                    self._hear(talker, event)
            self._flush()
            if self._protocol.close_expected():
                return

    def _hear(self, talker: Talker, frame: Frame) -> None:
        now = asyncio.get_running_loop().time()
        if frame.opcode is Opcode.PONG:
            self._last_pong = now
        if frame.opcode in (Opcode.TEXT, Opcode.PING, Opcode.PONG) and self._is_too_fast(
            talker.rules.messages_per_s, now
        ):
            self.close(POLICY, "Too many requests")
        elif frame.opcode is Opcode.TEXT and self.is_open:
            talker.said(self, bytes(frame.data).decode())

    def _is_too_fast(self, limit: int | None, now: float) -> bool:
        self._heard.append(now)
        while self._heard[0] <= now - RATE_WINDOW_S:
            self._heard.popleft()
        return limit is not None and len(self._heard) > limit

    async def _keep(self, rules: SocketRules) -> None:
        """Ping, and drop a client that does not answer or has lived too long."""
        loop = asyncio.get_running_loop()
        born = self._last_pong = loop.time()
        while self.is_open:
            await asyncio.sleep(min(rules.ping_every_s, rules.life_s))
            now = loop.time()
            if now - born >= rules.life_s:
                self.close(1001, "")
            elif now - self._last_pong > rules.pong_within_s and not self.stalled:
                self.close(POLICY, "Pong timeout")
            elif self.is_open:
                self._protocol.send_ping(str(int(now * 1000)).encode())
                self._flush()

    def send(self, text: str) -> None:
        """Send one text frame, unless the connection is closed or stalled."""
        if not self.is_open:
            return
        if self.stalled:
            self.swallowed += 1
            return
        self._protocol.send_text(text.encode())
        self._flush()
        if self._writer.transport.get_write_buffer_size() > BACKLOG_MAX:
            self.drop()

    def close(self, code: int, reason: str) -> None:
        """Close politely."""
        if self.is_open:
            self._protocol.send_close(code, reason)
            self._flush()
            asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self._writer.transport.abort)

    def drop(self) -> None:
        """Cut the connection without a close frame."""
        self.cut = True
        self._writer.transport.abort()

    def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if data and not self.stalled and not self._writer.transport.is_closing():
            self._writer.write(data)
