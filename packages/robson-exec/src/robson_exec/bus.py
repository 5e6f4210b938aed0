"""The event bus: observers only, after the journal, never in the way.

What is published here is durable. A listener is called in line and guarded: its failure is
counted and told, never passed on. A subscription has a bounded queue and a declared rule for
when its reader is too slow; nobody can make the runner wait.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from enum import StrEnum

import attrs

from robson_domain import AlertSink, Event, Head, Intent, Position, PositionId, ReportStatus
from robson_exec.limits import SUBSCRIPTION_MAX
from robson_exec.observations import (
    CorePositionClosed,
    CorePositionOpened,
    DetectorSignalFired,
    ExclusionChanged,
    SafetyNetLooked,
)


@attrs.frozen(kw_only=True)
class Published:
    """What one durable batch brought.

    Attributes:
        head: End of the log with it.
        events: Its events, in sequence.
        positions: The positions it changed, as they are with it.
        skipped: Events left out because the reader was too slow; only ever in a subscription.
    """

    head: Head
    events: tuple[Event, ...] = ()
    positions: tuple[Position, ...] = ()
    skipped: int = 0


@attrs.frozen(kw_only=True)
class OrderSent:
    """A send came back.

    Attributes:
        duration_ns: From handing it over to the outcome.
        status: What the venue said, or ``NO_REPLY``.
        code: Reason of a refusal or of a missing reply.
    """

    intent: Intent
    duration_ns: int
    status: ReportStatus
    code: str = ""


@attrs.frozen(kw_only=True)
class Notice:
    """Something about the machine itself that a person may have to act on."""

    severity: str
    name: str
    facts: Mapping[str, str]


Observation = (
    Published
    | OrderSent
    | Notice
    | CorePositionOpened
    | CorePositionClosed
    | DetectorSignalFired
    | ExclusionChanged
    | SafetyNetLooked
)
Listener = Callable[[Observation], None]


class Overflow(StrEnum):
    """What happens to a full queue of a slow reader."""

    DROP_OLDEST = "drop_oldest"
    CONFLATE = "conflate"
    """Everything waiting becomes one: latest positions, latest head, events counted only."""


class Subscription:
    """One observer's queue; iterate over it.

    Attributes:
        dropped: Observations (or events, when conflating) it did not get to see.
    """

    def __init__(self, name: str, maxsize: int, overflow: Overflow) -> None:
        self.name = name
        self.dropped = 0
        self._maxsize = maxsize
        self._overflow = overflow
        self._queue: deque[Observation] = deque()
        self._came = asyncio.Event()
        self._closed = False

    def put(self, item: Observation) -> None:
        """Queue one observation; never blocks."""
        if self._closed:
            return
        if len(self._queue) >= self._maxsize:
            self._make_room()
        self._queue.append(item)
        self._came.set()

    def _make_room(self) -> None:
        if self._overflow is Overflow.DROP_OLDEST:
            self._queue.popleft()
            self.dropped += 1
            return
        merged = _conflated(self._queue)
        self.dropped += merged.skipped if merged else len(self._queue)
        self._queue.clear()
        if merged is not None and self._maxsize > 1:
            self._queue.append(merged)

    def close(self) -> None:
        """End the iteration once what is queued was read; idempotent."""
        self._closed = True
        self._came.set()

    def __aiter__(self) -> AsyncIterator[Observation]:
        return self

    async def __anext__(self) -> Observation:
        while not self._queue:
            if self._closed:
                raise StopAsyncIteration
            self._came.clear()
            await self._came.wait()
        return self._queue.popleft()


def _conflated(queue: deque[Observation]) -> Published | None:
    positions: dict[PositionId, Position] = {}
    head: Head | None = None
    skipped = 0
    for item in queue:
        if isinstance(item, Published):
            head = item.head
            skipped += item.skipped + len(item.events)
            positions |= {position.position_id: position for position in item.positions}
    if head is None:
        return None
    return Published(head=head, positions=tuple(positions.values()), skipped=skipped)


class EventBus:
    """Tells observers what became durable.

    Attributes:
        published: How many observations of each kind were published.
        failures: How often each listener failed, by its name.
    """

    def __init__(self, alerts: AlertSink) -> None:
        self._alerts = alerts
        self._listeners: dict[str, Listener] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self.published: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Everybody subscribed now."""
        return tuple(self._subscriptions.values())

    def add_listener(self, name: str, listener: Listener) -> None:
        """Call ``listener`` with every observation, in line: it must be cheap."""
        self._listeners[name] = listener

    def subscribe(
        self,
        name: str,
        maxsize: int = SUBSCRIPTION_MAX,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> Subscription:
        """Return a new queue of observations; a second one of a name ends the first."""
        self.unsubscribe(name)
        subscription = self._subscriptions[name] = Subscription(name, maxsize, overflow)
        return subscription

    def unsubscribe(self, name: str) -> None:
        """End a subscription; idempotent."""
        if (subscription := self._subscriptions.pop(name, None)) is not None:
            subscription.close()

    def publish(self, item: Observation) -> None:
        """Tell everybody; returns at once and never raises."""
        self.published[type(item).__name__] += 1
        for name, listener in list(self._listeners.items()):
            try:
                listener(item)
            except Exception as error:
                self._failed(name, error)
        for subscription in self._subscriptions.values():
            subscription.put(item)

    def _failed(self, name: str, error: Exception) -> None:
        self.failures[name] += 1
        if self.failures[name] == 1:
            facts = {"listener": name, "error": type(error).__name__}
            self._alerts.alert("warning", "listener_failed", facts)

    def notify(self, severity: str, name: str, facts: Mapping[str, str]) -> None:
        """Alert the person and tell the observers."""
        self._alerts.alert(severity, name, facts)
        self.publish(Notice(severity=severity, name=name, facts=dict(facts)))

    def close(self) -> None:
        """End every subscription."""
        for name in list(self._subscriptions):
            self.unsubscribe(name)
