"""What a position says of itself: protection follows quantity, ownership follows both."""

from __future__ import annotations

from typing import Any

import pytest

from robson_domain import (
    CloseReason,
    DetectorSpec,
    Doubt,
    IntentKind,
    Notional,
    OrderStatus,
    PositionKind,
    PositionStatus,
    Price,
    Quantity,
    Side,
)
from robson_domain.testing import (
    a_fill,
    a_guard,
    a_position,
    a_protected_position,
    a_venue_stop,
    an_order,
)

S = PositionStatus


@pytest.mark.parametrize("status", S)
def test_only_closed_is_closed(status: PositionStatus) -> None:
    assert a_position(status).is_closed is (status is S.CLOSED)


@pytest.mark.parametrize(
    ("status", "owns"),
    [
        (S.ARMED, False),
        (S.ENTERING, True),
        (S.ACTIVE, True),
        (S.EXITING, True),
        (S.CLOSED, False),
        (S.ERROR, True),
    ],
)
def test_core_owns_a_pair_from_the_entry_to_the_end(status: PositionStatus, owns: bool) -> None:
    assert a_position(status).owns_pair is owns


@pytest.mark.parametrize(
    ("fields", "owns"),
    [
        ({}, True),
        ({"open_qty": Quantity(0)}, False),
        ({"open_qty": Quantity(0), "entry_order": an_order()}, True),
        ({"open_qty": Quantity(0), "exit_order": an_order(status=OrderStatus.IN_DOUBT)}, True),
        ({"open_qty": Quantity(0), "entry_order": None}, False),
        ({"open_qty": Quantity(0), "venue_stop": a_venue_stop()}, True),
    ],
)
def test_error_owns_a_pair_while_something_may_still_happen(
    fields: dict[str, Any], owns: bool
) -> None:
    assert a_position(S.ERROR, **fields).owns_pair is owns


@pytest.mark.parametrize("status", S)
def test_a_guard_owns_nothing_whatever_happens_to_it(status: PositionStatus) -> None:
    """What the person opened stays theirs; owning it would hide it from the Safety Net."""
    assert not a_guard(status=status).owns_pair
    assert not a_guard(status=status, exit_order=an_order()).owns_pair
    assert not a_position(status, kind=PositionKind.GUARD).owns_pair


def test_a_position_is_core_s_until_it_is_said_otherwise() -> None:
    assert a_guard().is_guard
    assert not a_position().is_guard
    assert a_position(S.ARMED).kind is PositionKind.CORE


def test_a_guard_is_protected_by_its_stop_and_has_no_entry_of_ours() -> None:
    guard = a_guard()
    assert (guard.has_stop, guard.orders, guard.working_stop) == (True, (), None)
    assert guard.entry_leaves == Quantity(0)
    assert not guard.is_unresolved


def test_every_order_that_is_remembered_is_told_once_and_in_order() -> None:
    """What restart asks the venue about, and what the store keeps."""
    named = [an_order(venue_order_id=str(n)) for n in range(7)]
    position = a_position(
        entry_order=named[0],
        past_exits=(named[1], named[2]),
        exit_order=named[3],
        past_stops=(named[4], named[5]),
        venue_stop=named[6],
    )
    assert position.orders == tuple(named)
    assert a_position(S.ARMED).orders == ()
    assert [order.kind for order in a_protected_position().orders] == ["ENTRY", "VENUE_STOP"]


@pytest.mark.parametrize("status", OrderStatus)
def test_a_stop_works_until_the_venue_is_done_with_it(status: OrderStatus) -> None:
    """In doubt it may still be executed, so that no other may be placed beside it."""
    stop = a_venue_stop(status=status)
    position = a_position(venue_stop=stop)
    assert position.working_stop == (None if status.is_terminal else stop)
    assert a_position().working_stop is None


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("which", ["entry_order", "exit_order", "venue_stop"])
def test_unresolved_is_an_order_that_may_still_act(which: str, status: OrderStatus) -> None:
    orders: dict[str, Any] = {
        "entry_order": None,
        "exit_order": None,
        "venue_stop": None,
        which: an_order(status=status),
    }
    assert a_position(**orders).is_unresolved is not status.is_terminal


@pytest.mark.parametrize("which", ["past_exits", "past_stops"])
def test_an_order_of_before_can_be_unresolved_too(which: str) -> None:
    working: dict[str, Any] = {which: (an_order(status=OrderStatus.IN_DOUBT),)}
    assert a_position(**working).is_unresolved
    assert a_position(S.ERROR, open_qty=Quantity(0), **working).owns_pair


def test_without_orders_nothing_is_unresolved() -> None:
    assert not a_position(S.ARMED).is_unresolved


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("side", Side)
def test_whatever_is_open_has_a_stop(status: PositionStatus, side: Side) -> None:
    position = a_position(status, side)
    assert position.has_stop is bool(position.open_qty)


def test_a_stop_without_quantity_protects_nothing() -> None:
    assert not a_position(open_qty=Quantity(0)).has_stop
    assert not a_position(stop=None).has_stop


def test_rest_of_the_entry_may_still_come() -> None:
    part = an_order().with_fill(a_fill(quantity=Quantity(20)))
    assert a_position(entry_order=part).entry_leaves == Quantity(30)
    assert a_position(entry_order=part.with_status("expired")).entry_leaves == Quantity(0)
    assert a_position(S.ARMED).entry_leaves == Quantity(0)


def test_average_entry_price_is_that_of_the_fills() -> None:
    fill = a_fill(price=Price("100.25"))
    assert a_position(entry_order=an_order().with_fill(fill)).average_entry_price == Price("100.25")
    assert a_position(S.ENTERING).average_entry_price is None
    assert a_position(S.ARMED).average_entry_price is None


def test_entry_price_of_a_guard_is_the_one_it_was_seen_with() -> None:
    seen = a_guard(entry_qty=Quantity(3), entry_cost=Notional(100))
    assert seen.average_entry_price == Price("33.33333333333333333333")
    assert a_guard().average_entry_price == Price(100)
    assert a_guard(entry_qty=Quantity(0)).average_entry_price is None


def test_an_armed_position_is_a_blank_one() -> None:
    position = a_position(S.ARMED)
    assert (position.signal, position.stop, position.best, position.doubt) == (None,) * 4
    assert (position.exits, position.mark, position.denial_code) == (0, 0, "")
    assert not position.open_qty
    assert (position.borrows, position.venue_position_ref, position.venue_stop) == (False, "", None)
    assert (position.stops, position.repays, position.breached_at) == (0, 0, 0)


def test_words_of_the_log_never_change() -> None:
    """Golden: they stand in logs already written."""
    assert [status.value for status in S] == [
        *("Armed", "Entering", "Active", "Exiting", "Closed", "Error"),
    ]
    assert [reason.value for reason in CloseReason] == [
        *("trailing_stop", "crossed_in_gap", "close", "panic", "end_of_data", "disarmed"),
        *("expired", "denied", "not_entered", "late_fill", "closed_outside", "acknowledged"),
        *("disaster_stop", "safety_stop", "released"),
    ]
    assert [kind.value for kind in IntentKind] == ["ENTRY", "EXIT", "VENUE_STOP"]
    assert [kind.value for kind in PositionKind] == ["core", "guard"]


def test_detector_and_doubt_start_empty() -> None:
    assert DetectorSpec(name="test").params == ()
    doubt = Doubt(since=2, ts_signed=1)
    assert (doubt.not_found_at, doubt.snapshots, doubt.snapshot_at) == (0, 0, 0)
