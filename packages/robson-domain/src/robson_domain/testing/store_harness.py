"""How the store cards get at a store, what a card is, and what it may ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import attrs

from robson_domain.errors import StoreError
from robson_domain.events import Event
from robson_domain.ports.storage import Store
from robson_domain.testing.conformance import CardFailed


class StoreHarness(Protocol):
    """How the cards get at the store under test."""

    @property
    def survives(self) -> bool:
        """Whether what was stored is still there after the store was closed."""
        ...

    async def make(self) -> Store:
        """Return a new, empty store."""
        ...

    async def reopen(self, store: Store) -> Store:
        """Close ``store`` and open it again."""
        ...

    async def crash(self, store: Store) -> Store:
        """Leave ``store`` as a killed process would, unclosed, and open it again."""
        ...


@attrs.frozen(kw_only=True)
class StoreCard:
    """One duty.

    Attributes:
        number: Stable; spaced so that new cards find room.
        title: The duty as a sentence.
        needs_survival: Whether it is only for stores that outlive their process.
    """

    number: int
    title: str
    run: Callable[[StoreHarness], Awaitable[None]]
    needs_survival: bool = False

    def __str__(self) -> str:
        return f"ST-{self.number:03}"

    def fits(self, harness: StoreHarness) -> bool:
        """Say whether this card is for the store of ``harness``."""
        return harness.survives or not self.needs_survival


def expect(actual: object, wanted: object, what: str) -> None:
    """Compare and say what was compared.

    Raises:
        CardFailed: When they differ.
    """
    if actual != wanted:
        raise CardFailed(f"{what}:\n  is     {actual!r:.600}\n  wanted {wanted!r:.600}")


async def refused(attempt: Awaitable[object], what: str) -> None:
    """Await ``attempt`` and expect a StoreError.

    Raises:
        CardFailed: When it succeeds.
    """
    try:
        await attempt
    except StoreError:
        return
    raise CardFailed(f"{what}: accepted, must be refused with a StoreError")


async def events_in(store: Store, after: int = 0, limit: int | None = None) -> tuple[Event, ...]:
    """Return events of the log, read through the port."""
    return tuple([event async for event in store.events.read(after, limit)])


async def everything_in(store: Store) -> tuple[object, ...]:
    """Return all that can be read, so that two moments can be compared."""
    return (
        await store.head(),
        await store.recover(),
        await events_in(store),
        [row async for row in store.events.rows()],
        await store.positions.find_active(),
        await store.orders.find_pending(),
        await store.intents.find_unresolved(),
    )
