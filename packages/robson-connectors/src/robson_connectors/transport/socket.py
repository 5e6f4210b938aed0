"""A websocket that stays up: one connection at a time to those who use it, whatever happens.

A :class:`Link` keeps one connection open and replaces it when it is lost, silent, refused, told
to go or simply old. Wherever the old one still works, the new one is connected and subscribed
before the old one is closed, and for a moment both deliver: who uses a link drops duplicates by
id.

Invariants:
    1. ``link_changed(True)`` and ``link_changed(False)`` alternate, beginning with True.
    2. While no connection is ready, another is being opened or waited for, until :meth:`close`.
    3. After :meth:`Link.close` nothing is called any more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import attrs

from robson_connectors.transport.connection import (
    Sink,
    SocketConnection,
    SocketPort,
    described,
    dial,
)
from robson_connectors.transport.pace import (
    BACKOFF_FIRST_NS,
    MESSAGES_MAX,
    SECOND_NS,
    Pace,
    backoff_ns,
)
from robson_connectors.transport.tasks import Notify, Tasks
from robson_domain.ports.system import Clock

SETTLED_NS: Final = 10 * SECOND_NS
"""A connection that lasted this long has worked; a shorter one counts as a failure."""
QUIET: Final = "quiet"
QUIET_MAX_NS: Final = 15 * SECOND_NS
"""A market in which nothing happens is not connected to more often than this."""
_CHECKS: Final = 4
"""Looks at the clock within the shortest time that is watched."""


@attrs.frozen(kw_only=True)
class LinkSettings:
    """When a connection is given up, ns.

    Attributes:
        stale_ns: Nothing at all was heard for so long, not even a ping: it is dead.
        probe_ns: Nothing was heard for so long: it is asked with a ping of ours.
        quiet_ns: No message came for so long, whatever the pings say: it is replaced by another
            while it stays; 0 = silence between messages is normal.
        lifetime_ns: It is replaced at this age; venues cut at 24 h.
        overlap_ns: How long the old one stays beside the new one.
        patience_ns: How long a new one may take to be ready.
    """

    stale_ns: int = 45 * SECOND_NS
    probe_ns: int = 15 * SECOND_NS
    quiet_ns: int = 0
    lifetime_ns: int = 23 * 3_600 * SECOND_NS
    overlap_ns: int = 2 * SECOND_NS
    patience_ns: int = 10 * SECOND_NS

    @property
    def check_ns(self) -> int:
        """Time between two looks."""
        times = (self.stale_ns, self.probe_ns, self.quiet_ns, self.patience_ns, self.lifetime_ns)
        return max(1, min(time for time in times if time) // _CHECKS)


class Channel:
    """One connection as its user sees it.

    Attributes:
        is_lost: Whether it has ended.
        settled: Done once it is ready or lost.
        left: Why another one is needed in its place.
    """

    def __init__(self, clock: Clock) -> None:
        loop = asyncio.get_running_loop()
        self.is_lost = False
        self.connection: SocketConnection | None = None
        self.settled: asyncio.Future[None] = loop.create_future()
        self.left: asyncio.Future[str] = loop.create_future()
        self.pace = Pace(clock)
        self._outbox: deque[str] = deque()
        self._filled = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Whether it is connected and subscribed."""
        return self.settled.done() and not self.is_lost

    @property
    def delay_ns(self) -> int:
        """About how long the message posted last waits for its turn, ns."""
        return max(0, len(self._outbox) - 1) * SECOND_NS // (MESSAGES_MAX - 2)

    def post(self, text: str) -> None:
        """Send one message as soon as the pace allows it; lost with the connection."""
        self._outbox.append(text)
        self._filled.set()

    def ready(self) -> None:
        """Say that what this connection is for has been agreed with the venue; idempotent."""
        if not self.settled.done():
            self.settled.set_result(None)

    def leave(self, reason: str) -> None:
        """Ask for another connection in place of this one; idempotent."""
        if not self.left.done():
            self.left.set_result(reason)

    def abort(self, reason: str) -> None:
        """End it without a word."""
        self.leave(reason)
        assert self.connection is not None
        self.connection.transport.abort()

    def ended(self) -> None:
        """Take note that the connection has ended."""
        self.is_lost = True
        self.leave("lost")
        self.ready()
        self._filled.set()

    async def write(self) -> None:
        """Send what is posted; ends with the connection."""
        connection = self.connection
        assert connection is not None
        while True:
            await self._filled.wait()
            await self.pace.turn()
            if self.is_lost:
                return
            await connection.send(self._outbox.popleft())
            if not self._outbox:
                self._filled.clear()


class LinkUser(Protocol):
    """Who uses a link. Everything here returns at once."""

    def address(self, channel: Channel) -> str:
        """Return where ``channel`` is to connect."""
        ...

    def sink(self, channel: Channel) -> Sink:
        """Return what takes the messages of ``channel``; it may be called before ``connected``."""
        ...

    def connected(self, channel: Channel) -> None:
        """Subscribe, and call :meth:`Channel.ready` once that is agreed."""
        ...

    def lost(self, channel: Channel) -> None:
        """Forget ``channel``; called once for each that was given a sink."""
        ...

    def link_changed(self, up: bool) -> None:
        """Take note that messages flow, or may be missed."""
        ...


class Link:
    """Keeps a connection for ``user``.

    Args:
        jitter: Returns a number in [0, 1).
        notify: Told of problems: name and facts, never an address or a token.

    Attributes:
        connects: How many connections were opened.
    """

    def __init__(
        self,
        user: LinkUser,
        *,
        clock: Clock,
        jitter: Callable[[], float],
        notify: Notify,
        settings: LinkSettings | None = None,
    ) -> None:
        self._user = user
        self._clock = clock
        self._jitter = jitter
        self._notify = notify
        self._settings = settings or LinkSettings()
        self._tasks = Tasks(notify)
        self._channels: dict[Channel, None] = {}
        self._current: Channel | None = None
        self._quiet_ns = self._settings.quiet_ns
        self.connects = 0

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The connections that are open, the oldest first; two while one replaces another."""
        return tuple(channel for channel in self._channels if channel.connection is not None)

    @property
    def is_up(self) -> bool:
        """Whether messages flow."""
        return self._current is not None

    def start(self) -> None:
        """Begin to connect, on the running loop."""
        self._tasks.spawn("link", self._kept())

    async def close(self) -> None:
        """End everything and wait for it; idempotent."""
        self._current = None
        await self._tasks.close()
        open_ones = [c.connection for c in self._channels if c.connection is not None]
        self._channels.clear()
        for connection in open_ones:
            await connection.close()

    # ------------------------------------------------------------------------- keeping it up

    async def _kept(self) -> None:
        while True:
            try:
                await self._keep()
            except Exception as error:
                self._notify("link_failed", {"error": type(error).__name__})
            await self._clock.sleep_until(self._clock.now_ns() + BACKOFF_FIRST_NS)

    async def _keep(self) -> None:
        failures = 0
        while True:
            began = self._clock.now_ns()
            channel = await self._opened()
            if channel is None:
                failures += 1
            else:
                self._install(channel)
                reason = await channel.left
                self._notify("link_left", {"reason": reason})
                lasted = self._clock.now_ns() - began >= SETTLED_NS
                # Quietness has a pace of its own, and may be the market's.
                failures = 0 if lasted or reason == QUIET else failures
            wait = backoff_ns(failures, self._jitter)
            await self._clock.sleep_until(self._clock.now_ns() + wait)
            # The first short life is forgiven, a row of them is not.
            failures += channel is not None

    async def _opened(self) -> Channel | None:
        """Return a channel that is ready, None when that failed."""
        channel = Channel(self._clock)
        self._channels[channel] = None
        try:
            port = SocketPort(
                self._clock,
                self._user.sink(channel),
                self._notify,
                ponged=channel.pace.count,
                lost=lambda: self._on_lost(channel),
            )
            channel.connection = await dial(self._user.address(channel), port)
            self._begin(channel)
        except Exception as error:
            # Whatever it was, the next try decides.
            self._notify("connect_failed", {"problem": described(error)})
            self._drop(channel)
            return None
        await channel.settled
        return None if channel.is_lost else channel

    def _begin(self, channel: Channel) -> None:
        self.connects += 1
        self._tasks.spawn("write", self._written(channel))
        self._tasks.spawn("watch", self._watched(channel))
        self._user.connected(channel)

    def _drop(self, channel: Channel) -> None:
        if channel.connection is None:
            self._forget(channel)
        else:
            channel.abort("unusable")

    def _install(self, channel: Channel) -> None:
        before, self._current = self._current, channel
        if before is None:
            self._user.link_changed(True)
        else:
            self._tasks.spawn("retire", self._retired(before))

    async def _retired(self, channel: Channel) -> None:
        await self._clock.sleep_until(self._clock.now_ns() + self._settings.overlap_ns)
        assert channel.connection is not None
        await channel.connection.close()

    def _on_lost(self, channel: Channel) -> None:
        channel.ended()
        self._forget(channel)

    def _forget(self, channel: Channel) -> None:
        if self._channels.pop(channel, self) is self:
            return
        if self._current is channel:
            self._current = None
            self._user.link_changed(False)
        self._user.lost(channel)

    async def _written(self, channel: Channel) -> None:
        try:
            await channel.write()
        except Exception as error:
            self._notify("send_failed", {"problem": described(error)})
            channel.abort("unsendable")

    # ------------------------------------------------------------------------------ watching

    async def _watched(self, channel: Channel) -> None:
        began = self._clock.now_ns()
        probed = 0
        assert channel.connection is not None
        while not channel.is_lost:
            await self._clock.sleep_until(self._clock.now_ns() + self._settings.check_ns)
            now, heard = self._clock.now_ns(), channel.connection.heard_ns
            if now - heard >= self._settings.stale_ns:
                channel.abort("stale")
            elif not channel.is_ready and now - began >= self._settings.patience_ns:
                channel.abort("not ready")
            elif now - began >= self._settings.lifetime_ns:
                channel.leave("old")
            elif now - heard >= self._settings.probe_ns and probed != heard:
                probed = heard
                await self._probe(channel)
            self._check_quiet(channel, began, now)

    async def _probe(self, channel: Channel) -> None:
        assert channel.connection is not None
        channel.pace.count()
        try:
            _ = await channel.connection.ping()
        except Exception as error:
            self._notify("probe_failed", {"problem": described(error)})

    def _check_quiet(self, channel: Channel, began: int, now: int) -> None:
        assert channel.connection is not None
        came = channel.connection.frame_ns
        if came > began:
            self._quiet_ns = self._settings.quiet_ns
        if self._quiet_ns and not channel.left.done() and now - came >= self._quiet_ns:
            self._quiet_ns = min(2 * self._quiet_ns, max(QUIET_MAX_NS, self._settings.quiet_ns))
            channel.leave(QUIET)
