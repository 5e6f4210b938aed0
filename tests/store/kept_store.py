"""A memory store that is handed on when opened again: durable as far as a card can see."""

from __future__ import annotations

from typing import Self, cast

import attrs

from robson_domain import (
    Store,
)
from robson_store.heads import HeadFile
from robson_store.memory import (
    MemoryStore,
)


class KeptStore(MemoryStore):
    """A memory store that can be handed on; without a bug."""

    count = 0

    def __init__(self) -> None:
        KeptStore.count += 1
        super().__init__(f"epoch-{KeptStore.count}", HeadFile(None))

    def again(self) -> Self:
        """Return what opening this store again gives."""
        other = type(self)()
        other.kept, other._head = self.kept, self._head
        return other

    def after_crash(self) -> Self:
        """Return what opening this store after a crash gives."""
        return self.again()


@attrs.define
class KeptHarness:
    """Makes stores of one class."""

    kind: type[KeptStore]
    survives: bool = True

    async def make(self) -> Store:
        return self.kind()

    async def reopen(self, store: Store) -> Store:
        await store.close()
        return cast(KeptStore, store).again()

    async def crash(self, store: Store) -> Store:
        return cast(KeptStore, store).after_crash()
