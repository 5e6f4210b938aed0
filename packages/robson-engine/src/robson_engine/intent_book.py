"""From events to the intents that go into the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from robson_domain import (
    ClientOrderId,
    EntryFilled,
    EntryOrderPlaced,
    Event,
    ExitFilled,
    ExitOrderPlaced,
    Intent,
    IntentStatus,
    OrderInDoubt,
    OrderRejected,
    OrderResolved,
    OrderStatus,
    VenueStopPlaced,
)

_KEPT_MAX: Final = 2_000
"""Resolved intents remembered so that a late fill can correct them."""


class IntentBook:
    """Follows every intent from its decision to the venue's last word."""

    def __init__(self, unresolved: Iterable[Intent] = ()) -> None:
        self._intents: dict[ClientOrderId, Intent] = {i.client_order_id: i for i in unresolved}

    def unresolved(self) -> tuple[Intent, ...]:
        """Return intents whose outcome is not known, oldest first."""
        return tuple(i for i in self._intents.values() if not i.status.is_resolved)

    def find(self, order_id: ClientOrderId) -> Intent | None:
        """Return the intent behind a client order id, or None."""
        return self._intents.get(order_id)

    def changes(self, events: Iterable[Event]) -> tuple[Intent, ...]:
        """Return new intents and new statuses that ``events`` bring, the last of each."""
        changed: dict[ClientOrderId, Intent] = {}
        for event in events:
            intent = self._after(event)
            if intent is not None:
                self._intents[intent.client_order_id] = intent
                changed[intent.client_order_id] = intent
        self._forget()
        return tuple(changed.values())

    def _after(self, event: Event) -> Intent | None:
        match event:
            case EntryOrderPlaced() | ExitOrderPlaced() | VenueStopPlaced():
                return event.intent
            case EntryFilled() | ExitFilled():
                done = event.order_status is OrderStatus.FILLED
                return self._becomes(
                    event.client_order_id, "done" if done else self._revived(event)
                )
            case OrderRejected():
                return self._becomes(event.client_order_id, "rejected")
            case OrderInDoubt():
                return self._becomes(event.client_order_id, "in_doubt")
            case OrderResolved():
                return self._becomes(event.client_order_id, _verdict(event))
            case _:
                return None

    def _becomes(self, order_id: ClientOrderId, verdict: str) -> Intent | None:
        intent = self._intents.get(order_id)
        if intent is None or not verdict:
            return None
        after = intent.becomes(verdict)
        return None if after == intent else after

    def _revived(self, event: EntryFilled | ExitFilled) -> str:
        """What was thought refused or dead was executed in part: its end is not known again."""
        intent = self._intents.get(event.client_order_id)
        is_wrong = intent is not None and intent.status in (
            IntentStatus.REJECTED,
            IntentStatus.DEAD,
        )
        return "in_doubt" if is_wrong and not event.order_status.is_terminal else ""

    def _forget(self) -> None:
        excess = len(self._intents) - _KEPT_MAX
        if excess <= 0:
            return
        resolved = [key for key, i in self._intents.items() if i.status.is_resolved]
        for key in resolved[:excess]:
            del self._intents[key]


def _verdict(event: OrderResolved) -> str:
    if not event.order_status.is_terminal:
        return ""
    dead = event.order_status is OrderStatus.EXPIRED and not event.filled_qty
    return "dead" if dead and event.evidence.startswith("dead") else "done"
