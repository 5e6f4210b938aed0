"""The disaster stop: where it rests, when it moves, and that nothing is sent beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_domain import (
    CancelOrder,
    CancelRequested,
    ClientOrderId,
    CloseReason,
    ExitOrderPlaced,
    ExitTriggered,
    IntentKind,
    IntentStatus,
    OrderInDoubt,
    OrderRejected,
    OrderStatus,
    PlaceExitOrder,
    PlaceVenueStop,
    PositionStatus,
    Price,
    QueryAccount,
    ReportStatus,
    Side,
    TrailingStopUpdated,
    VenueStopPlaced,
)
from robson_domain.testing import a_protected_position, a_venue_stop
from robson_engine.evolve_venue import STOPS_KEPT
from robson_engine.trigger_index import FAR
from robson_engine.venue_stop_rules import Change, change_of, due_of, level_of
from tests.engine.world import EXIT_ID, World, id_of, kinds

R = ReportStatus
S = PositionStatus
STOP_ID = id_of(IntentKind.VENUE_STOP)
LIMITS: dict[str, Any] = {"disaster_stop": Decimal("0.01")}


def guarded(side: Side = Side.LONG) -> World:
    """An active position whose stop rests at the venue: 98 with 97.02, or 102 with 103.02."""
    world = World()
    world.limits(**LIMITS)
    world.active(side=side)
    world.report(R.ACCEPTED, order=STOP_ID)
    return world


def stop_of(world: World) -> OrderStatus:
    stop = world.position().venue_stop
    assert stop is not None
    return stop.status


@pytest.mark.parametrize(("side", "level"), [(Side.LONG, "97.02"), (Side.SHORT, "103.02")])
def test_it_is_placed_with_the_first_fill_of_a_whole_entry(side: Side, level: str) -> None:
    world = World()
    world.limits(**LIMITS)
    world.active(side=side)
    (placed,) = [c for c in world.commands if isinstance(c, PlaceVenueStop)]
    assert placed.intent.stop_price == Price(level)
    assert placed.intent.side is side.exit_side
    assert placed.intent.quantity == world.position().open_qty
    assert placed.intent.client_order_id == STOP_ID
    assert world.intents[placed.intent.intent_id].status is IntentStatus.RECORDED


def test_without_the_setting_none_is_placed() -> None:
    world = World().active()
    assert not any(isinstance(e, VenueStopPlaced) for e in world.events)
    assert due_of(world.position(), world.state.ledger.limits) == FAR


def test_a_part_of_the_entry_is_enough_and_the_rest_moves_it() -> None:
    world = World()
    world.limits(**LIMITS)
    world.entering()
    world.filled(100, 20)
    stop = world.position().venue_stop
    assert stop is not None
    assert str(stop.order_qty) == "20"
    world.report(R.ACCEPTED, order=STOP_ID)
    world.filled(100, 30)
    assert world.time(4_000).commands == (), "moved at most every five seconds"
    taken = world.time(1_000)
    assert kinds(taken.events) == ["CancelRequested"]
    assert [type(c) for c in taken.commands] == [CancelOrder]
    after = world.report(R.CANCELED, order=STOP_ID)
    assert kinds(after.events) == ["OrderResolved", "VenueStopPlaced"]
    again = world.position().venue_stop
    assert again is not None
    assert str(again.order_qty) == "50"
    assert again.client_order_id == id_of(IntentKind.VENUE_STOP, 2)


def test_too_little_for_the_venue_waits() -> None:
    world = World()
    world.limits(**LIMITS)
    world.entering()
    world.filled(100, "0.01")
    assert world.position().venue_stop is None
    world.filled(100, 10)
    assert world.position().venue_stop is not None


def test_it_follows_when_a_quarter_of_the_distance_behind() -> None:
    world = guarded().wait(6_000)
    world.price("100.4")
    world.time(300)
    assert stop_of(world) is OrderStatus.ACCEPTED
    world.price("100.6")
    outcome = world.time(100)
    assert kinds(outcome.events)[-1] == "CancelRequested"
    world.report(R.CANCELED, order=STOP_ID)
    stop = world.position().venue_stop
    assert stop is not None
    assert stop.stop_price == Price("97.62"), "98.6 less one percent, towards the market"


def test_a_price_only_logs_the_stop_and_time_moves_the_one_at_the_venue() -> None:
    world = guarded().wait(6_000)
    assert kinds(world.price("103").events) == ["TrailingStopUpdated"]
    assert world.state.next_due() is not None
    world.price("105")
    assert kinds(world.time(200).events) == ["TrailingStopUpdated", "CancelRequested"]


@pytest.mark.parametrize(("side", "at"), [(Side.LONG, "98"), (Side.SHORT, "102")])
def test_an_exit_waits_until_it_is_taken_back(side: Side, at: str) -> None:
    world = guarded(side)
    hit = world.price(at)
    assert kinds(hit.events) == ["ExitTriggered", "CancelRequested"]
    assert [type(c) for c in hit.commands] == [CancelOrder]
    assert world.time(100).commands == ()
    after = world.report(R.CANCELED, order=STOP_ID)
    assert kinds(after.events) == ["OrderResolved", "ExitOrderPlaced"]
    assert [type(c) for c in after.commands] == [PlaceExitOrder]


def test_a_cancel_nobody_answers_is_asked_again() -> None:
    world = guarded()
    world.price(98)
    assert world.time(400).commands == ()
    assert [type(c) for c in world.time(200).commands] == [CancelOrder, QueryAccount]
    assert world.report(R.ACCEPTED, order=STOP_ID).commands == ()
    assert world.time(400).commands == ()
    assert [type(c) for c in world.time(200).commands] == [CancelOrder, QueryAccount]
    assert world.state.next_due() is not None


def test_one_that_is_moved_and_not_answered_is_asked_again_too() -> None:
    world = guarded().wait(6_000)
    world.price(103)
    world.time(300)
    assert stop_of(world) is OrderStatus.PENDING_CANCEL
    assert world.time(1_000).commands == ()
    assert [type(c) for c in world.time(1_100).commands] == [CancelOrder]


def test_executed_in_part_while_it_is_taken_back() -> None:
    world = guarded()
    world.price(98)
    world.report(R.CANCELED, world.fill("97.9", 20), order=STOP_ID)
    leaving = world.position().exit_order
    assert leaving is not None
    assert str(leaving.order_qty) == "30"


def test_executed_whole_it_is_an_exit_like_any_other() -> None:
    world = guarded()
    outcome = world.report(R.FILLED, world.fill(97, 50), order=STOP_ID)
    assert kinds(outcome.events) == ["ExitTriggered", "ExitFilled", "PositionClosed"]
    position = world.position()
    assert position.close_reason is CloseReason.DISASTER_STOP
    assert str(position.realized_pnl) == "-150"
    assert not any(isinstance(c, PlaceExitOrder) for c in world.commands)


def test_its_exit_names_the_stop_as_it_had_risen() -> None:
    world = guarded()
    world.price(101)
    outcome = world.report(R.FILLED, world.fill(97, 50), order=STOP_ID)
    raised, triggered, *_ = outcome.events
    assert isinstance(raised, TrailingStopUpdated)
    assert isinstance(triggered, ExitTriggered)
    assert triggered.stop == raised.stop == Price(99)


def test_executed_in_part_the_rest_goes_to_the_market() -> None:
    world = guarded()
    outcome = world.filled(97, 20, order=STOP_ID)
    assert kinds(outcome.events) == ["ExitTriggered", "ExitFilled", "CancelRequested"]
    world.report(R.CANCELED, order=STOP_ID)
    leaving = world.position().exit_order
    assert leaving is not None
    assert str(leaving.order_qty) == "30"
    world.filled(97, 30, order=EXIT_ID)
    assert world.position().is_closed


def test_an_exit_that_is_refused_puts_it_back_first() -> None:
    world = guarded()
    world.price(98)
    world.report(R.CANCELED, order=STOP_ID)
    refused = world.report(R.REJECTED, order=EXIT_ID, code="-2010", message="no")
    assert kinds(refused.events) == ["OrderRejected", "VenueStopPlaced"]
    second = id_of(IntentKind.VENUE_STOP, 2)
    world.report(R.ACCEPTED, order=second)
    retry = world.time(300)
    assert kinds(retry.events) == ["CancelRequested"]
    after = world.report(R.CANCELED, order=second)
    assert kinds(after.events) == ["OrderResolved", "ExitOrderPlaced"]


def test_refused_it_is_tried_again_with_growing_pauses() -> None:
    world = World()
    world.limits(**LIMITS)
    world.active()
    for attempt, pause in ((1, 250), (2, 500), (3, 1_000)):
        order = id_of(IntentKind.VENUE_STOP, attempt)
        (said,) = world.report(R.REJECTED, order=order, code="-1013").events
        assert isinstance(said, OrderRejected)
        assert said.attempt == attempt
        assert world.time(pause - 10).events == ()
        assert kinds(world.time(20).events) == ["VenueStopPlaced"]
    world.report(R.ACCEPTED, order=id_of(IntentKind.VENUE_STOP, 4))
    assert world.position().stop_rejections == 0
    assert world.position().exit_rejections == 0


def test_refused_because_the_price_is_there_leaves_at_market() -> None:
    world = World()
    world.limits(**LIMITS)
    world.active()
    outcome = world.report(R.REJECTED, order=STOP_ID, code="TRIGGERED")
    assert kinds(outcome.events) == ["OrderRejected", "ExitTriggered", "ExitOrderPlaced"]
    assert world.position().exit_reason is CloseReason.DISASTER_STOP


def test_taken_back_before_it_arrived_it_is_asked_for() -> None:
    """The cancel overtook the send: unknown there, then it rests after all."""
    world = World()
    world.limits(**LIMITS)
    world.active()
    world.price(98)
    doubted = world.report(R.NOT_FOUND, order=STOP_ID)
    assert isinstance(doubted.events[0], OrderInDoubt)
    again = world.report(R.ACCEPTED, order=STOP_ID)
    assert isinstance(again.events[-1], CancelRequested)


def test_a_late_execution_of_one_taken_back_calls_the_exit_back() -> None:
    world = guarded()
    world.price(98)
    world.report(R.CANCELED, order=STOP_ID)
    late = world.filled(97, 50, order=STOP_ID)
    assert kinds(late.events) == ["ExitFilled"]
    assert late.commands[0] == CancelOrder(
        symbol=world.position().symbol, client_order_id=ClientOrderId(EXIT_ID)
    )


def test_a_late_execution_after_the_end_needs_a_person() -> None:
    world = guarded()
    world.close()
    world.report(R.CANCELED, order=STOP_ID)
    world.filled(98, 50, order=EXIT_ID)
    assert world.position().is_closed
    world.filled(97, 50, order=STOP_ID)
    assert world.position().status is S.ERROR


def test_an_old_one_is_remembered_when_it_was_executed_and_else_for_a_while() -> None:
    world = guarded()
    for n in range(2, STOPS_KEPT + 5):
        world.wait(6_000)
        world.price(100 + n)
        world.time(300)
        last = world.position().venue_stop
        assert last is not None
        world.report(R.CANCELED, order=last.client_order_id)
        now = world.position().venue_stop
        assert now is not None
        world.report(R.ACCEPTED, order=now.client_order_id)
    assert len(world.position().past_stops) == STOPS_KEPT


def test_after_a_restart_it_is_in_doubt_and_known_again() -> None:
    world = guarded().restored()
    world.report(R.NO_REPLY, order=STOP_ID, code="RESTARTED")
    world.report(R.ACCEPTED, order=STOP_ID)
    assert stop_of(world) is OrderStatus.ACCEPTED
    assert world.position().doubt is None


def test_what_the_rules_say_of_a_position() -> None:
    limits = World().state.ledger.limits
    with_one = attrs.evolve(limits, disaster_stop=Decimal("0.01"))
    resting = a_protected_position()
    assert change_of(resting, with_one) is None
    assert change_of(resting, limits) is Change.TAKE_BACK, "switched off: it does not stay"
    asked = attrs.evolve(resting, venue_stop=a_venue_stop(status=OrderStatus.PENDING_CANCEL))
    assert change_of(asked, with_one) is Change.ASK_AGAIN
    sent = attrs.evolve(resting, venue_stop=a_venue_stop(status=OrderStatus.SUBMITTED))
    assert change_of(sent, with_one) is None
    unknown = attrs.evolve(resting, stop_distance=None)
    assert change_of(unknown, with_one) is None
    far = attrs.evolve(limits, disaster_stop=Decimal(1))
    assert level_of(resting, far) is None, "there is no price below zero"
    entering = attrs.evolve(resting, status=S.ENTERING, venue_stop=None)
    assert change_of(entering, with_one) is None
    leaving = attrs.evolve(resting, exit_reason=CloseReason.CLOSE)
    assert due_of(leaving, with_one) == FAR


def test_in_error_it_is_tended_as_well() -> None:
    world = guarded()
    world.close()
    world.report(R.CANCELED, order=STOP_ID)
    world.filled(98, 50, order=EXIT_ID)
    world.filled(100, 50, order=id_of(IntentKind.ENTRY))
    position = world.position()
    assert position.status is S.ERROR
    assert position.working_stop is not None
    assert any(isinstance(e, ExitTriggered) for e in world.events)
    assert any(isinstance(e, ExitOrderPlaced) for e in world.events)
