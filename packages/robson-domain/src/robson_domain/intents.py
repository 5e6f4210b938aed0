"""Intents: decisions that are durable before anything is sent."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs

from robson_domain.errors import ValidationError
from robson_domain.identity import ClientOrderId, IntentId, PositionId
from robson_domain.lifecycle import Table, next_status
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Price, Quantity


class IntentKind(StrEnum):
    """What an order is for."""

    ENTRY = "ENTRY"
    EXIT = "EXIT"
    VENUE_STOP = "VENUE_STOP"
    """A reducing order that rests at the venue while the process may be down."""


class IntentStatus(StrEnum):
    """Where a decision stands."""

    RECORDED = "RECORDED"
    IN_DOUBT = "IN_DOUBT"
    DONE = "DONE"
    REJECTED = "REJECTED"
    DEAD = "DEAD"

    @property
    def is_resolved(self) -> bool:
        """Whether the venue's last word is known."""
        return self in {IntentStatus.DONE, IntentStatus.REJECTED, IntentStatus.DEAD}


_I = IntentStatus
_OPEN: Final[dict[str, IntentStatus]] = {
    "done": _I.DONE,
    "rejected": _I.REJECTED,
    "in_doubt": _I.IN_DOUBT,
    "dead": _I.DEAD,
}
INTENT_TRANSITIONS: Final[Table[IntentStatus]] = {
    _I.RECORDED: _OPEN,
    _I.IN_DOUBT: _OPEN,
    _I.DONE: {"done": _I.DONE},
    # What was believed refused can still turn out filled, and work on: the venue decides.
    _I.REJECTED: {"rejected": _I.REJECTED, "done": _I.DONE, "in_doubt": _I.IN_DOUBT},
    # As rejected: all the evidence of its death is ours.
    _I.DEAD: {"dead": _I.DEAD, "done": _I.DONE, "in_doubt": _I.IN_DOUBT},
}


@attrs.frozen(kw_only=True)
class Intent:
    """One order to be sent, decided and journaled.

    Attributes:
        intent_id: The signal id for an entry; derived from position, kind and n otherwise.
        n: 1 for the first order of this kind of the position, then counting up.
        reason: Why: a signal id, a stop that was hit, a command.
        ts_created: Receive time of the causing input, UTC ns.
        stop_price: Where a venue stop waits; None for an order at market.
    """

    intent_id: IntentId
    position_id: PositionId
    kind: IntentKind
    n: int
    symbol: Symbol
    side: OrderSide
    quantity: Quantity
    client_order_id: ClientOrderId
    reason: str
    ts_created: int
    status: IntentStatus = IntentStatus.RECORDED
    stop_price: Price | None = None

    def __attrs_post_init__(self) -> None:
        if not self.quantity:
            raise ValidationError("quantity", "an intent must be above zero")

    def becomes(self, event: str) -> Intent:
        """Return the intent after ``done``, ``rejected``, ``in_doubt`` or ``dead``.

        Raises:
            IllegalTransition: For a pair outside :data:`INTENT_TRANSITIONS`.
        """
        status = next_status("intent", INTENT_TRANSITIONS, self.status, event)
        return attrs.evolve(self, status=status)
