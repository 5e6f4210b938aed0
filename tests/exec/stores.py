"""Stores in trouble: a real one inside, and what can go wrong around it."""

from __future__ import annotations

import asyncio
from typing import Any

from robson_domain import Batch, Durable, Head, Recovered, Store, StoreError


class TroubledStore:
    """Passes everything on to a real store, unless told otherwise.

    Attributes:
        written: Every batch that became durable, in order.
        refusals: How many of the next submits fail before anything is written.
        lost_answers: How many of the next submits fail after everything was written.
        gate: While set to an event, submits wait for it; the store is then not in line.
    """

    def __init__(self, inner: Store, *, inline: bool = True) -> None:
        self._inner = inner
        self._inline = inline
        self.written: list[Batch] = []
        self.tries = 0
        self.refusals = 0
        self.lost_answers = 0
        self.head_failures = 0
        self.gate: asyncio.Event | None = None
        self.in_flight = 0
        self.overlaps = 0
        self.error: Exception = StoreError("the disk is full")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def is_inline(self) -> bool:
        return self._inline

    async def submit(self, batch: Batch) -> Durable:
        self.tries += 1
        self.overlaps += self.in_flight
        self.in_flight += 1
        try:
            if not self._inline:
                await asyncio.sleep(0)
                if self.gate is not None:
                    await self.gate.wait()
            if self.refusals:
                self.refusals -= 1
                raise self.error
            durable = await self._inner.submit(batch)
            self.written.append(batch)
            if self.lost_answers:
                self.lost_answers -= 1
                raise StoreError("the connection was lost during the commit")
            return durable
        finally:
            self.in_flight -= 1

    async def head(self) -> Head:
        if self.head_failures:
            self.head_failures -= 1
            raise StoreError("no connection")
        return await self._inner.head()

    async def recover(self) -> Recovered:
        return await self._inner.recover()


class Reopened:
    """Ports that note being closed and work on."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.closed = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    async def close(self) -> None:
        self.closed += 1
