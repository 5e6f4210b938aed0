"""A disaster stop nobody confirmed: when its exit waits, and when it is dead."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson_domain import (
    IntentStatus,
    OrderStatus,
    PlaceExitOrder,
    QueryAccount,
    QueryOrder,
    Side,
)
from tests.engine.test_venue_stops import LIMITS, STOP_ID, R, guarded, stop_of
from tests.engine.world import EXIT_ID, World, kinds


def test_in_doubt_it_holds_the_exit_until_it_is_known() -> None:
    world = World()
    world.limits(**LIMITS)
    world.active()
    doubted = world.report(R.NO_REPLY, order=STOP_ID)
    assert kinds(doubted.events) == ["OrderInDoubt"]
    assert [type(c) for c in doubted.commands] == [QueryOrder]
    hit = world.price(98)
    assert kinds(hit.events) == ["ExitTriggered"]
    assert [type(c) for c in hit.commands] == [QueryAccount]
    known = world.report(R.ACCEPTED, order=STOP_ID)
    assert kinds(known.events) == ["OrderResolved", "CancelRequested"]


def doubted(side: Side = Side.LONG) -> World:
    """A position whose stop nobody confirmed, and whose trailing stop is hit."""
    world = World()
    world.limits(**LIMITS)
    world.active(side=side)
    world.report(R.NO_REPLY, order=STOP_ID, ts_signed=world.now)
    world.price(98 if side is Side.LONG else 102)
    return world


def test_an_exit_does_not_wait_where_the_venue_cannot_sell_twice() -> None:
    world = doubted()
    placed = world.account(net_qty=Decimal(50), reserves=True)
    assert kinds(placed.events) == ["ExitOrderPlaced"]
    assert [type(c) for c in placed.commands] == [PlaceExitOrder]
    assert world.account(net_qty=Decimal(50), reserves=True).events == (), "one exit at a time"
    world.filled(98, 50, order=EXIT_ID)
    assert not world.position().is_closed, "the stop's fate is still unknown"
    world.wait(5_000).report(R.NOT_FOUND, order=STOP_ID)
    for _ in range(2):
        world.wait(2_500)
        world.account(net_qty=Decimal(0))
    assert world.position().is_closed


@pytest.mark.parametrize(
    ("side", "net", "reserves"),
    [
        (Side.LONG, "50", False),
        (Side.LONG, "100", True),
        (Side.LONG, "49", True),
        (Side.SHORT, "-50", True),
    ],
    ids=["the venue reserves nothing", "enough for both", "too little for one", "a purchase"],
)
def test_it_waits_where_both_could_be_executed_or_neither(
    side: Side, net: str, reserves: bool
) -> None:
    world = doubted(side)
    assert world.account(net_qty=Decimal(net), reserves=reserves).commands == ()


def test_refused_beside_the_stop_it_is_tried_again_after_its_pause() -> None:
    world = doubted()
    world.account(net_qty=Decimal(50), reserves=True)
    refused = world.report(R.REJECTED, order=EXIT_ID, code="-2010", message="no balance")
    assert kinds(refused.events) == ["OrderRejected"], "no second stop is placed"
    assert world.account(net_qty=Decimal(50), reserves=True).events == ()
    world.wait(300)
    again = world.account(net_qty=Decimal(50), reserves=True)
    assert kinds(again.events) == ["ExitOrderPlaced"]


def test_a_position_that_does_not_leave_sends_nothing_on_a_snapshot() -> None:
    assert guarded().account(net_qty=Decimal(50), reserves=True).commands == ()


def test_with_both_in_doubt_the_evidence_is_the_exits_and_then_the_stops() -> None:
    world = doubted()
    world.account(net_qty=Decimal(50), reserves=True)
    signed = world.now
    world.report(R.NO_REPLY, order=EXIT_ID, ts_signed=signed)
    position = world.position()
    assert position.order_in_doubt == position.exit_order
    assert position.doubt is not None
    assert position.doubt.ts_signed == signed
    assert world.report(R.NOT_FOUND, order=STOP_ID).events == ()
    assert world.report(R.NO_REPLY, order=STOP_ID).events == ()
    world.filled(98, 50, order=EXIT_ID)
    assert world.position().doubt is None
    began = world.report(R.NOT_FOUND, order=STOP_ID)
    assert kinds(began.events) == ["OrderInDoubt"]
    assert world.position().order_in_doubt == world.position().venue_stop


def test_a_stop_in_doubt_beside_an_exit_in_doubt_keeps_the_exits_evidence() -> None:
    world = guarded()
    world.price(98)
    world.time(600)
    world.account(net_qty=Decimal(50), reserves=True)
    world.report(R.NO_REPLY, order=EXIT_ID, ts_signed=world.now)
    doubt = world.position().doubt
    world.report(R.NOT_FOUND, order=STOP_ID)
    assert stop_of(world) is OrderStatus.IN_DOUBT
    assert world.position().doubt == doubt
    world.report(R.CANCELED, order=STOP_ID)
    assert world.position().doubt == doubt


def dead_stop(world: World, **account: Any) -> list[str]:
    """Gather the evidence that a stop nobody confirmed never came to the venue."""
    world.report(R.NO_REPLY, order=STOP_ID, ts_signed=world.now)
    world.wait(5_000).report(R.NOT_FOUND, order=STOP_ID)
    for _ in range(2):
        world.wait(2_500)
        world.account(net_qty=Decimal(50), **account)
    return kinds(world.events)


def test_a_stop_that_never_arrived_is_dead_after_the_usual_proof() -> None:
    world = World()
    world.limits(**LIMITS)
    world.active()
    world.price(98)
    assert dead_stop(world)[-2:] == ["OrderResolved", "ExitOrderPlaced"]
    intent = world.book.find(STOP_ID)
    assert intent is not None
    assert intent.status is IntentStatus.DEAD


def test_other_orders_on_the_pair_may_be_it_for_a_while() -> None:
    world = World()
    world.limits(**LIMITS)
    world.active()
    world.price(98)
    assert dead_stop(world, open_orders=1)[-1] == "OrderInDoubt"
    world.wait(31_000).report(R.NOT_FOUND, order=STOP_ID)
    for _ in range(2):
        world.wait(2_500)
        world.account(net_qty=Decimal(50), open_orders=1)
    assert kinds(world.events)[-1] == "ExitOrderPlaced"
