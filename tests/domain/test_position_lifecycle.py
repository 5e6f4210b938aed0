"""The lifecycle of a position, pair by pair."""

from __future__ import annotations

import typing
from typing import Final

import pytest

from robson_domain import (
    POSITION_TRANSITIONS,
    IllegalTransition,
    PositionEvent,
    PositionStatus,
    codec,
    next_position_status,
)

S = PositionStatus
LEAVES_TO: Final = {
    S.ARMED: {S.ENTERING, S.CLOSED, S.ERROR},
    S.ENTERING: {S.ACTIVE, S.CLOSED, S.ERROR},
    S.ACTIVE: {S.EXITING, S.CLOSED, S.ERROR},
    S.EXITING: {S.CLOSED, S.ERROR},
    S.CLOSED: {S.ERROR},
    S.ERROR: {S.CLOSED},
}
"""Written down a second time on purpose: this is what the statuses promise."""
EVENTS: Final = tuple(kind.__name__ for kind in typing.get_args(PositionEvent))
OTHERS: Final = tuple(name for name in codec.EVENT_TYPES if name not in EVENTS)
"""Events of the account: they belong to no position, so no status has a row for them."""


@pytest.mark.parametrize("event", [*EVENTS, *OTHERS, "", "entryfilled", "Unheard"])
@pytest.mark.parametrize("status", S)
def test_every_pair_is_in_the_table_or_illegal(status: PositionStatus, event: str) -> None:
    row = POSITION_TRANSITIONS[status]
    if event in row:
        assert next_position_status(status, event) is row[event]
    else:
        with pytest.raises(IllegalTransition, match=f"position: {event} is not possible"):
            next_position_status(status, event)


@pytest.mark.parametrize("status", S)
def test_statuses_leave_only_where_they_may(status: PositionStatus) -> None:
    assert set(POSITION_TRANSITIONS[status].values()) - {status} == LEAVES_TO[status]


def test_every_status_is_reached_from_armed() -> None:
    reached = {S.ARMED}
    while more := {to for s in reached for to in POSITION_TRANSITIONS[s].values()} - reached:
        reached |= more
    assert reached == set(S) == set(POSITION_TRANSITIONS)


def test_the_table_knows_every_event_and_no_other() -> None:
    """A position begins with PositionArmed or GuardOpened; nothing can follow it into that.

    Events of the account are left out on purpose: they move no position.
    """
    used = {event for row in POSITION_TRANSITIONS.values() for event in row}
    assert used == set(EVENTS) - {"PositionArmed", "GuardOpened"}


def test_events_of_the_account_move_no_position() -> None:
    assert (
        *("RiskLimitsSet", "SafetyNetSet", "PairRuleSet", "PairQuarantined"),
        *("AnotherRobsonSeen", "WarningCleared"),
    ) == OTHERS
    assert not any(name in row for row in POSITION_TRANSITIONS.values() for name in OTHERS)


@pytest.mark.parametrize("status", [status for status in S if status is not S.ARMED])
def test_a_fill_of_the_entry_is_never_illegal(status: PositionStatus) -> None:
    """The venue says what happened; a position that has sent an entry takes it at any time."""
    assert next_position_status(status, "EntryFilled") in S


@pytest.mark.parametrize("status", [S.EXITING, S.CLOSED, S.ERROR])
def test_a_fill_of_an_exit_is_never_illegal(status: PositionStatus) -> None:
    assert next_position_status(status, "ExitFilled") in S


def test_exiting_is_a_latch() -> None:
    """From the first exit on, no event leads back to an open position that just waits."""
    after = set(POSITION_TRANSITIONS[S.EXITING].values())
    for status in (S.EXITING, S.CLOSED, S.ERROR):
        after |= set(POSITION_TRANSITIONS[status].values())
    assert after == {S.EXITING, S.CLOSED, S.ERROR}


def test_closed_opens_again_by_a_late_fill_alone() -> None:
    """Or needs a person, because an exit is seen to have gone beyond flat."""
    leaving = {e for e, to in POSITION_TRANSITIONS[S.CLOSED].items() if to is not S.CLOSED}
    assert leaving == {"EntryFilled", "ExitFilled", "PositionErrored"}


def test_error_ends_by_being_closed_alone() -> None:
    assert [e for e, to in POSITION_TRANSITIONS[S.ERROR].items() if to is S.CLOSED] == [
        "PositionClosed"
    ]


@pytest.mark.parametrize("status", [S.ENTERING, S.ACTIVE, S.EXITING, S.ERROR])
@pytest.mark.parametrize("event", ["OrderRejected", "OrderInDoubt", "OrderResolved"])
def test_news_of_an_order_moves_no_position_by_itself(status: PositionStatus, event: str) -> None:
    assert next_position_status(status, event) is status


def test_a_guard_is_released_only_while_it_watches_or_closes() -> None:
    """Released is without an order: what needs a person is not let go of by itself."""
    ended = {s for s in S if "GuardReleased" in POSITION_TRANSITIONS[s]}
    assert ended == {S.ACTIVE, S.EXITING}
    assert {next_position_status(s, "GuardReleased") for s in ended} == {S.CLOSED}


def test_a_guard_that_is_handed_over_goes_on_open() -> None:
    assert next_position_status(S.ACTIVE, "GuardHandedOver") is S.ACTIVE
    assert [s for s in S if "GuardHandedOver" in POSITION_TRANSITIONS[s]] == [S.ACTIVE]


@pytest.mark.parametrize("status", [S.ACTIVE, S.EXITING, S.ERROR])
@pytest.mark.parametrize(
    "event", ["VenueStopPlaced", "CancelRequested", "InterestAccrued", "PositionReduced"]
)
def test_what_may_be_open_keeps_its_stop_at_the_venue(status: PositionStatus, event: str) -> None:
    assert next_position_status(status, event) is status


def test_debt_is_paid_back_while_closing_alone() -> None:
    assert [s for s in S if "RepayRequested" in POSITION_TRANSITIONS[s]] == [S.EXITING]


def test_only_what_is_open_has_a_stop_that_moves() -> None:
    moving = {s for s, row in POSITION_TRANSITIONS.items() if "TrailingStopUpdated" in row}
    assert moving == {S.ACTIVE, S.EXITING, S.ERROR}
