"""What a position says of itself: protection follows quantity, ownership follows both."""

from __future__ import annotations

from typing import Any

import pytest

from robson_domain import (
    CloseReason,
    DetectorSpec,
    Doubt,
    IntentKind,
    OrderStatus,
    PositionStatus,
    Price,
    Quantity,
    Side,
)
from robson_domain.testing import a_fill, a_position, an_order

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
    ],
)
def test_error_owns_a_pair_while_something_may_still_happen(
    fields: dict[str, Any], owns: bool
) -> None:
    assert a_position(S.ERROR, **fields).owns_pair is owns


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("which", ["entry_order", "exit_order"])
def test_unresolved_is_an_order_that_may_still_act(which: str, status: OrderStatus) -> None:
    orders: dict[str, Any] = {
        "entry_order": None,
        "exit_order": None,
        which: an_order(status=status),
    }
    assert a_position(**orders).is_unresolved is not status.is_terminal


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


def test_an_armed_position_is_a_blank_one() -> None:
    position = a_position(S.ARMED)
    assert (position.signal, position.stop, position.best, position.doubt) == (None,) * 4
    assert (position.exits, position.mark, position.denial_code) == (0, 0, "")
    assert not position.open_qty


def test_words_of_the_log_never_change() -> None:
    """Golden: they stand in logs already written."""
    assert [status.value for status in S] == [
        *("Armed", "Entering", "Active", "Exiting", "Closed", "Error"),
    ]
    assert [reason.value for reason in CloseReason] == [
        *("trailing_stop", "crossed_in_gap", "close", "panic", "end_of_data", "disarmed"),
        *("expired", "denied", "not_entered", "late_fill", "closed_outside", "acknowledged"),
    ]
    assert [kind.value for kind in IntentKind] == ["ENTRY", "EXIT"]


def test_detector_and_doubt_start_empty() -> None:
    assert DetectorSpec(name="test").params == ()
    doubt = Doubt(since=2, ts_signed=1)
    assert (doubt.not_found_at, doubt.snapshots, doubt.snapshot_at) == (0, 0, 0)
