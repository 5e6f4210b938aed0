"""What a SQL store needs of its database: one way to read, one way to write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import attrs

from robson_domain import StoreError

Params = tuple[Any, ...]
Row = tuple[Any, ...]


class InUse(StoreError):
    """Another process has the database open; nothing is wrong with it."""


class Unreadable(StoreError):
    """It cannot be opened from here; nothing is known to be wrong with it."""


class ConnectionLost(StoreError):
    """The connection broke: whether a commit under way took place is not known yet."""


@attrs.frozen
class Write:
    """One statement and the rows it is sent with, in order.

    Attributes:
        bulk: The same as a bulk load, where the database has one; quicker for many rows.
    """

    statement: str
    rows: Sequence[Params] = ((),)
    bulk: str = ""


class Database(Protocol):
    """One connection that this process has to itself."""

    @property
    def is_inline(self) -> bool:
        """Whether nothing here ever yields to the event loop."""
        ...

    @property
    def problem(self) -> str:
        """Why nothing can be saved any more although it is open; empty while it can."""
        ...

    async def fetch(self, statement: str, params: Params = ()) -> list[Row]:
        """Return every row.

        Raises:
            StoreError: When the database cannot answer.
        """
        ...

    async def write(self, writes: Sequence[Write]) -> None:
        """Send all of ``writes`` in one transaction and return once it is durable.

        Raises:
            ConnectionLost: When it is not known whether the transaction took place.
            StoreError: When nothing was written.
        """
        ...

    async def idle(self) -> None:
        """Use a quiet moment for what would otherwise delay a batch."""
        ...

    async def close(self) -> None:
        """Release the database; idempotent."""
        ...
