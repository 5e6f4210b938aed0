"""The account against the log: what somebody else closed, and other Robsons."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson_domain import (
    BeyondFlatSeen,
    CancelOrder,
    ClientOrderId,
    CloseReason,
    ForeignOrderSeen,
    IntentKind,
    PlaceExitOrder,
    PlaceVenueStop,
    PositionReduced,
    PositionStatus,
    Price,
    Quantity,
    Reply,
    ReportStatus,
    Side,
)
from robson_domain.testing import a_core_seen
from robson_domain.testing.builders import SYMBOL
from robson_engine import Step
from tests.engine.world import ENTRY_ID, EXIT_ID, FIRST, World, id_of, kinds

R = ReportStatus
S = PositionStatus
STOP_ID = id_of(IntentKind.VENUE_STOP)


def test_what_agrees_changes_nothing() -> None:
    world = World().active()
    assert world.core_seen(held=50).events == ()
    assert world.core_seen(held=70).events == (), "more is the person's"
    assert world.core_seen(held="49.999999").events == (), "less than a step"


def test_what_the_person_sold_makes_it_smaller_at_their_price() -> None:
    world = World().active()
    outcome = world.core_seen(held=30, price=Price(99))
    (reduced,) = outcome.events
    assert isinstance(reduced, PositionReduced)
    assert (reduced.quantity, reduced.is_explained) == (Quantity(20), True)
    assert world.position().status is S.ACTIVE
    world.price(98)
    leaving = world.position().exit_order
    assert leaving is not None
    assert leaving.order_qty == Quantity(30)
    world.filled(98, 30, order=EXIT_ID)
    assert str(world.position().realized_pnl) == "-80", "20 at 99, 30 at 98"


def test_what_no_trade_explains_quarantines_the_pair() -> None:
    world = World().active()
    outcome = world.core_seen(held=30, price=None)
    assert kinds(outcome.events) == ["PositionReduced", "PairQuarantined"]
    assert world.position().open_qty == Quantity(30)
    assert dict(world.state.ledger.quarantined)[SYMBOL].startswith("the account holds 20 BTC less")
    world.core_seen(held=20, price=None)
    assert len(world.state.ledger.quarantined) == 1


@pytest.mark.parametrize("held", [0, -3, "0.00001"])
def test_closed_outside_it_ends(held: str | int) -> None:
    world = World().active()
    outcome = world.core_seen(held=held, price=Price(101))
    assert kinds(outcome.events) == ["PositionReduced", "ExitTriggered", "PositionClosed"]
    assert world.position().close_reason is CloseReason.CLOSED_OUTSIDE


def test_closed_outside_its_stop_at_the_venue_is_taken_back_first() -> None:
    world = World()
    world.limits(disaster_stop=Decimal("0.01"))
    world.active()
    world.report(R.ACCEPTED, order=STOP_ID)
    outcome = world.core_seen(held=0, price=Price(101))
    assert kinds(outcome.events) == ["PositionReduced", "ExitTriggered", "CancelRequested"]
    assert [type(c) for c in outcome.commands] == [CancelOrder]
    world.report(R.CANCELED, order=STOP_ID)
    assert world.position().is_closed


def test_a_short_that_was_covered_by_hand() -> None:
    world = World().active(side=Side.SHORT)
    world.core_seen(held=0, price=Price(99))
    assert world.position().is_closed
    assert str(world.position().realized_pnl) == "50"


def test_while_an_order_works_nothing_is_compared() -> None:
    world = World().entering()
    world.filled(100, 20)
    assert world.core_seen(held=0).events == ()
    leaving = World().exiting()
    assert leaving.core_seen(held=0).events == ()


def test_leaving_with_less_than_thought_goes_on_with_what_there_is() -> None:
    world = World().exiting()
    world.report(R.REJECTED, order=EXIT_ID, code="-2010")
    world.core_seen(held=30, price=Price(99))
    world.time(300)
    leaving = world.position().exit_order
    assert leaving is not None
    assert leaving.order_qty == Quantity(30)
    world.report(R.REJECTED, order=leaving.client_order_id, code="-2010")
    ended = world.core_seen(held=0, price=Price(99))
    assert kinds(ended.events) == ["PositionReduced", "PositionClosed"]
    assert world.position().close_reason is CloseReason.TRAILING_STOP


def test_what_is_closed_or_unknown_is_not_compared() -> None:
    assert World().closed().core_seen(held=0).events == ()
    assert World().feed(a_core_seen()).events == ()


def test_interest_is_taken_up_once() -> None:
    world = World().active()
    assert kinds(world.core_seen(held=50, interest="0.5").events) == ["InterestAccrued"]
    assert world.core_seen(held=50, interest="0.5").events == ()
    assert world.core_seen(held=50, interest="0.4").events == ()
    assert world.position().interest == Decimal("0.5")


def test_a_quarantined_pair_gets_no_entry_until_it_is_cleared() -> None:
    world = World().active()
    world.core_seen(held=0, price=None)
    world.arm("position-2")  # type: ignore[arg-type]
    world.signal("position-2")  # type: ignore[arg-type]
    world.account()
    assert world.events[-1].event_type == "EntryDenied"
    assert getattr(world.events[-1], "code") == "PAIR_QUARANTINED"  # noqa: B009
    assert kinds(world.clear(SYMBOL).events) == ["WarningCleared"]
    world.arm("position-3")  # type: ignore[arg-type]
    world.signal("position-3")  # type: ignore[arg-type]
    world.account()
    assert world.events[-1].event_type == "EntryOrderPlaced"


def foreign(world: World, name: str = "robson_core_stranger") -> list[str]:
    """An order with our prefix is seen at the venue."""
    seen = ForeignOrderSeen(
        symbol=SYMBOL, client_order_id=ClientOrderId(name), ts_received=world.now
    )
    return kinds(world.feed(seen).events)


def test_another_robson_stops_every_entry_until_it_is_cleared() -> None:
    world = World()
    assert foreign(world) == ["AnotherRobsonSeen"]
    assert foreign(world, "robson_core_other") == [], "once is enough"
    world.entering()
    assert getattr(world.events[-1], "code") == "ANOTHER_ROBSON"  # noqa: B009
    world.clear(None)
    world.arm("position-2")  # type: ignore[arg-type]
    world.signal("position-2")  # type: ignore[arg-type]
    world.account()
    assert world.events[-1].event_type == "EntryOrderPlaced"


def test_our_own_order_is_no_stranger() -> None:
    world = World().entering()
    assert foreign(world, ENTRY_ID) == []


@pytest.mark.parametrize("symbol", [SYMBOL, None])
def test_nothing_to_clear_is_said(symbol: None) -> None:
    (reply,) = World().clear(symbol).commands
    assert isinstance(reply, Reply)
    assert reply.code == "NOTHING_TO_CLEAR"


def refused() -> World:
    """Four exits were refused; the next is due two seconds later."""
    world = World().exiting()
    for n, pause in ((1, 250), (2, 500), (3, 1_000), (4, 0)):
        world.report(R.REJECTED, order=id_of(IntentKind.EXIT, n), code="-2010")
        world.time(pause)
    return world


def test_once_it_is_known_why_exits_were_refused_the_next_does_not_wait() -> None:
    world = refused()
    assert world.position().retry_at > world.now
    outcome = world.core_seen(held=30, price=Price(99))
    assert kinds(outcome.events) == ["PositionReduced", "ExitOrderPlaced"]
    assert [type(command) for command in outcome.commands] == [PlaceExitOrder]
    leaving = world.position().exit_order
    assert leaving is not None
    assert leaving.order_qty == Quantity(30)
    assert world.time(3_000).events == (), "one at a time"
    assert world.core_seen(held=10, price=Price(99)).events == ()


def test_a_look_that_shows_nothing_new_hastens_nothing() -> None:
    world = refused()
    assert world.core_seen(held=50).events == ()


def test_a_stop_that_was_refused_for_it_is_placed_at_once() -> None:
    world = World()
    world.limits(disaster_stop=Decimal("0.01"))
    world.active()
    world.report(R.REJECTED, order=STOP_ID, code="-2010")
    assert world.position().stop_retry_at > world.now
    outcome = world.core_seen(held=30, price=Price(99))
    assert kinds(outcome.events) == ["PositionReduced", "VenueStopPlaced"]
    (command,) = outcome.commands
    assert isinstance(command, PlaceVenueStop)
    assert command.intent.quantity == Quantity(30)


def test_a_stop_that_rests_for_too_much_is_taken_back_when_it_is_due() -> None:
    world = World()
    world.limits(disaster_stop=Decimal("0.01"))
    world.active()
    world.report(R.ACCEPTED, order=STOP_ID)
    assert kinds(world.core_seen(held=30, price=Price(99)).events) == ["PositionReduced"]
    assert kinds(world.time(5_000).events) == ["CancelRequested"]


def beyond(world: World) -> Step:
    """An exit is seen to have gone beyond flat."""
    seen = BeyondFlatSeen(
        position_id=FIRST,
        symbol=SYMBOL,
        quantity=Quantity(20),
        evidence="by order web_1",
        ts_event=world.now,
        ts_received=world.now,
    )
    return world.feed(seen)


def test_an_exit_beyond_flat_needs_a_person_once() -> None:
    world = World().closed(side=Side.SHORT)
    assert kinds(beyond(world).events) == ["PositionErrored"]
    position = world.position()
    assert position.status is S.ERROR
    assert position.error.startswith("its exit went 20 BTC beyond flat")
    assert "web_1" in position.error
    assert not position.owns_pair
    assert beyond(world).events == ()
    pnl = world.state.ledger.realized_total
    world.acknowledge()
    assert world.position().is_closed
    assert world.state.ledger.realized_total == pnl
    assert beyond(world).events == (), "not after a restart either"


def test_an_exit_beyond_flat_waits_for_the_end() -> None:
    assert beyond(World()).events == ()
    assert beyond(World().exiting()).events == ()
