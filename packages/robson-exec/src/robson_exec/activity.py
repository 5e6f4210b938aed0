"""Whether everything that is due has been done: what a virtual clock waits for.

Work in progress holds a :class:`Token`. While the task that holds it (or one started by it)
sleeps on the virtual clock the token pauses: a task that waits for later is not busy now.

Invariants:
    1. ``idle`` is False while a token is open and not paused.
    2. A token that was closed never counts again, whatever still pauses or resumes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum

_CURRENT: ContextVar[Token | None] = ContextVar("robson_activity_token", default=None)


class Rank(IntEnum):
    """Who goes first at equal times of the clock."""

    TASK = 0
    """Answers of the venue and everything else already under way."""
    SOURCE = 1
    """The world: prices of a recording, in file order."""
    TIMER = 2
    """The passing of time itself, after everything that happened at that time."""


class Token:
    """One piece of work in progress."""

    __slots__ = ("_activity", "_is_open", "_pauses", "rank")

    def __init__(self, activity: Activity, rank: Rank) -> None:
        self._activity = activity
        self._is_open = True
        self._pauses = 0
        self.rank = rank
        activity.enter()

    def pause(self) -> None:
        """Stop counting: the work sleeps until a later time."""
        self._pauses += 1
        if self._is_open and self._pauses == 1:
            self._activity.leave()

    def resume(self) -> None:
        """Count again."""
        self._pauses -= 1
        if self._is_open and not self._pauses:
            self._activity.enter()

    def close(self) -> None:
        """The work is done; idempotent."""
        if self._is_open:
            self._is_open = False
            if not self._pauses:
                self._activity.leave()


class Activity:
    """Counts work in progress.

    Attributes:
        version: Grows with every start of work; equal versions mean nothing began in between.
    """

    def __init__(self) -> None:
        self._count = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.version = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is in progress."""
        return not self._count

    def enter(self) -> None:
        """Count one more piece of work."""
        self._count += 1
        self.version += 1
        if self._count == 1:
            self._idle.clear()

    def leave(self) -> None:
        """Count one less."""
        self._count -= 1
        if not self._count:
            self._idle.set()

    def token(self, rank: Rank = Rank.TASK) -> Token:
        """Return a token that counts from now until it is closed."""
        return Token(self, rank)

    @contextmanager
    def busy(self) -> Iterator[Token]:
        """Count as in progress inside a ``with`` block, sleeps on a virtual clock excepted."""
        token = self.token()
        before = _CURRENT.set(token)
        try:
            yield token
        finally:
            _CURRENT.reset(before)
            token.close()

    async def wait_idle(self) -> None:
        """Return once nothing is in progress."""
        await self._idle.wait()


def current_token() -> Token | None:
    """Return the token of the work this code belongs to, or None."""
    return _CURRENT.get()


def work_under(token: Token | None) -> None:
    """Make what runs in this context part of ``token``'s work; None = of nobody's."""
    _CURRENT.set(token)
