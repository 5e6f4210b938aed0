"""The lifecycle of a position: every (status, event) pair that may happen, as a table.

Events of the account have no place in it: they belong to no position.

The property test walks the whole cross product; the diagram in ``docs/`` is drawn from here.
"""

from __future__ import annotations

from typing import Final

from robson_domain.lifecycle import Table, next_status
from robson_domain.position import PositionStatus

_P = PositionStatus

POSITION_TRANSITIONS: Final[Table[PositionStatus]] = {
    _P.ARMED: {
        "EntrySignalReceived": _P.ARMED,
        "EntryDenied": _P.CLOSED,
        "PositionDisarmed": _P.CLOSED,
        "EntryOrderPlaced": _P.ENTERING,
        "PositionErrored": _P.ERROR,
    },
    _P.ENTERING: {
        "EntryFilled": _P.ACTIVE,
        "OrderRejected": _P.ENTERING,
        "OrderInDoubt": _P.ENTERING,
        "OrderResolved": _P.ENTERING,
        # Remembered; acted on in the step of the first fill.
        "PositionCloseRequested": _P.ENTERING,
        "PositionClosed": _P.CLOSED,
        "PositionErrored": _P.ERROR,
    },
    _P.ACTIVE: {
        "VenueStopPlaced": _P.ACTIVE,
        "CancelRequested": _P.ACTIVE,
        "InterestAccrued": _P.ACTIVE,
        "PositionReduced": _P.ACTIVE,
        # A guard of what the person opened: watched, never entered.
        "GuardFollowed": _P.ACTIVE,
        "GuardBreached": _P.ACTIVE,
        "GuardReleased": _P.CLOSED,
        "GuardHandedOver": _P.ACTIVE,
        # The rest of the entry may still be coming.
        "EntryFilled": _P.ACTIVE,
        "OrderRejected": _P.ACTIVE,
        "OrderInDoubt": _P.ACTIVE,
        "OrderResolved": _P.ACTIVE,
        "TrailingStopUpdated": _P.ACTIVE,
        "ExitTriggered": _P.EXITING,
        # The whole fill was commission and dust, or the venue shows it flat.
        "PositionClosed": _P.CLOSED,
        "PositionErrored": _P.ERROR,
    },
    _P.EXITING: {
        # Refused exits put the venue stop back; it is taken back before the next.
        "VenueStopPlaced": _P.EXITING,
        "CancelRequested": _P.EXITING,
        "InterestAccrued": _P.EXITING,
        "RepayRequested": _P.EXITING,
        "PositionReduced": _P.EXITING,
        "GuardFollowed": _P.EXITING,
        "GuardDebtSeen": _P.EXITING,
        "GuardReleased": _P.CLOSED,
        # A late entry fill joins what is being closed.
        "EntryFilled": _P.EXITING,
        "TrailingStopUpdated": _P.EXITING,
        "ExitOrderPlaced": _P.EXITING,
        "ExitFilled": _P.EXITING,
        "OrderRejected": _P.EXITING,
        "OrderInDoubt": _P.EXITING,
        "OrderResolved": _P.EXITING,
        "PositionClosed": _P.CLOSED,
        "PositionErrored": _P.ERROR,
    },
    _P.CLOSED: {
        # A late fill is a fact, never illegal: it opens with its quantity and a stop.
        "EntryFilled": _P.ERROR,
        "ExitFilled": _P.ERROR,
        # The venue may still correct what it said of an order.
        "OrderResolved": _P.CLOSED,
        # Seen only afterwards: an exit went beyond flat.
        "PositionErrored": _P.ERROR,
    },
    _P.ERROR: {
        "VenueStopPlaced": _P.ERROR,
        "CancelRequested": _P.ERROR,
        "InterestAccrued": _P.ERROR,
        "PositionReduced": _P.ERROR,
        "EntryFilled": _P.ERROR,
        "PositionErrored": _P.ERROR,
        # What is open keeps its stop; a hit sends exits exactly as Exiting does.
        "TrailingStopUpdated": _P.ERROR,
        "ExitTriggered": _P.ERROR,
        "ExitOrderPlaced": _P.ERROR,
        "ExitFilled": _P.ERROR,
        "OrderRejected": _P.ERROR,
        "OrderInDoubt": _P.ERROR,
        "OrderResolved": _P.ERROR,
        # Only the person's acknowledgement ends it.
        "PositionClosed": _P.CLOSED,
    },
}


def next_position_status(status: PositionStatus, event_type: str) -> PositionStatus:
    """Return the status after an event.

    Raises:
        IllegalTransition: For a pair outside :data:`POSITION_TRANSITIONS`.
    """
    return next_status("position", POSITION_TRANSITIONS, status, event_type)
