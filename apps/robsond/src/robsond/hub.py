"""Fan-out to the sockets: one bounded queue each, and nobody waits for a slow reader.

Whoever does not keep up is dropped as a whole instead of losing single messages: a client that
is connected has seen everything it asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import attrs
import msgspec

from robson_domain import Symbol
from robsond.telemetry import Metrics
from robsond.wire import moment

TOPICS: Final = ("events", "positions", "prices", "safety_net")
QUEUE_MAX: Final = 512
"""Messages a reader may be behind; some seconds of a very busy market."""
SUBSCRIBERS_MAX: Final = 64


@attrs.frozen
class Message:
    """A message on its way: its type, and the text."""

    type: str
    text: str


def message(kind: str, data: Any, ts: int, seq: int) -> Message:
    """Return ``{type, data, timestamp, seq}``.

    Args:
        ts: UTC ns.
        seq: Sequence of the log that the data reflects.
    """
    body = {"type": kind, "data": data, "timestamp": moment(ts), "seq": seq}
    return Message(kind, msgspec.json.encode(body).decode())


@attrs.define(eq=False)
class Subscriber:
    """One reader: what it wants and what waits for it.

    Attributes:
        wants: Topic to the pairs of interest; None = all pairs.
        overrun: Set when it did not keep up.
    """

    queue: asyncio.Queue[Message] = attrs.field(
        factory=lambda: asyncio.Queue[Message](maxsize=QUEUE_MAX)
    )
    wants: dict[str, frozenset[Symbol] | None] = attrs.field(factory=dict)
    overrun: asyncio.Event = attrs.field(factory=asyncio.Event)

    def is_interested(self, topic: str, symbol: Symbol | None) -> bool:
        """Say whether it asked for this; what is of no pair concerns everybody."""
        if topic not in self.wants:
            return False
        symbols = self.wants[topic]
        return symbols is None or symbol is None or symbol in symbols

    def offer(self, item: Message) -> None:
        """Queue a message; a full queue ends the subscription."""
        try:
            self.queue.put_nowait(item)
        except asyncio.QueueFull:
            self.overrun.set()


class Hub:
    """All readers; publishing to none costs next to nothing."""

    def __init__(self, metrics: Metrics) -> None:
        self._subscribers: dict[Subscriber, None] = {}
        self._metrics = metrics

    def join(self) -> Subscriber | None:
        """Return a new reader, None when there are as many as allowed."""
        if len(self._subscribers) >= SUBSCRIBERS_MAX:
            return None
        reader = Subscriber()
        self._subscribers[reader] = None
        self._metrics.sockets.set(len(self._subscribers))
        return reader

    def leave(self, reader: Subscriber) -> None:
        """Forget a reader; idempotent."""
        self._subscribers.pop(reader, None)
        self._metrics.sockets.set(len(self._subscribers))
        self.recount()

    def recount(self) -> None:
        """Show how many readers each topic has."""
        for topic in TOPICS:
            count = sum(1 for reader in self._subscribers if topic in reader.wants)
            self._metrics.subscribers.labels(topic).set(count)

    def publish(self, topic: str, symbol: Symbol | None, make: Callable[[], Message]) -> None:
        """Give a message to every reader that asked for it.

        Args:
            symbol: Pair it is about; None when it is about the account.
            make: Called only if somebody listens, so that nothing is made for nobody.
        """
        self._metrics.published.labels(topic).inc()
        readers = [one for one in self._subscribers if one.is_interested(topic, symbol)]
        if not readers:
            return
        item = make()
        for reader in readers:
            reader.offer(item)
