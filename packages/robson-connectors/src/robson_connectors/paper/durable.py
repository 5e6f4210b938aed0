"""A simulated venue whose every change is on disk before anybody hears of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from robson_connectors.paper.ledger import PaperLedger
from robson_domain.errors import InDoubtError
from robson_domain.reports import OrderReport
from robson_domain.symbols import Symbol
from robson_engine.simulated_venue import SimulatedVenue

T = TypeVar("T")


class DurableVenue:
    """A venue with its ledger; without one it lives in memory.

    Attributes:
        venue: The venue as it stands; work that changes it goes through :meth:`do`.
    """

    def __init__(self, venue: SimulatedVenue, ledger: PaperLedger | None) -> None:
        self.venue = venue
        self._ledger = ledger

    def load(self) -> None:
        """Become what the ledger holds.

        Raises:
            UnknownSchema: When it does not fit.
        """
        kept = None if self._ledger is None else self._ledger.read()
        if kept is not None:
            self.venue.load(kept.head, kept.orders)

    def stored_pairs(self) -> tuple[Symbol, ...]:
        """Return the pairs that the ledger holds an account of."""
        kept = None if self._ledger is None else self._ledger.read()
        return () if kept is None else SimulatedVenue.pairs_of(kept.head)

    def do(self, work: Callable[[], T]) -> T:
        """Do ``work`` on the venue; on disk when this returns, undone when it raises."""
        if self._ledger is None:
            result = work()
            self.venue.changes()
            return result
        before = self.venue.copy()
        try:
            result = work()
            delta = self.venue.changes()
            if delta is not None:
                self._ledger.write(delta)
        except BaseException:
            self.venue = before
            raise
        return result

    def ordered(self, work: Callable[[], OrderReport]) -> OrderReport:
        """Do what an order asks for.

        Raises:
            InDoubtError: When the ledger failed while writing.
        """
        try:
            return self.do(work)
        except sqlite3.Error as error:
            raise InDoubtError(f"the paper ledger failed: {error}", "LEDGER_FAILED") from None

    def reported(self, work: Callable[[], tuple[OrderReport, ...]]) -> tuple[OrderReport, ...]:
        """Return the reports of ``work`` once they are durable; none when they cannot be."""
        try:
            return self.do(work)
        except sqlite3.Error:
            # Undone; the next trade tries again. Nobody was told, so nothing has happened.
            return ()

    def close(self) -> None:
        """Release the ledger; idempotent."""
        if self._ledger is not None:
            self._ledger.close()
