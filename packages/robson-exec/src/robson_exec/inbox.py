"""The one way into the machine: everything that comes in, in order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from robson_domain import Input, TradeTick
from robson_exec.activity import Activity, Token
from robson_exec.limits import INBOX_PRICES_MAX


class Inbox:
    """A queue with one reader.

    Nothing that is offered is ever dropped: answers of the venue and commands are few. Who
    offers prices asks :attr:`has_room` first and closes its link when there is none.

    Attributes:
        waiting: What was offered and not taken yet, oldest first.
        is_held: Set by the reader while prices must not come, whatever room there is.
        at_once: Takes a price while the reader rests: between the socket and the decision lies no
            turn of the event loop then.
    """

    def __init__(self, activity: Activity, prices_max: int = INBOX_PRICES_MAX) -> None:
        self.waiting: deque[Input] = deque()
        self.is_held = False
        self.at_once: Callable[[TradeTick], None] | None = None
        self._activity = activity
        self._token: Token | None = None
        self._came = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._prices_max = prices_max

    @property
    def has_room(self) -> bool:
        """Whether another price may be offered."""
        return len(self.waiting) < self._prices_max and not self.is_held

    def offer(self, entry: Input) -> None:
        """Append one input, or let a resting reader have a price now; returns at once."""
        if self._token is None and type(entry) is TradeTick and self.at_once is not None:
            self.at_once(entry)
            return
        self.waiting.append(entry)
        self.wake()

    def wake(self) -> None:
        """Let the reader see to what waits, here or with itself."""
        if self._token is None:
            self._token = self._activity.token()
            self._came.set()
            self._drained.clear()

    async def wait(self) -> None:
        """Return once something is waiting."""
        await self._came.wait()

    def rest(self) -> None:
        """The reader has dealt with everything; it will wait for more."""
        self._came.clear()
        self._drained.set()
        if self._token is not None:
            self._token.close()
            self._token = None

    async def drained(self) -> None:
        """Return once everything offered so far has been dealt with."""
        await self._drained.wait()
