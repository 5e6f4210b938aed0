"""One connection of user streams: which pair sits where, and which answer is for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from robson_connectors.binance.parse_stream import Malformed, Shutdown
from robson_connectors.binance.parse_user import Pushed, UserParser, UserReply
from robson_connectors.binance.questions import ListenToken
from robson_connectors.transport.socket import Channel
from robson_domain.symbols import Symbol


def _nothing() -> None:
    """Stand in for what is not there yet."""


class Pair:
    """One pair and its token."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self.token: ListenToken | None = None
        self.is_connected = False


class Seat:
    """One pair on one connection."""

    def __init__(self, pair: Pair, channel: Channel) -> None:
        self.pair = pair
        self.channel = channel
        self.subscription: int | None = None
        self.failures = 0
        self.since = 0
        self.has_tried = False
        self.cancel: Callable[[], object] = _nothing


class LineOwner(Protocol):
    """Who keeps the lines."""

    def on_event(self, line: Line, pushed: Pushed) -> None:
        """Take one event."""
        ...

    def on_unreadable(self, seat: Seat | None, problem: Malformed) -> None:
        """Take a message that was not understood; None = it may be about any pair."""
        ...

    def subscribed(self, line: Line, seat: Seat, number: int) -> None:
        """Take note of the number a pair's events come under."""
        ...

    def unwanted(self, line: Line, number: int) -> None:
        """Take note of a subscription that came after its pair was left."""
        ...


class Line:
    """One connection: its seats, and the answers that are waited for."""

    def __init__(self, owner: LineOwner, channel: Channel) -> None:
        self.channel = channel
        self.seats: dict[Symbol, Seat] = {}
        self.by_subscription: dict[int, Seat] = {}
        self.asked: dict[str, tuple[Seat, asyncio.Future[UserReply]]] = {}
        self._owner = owner
        self._parse = UserParser().parse

    def on_frame(self, frame: bytes, received: int) -> None:
        """Take one message."""
        message = self._parse(frame, received)
        if isinstance(message, Pushed):
            self._owner.on_event(self, message)
        elif isinstance(message, UserReply):
            self._on_reply(message)
        elif isinstance(message, Shutdown):
            self.channel.leave("shutdown")
        else:
            self._owner.on_unreadable(None, message)

    def _on_reply(self, reply: UserReply) -> None:
        seat, waiting = self.asked.pop(reply.request, (None, None))
        number = None if reply.code else reply.subscription
        if seat is None or waiting is None:
            if number is not None:
                self._owner.unwanted(self, number)
            return
        if number is not None:
            # Now, not when the task wakes: the next message may be its first event.
            self._owner.subscribed(self, seat, number)
        waiting.set_result(reply)

    def settle(self) -> None:
        """The connection is ready once every pair has had its try on it."""
        if all(seat.has_tried for seat in self.seats.values()):
            self.channel.ready()

    def forget(self, symbol: Symbol) -> Seat | None:
        """Let go of a pair; return its seat."""
        seat = self.seats.pop(symbol, None)
        if seat is not None:
            seat.cancel()
            own = [request for request, (whose, _) in self.asked.items() if whose is seat]
            for request in own:
                del self.asked[request]
        return seat

    def end(self) -> None:
        """Let nobody wait for this connection any more."""
        for seat in self.seats.values():
            seat.cancel()
        self.asked.clear()
