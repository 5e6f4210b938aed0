"""Guards of what the person opened: never more than theirs, never without a fresh answer."""

from __future__ import annotations

from typing import Any

import pytest

from robson_domain import (
    CloseReason,
    GuardFollowed,
    GuardHandedOver,
    GuardOpened,
    GuardReleased,
    PairRule,
    PlaceExitOrder,
    Position,
    PositionId,
    PositionKind,
    PositionStatus,
    Price,
    PriceDelta,
    PriceOrigin,
    Quantity,
    QueryExternal,
    Reply,
    ReportStatus,
    SafetyNetMode,
    Side,
)
from robson_domain.identity import SAFETY_PREFIX
from robson_domain.testing.builders import SYMBOL
from robson_engine.exposure import exposure_of
from tests.engine.world import World, kinds, state_text

R = ReportStatus
S = PositionStatus
WAITING = ["doubt", "core_unresolved", "core_closed_lately", "surplus_unsteady"]
ACT, OBSERVE = SafetyNetMode.ACT, SafetyNetMode.OBSERVE


def watched(side: Side = Side.LONG, *, mode: SafetyNetMode = ACT) -> World:
    """50 of the person's at 100, guarded: stop 98, or 102."""
    world = World()
    world.safety(mode)
    world.external(side=side)
    return world


def guard_of(world: World) -> Position:
    (guard,) = [p for p in world.state.positions.values() if p.armed_at and not p.signal]
    return guard


def asked(side: Side = Side.LONG) -> World:
    """A guard whose stop was reached and that has asked what is the person's."""
    world = watched(side)
    world.price("98" if side is Side.LONG else "102")
    return world


def answer(world: World, **facts: Any) -> list[str]:
    """The fresh look the guard asked for; what that led to."""
    key = guard_of(world).position_id
    facts = {"side": guard_of(world).side, "price": Price(98)} | facts
    return kinds(world.external(guard=key, **facts).events)


@pytest.mark.parametrize(("side", "stop"), [(Side.LONG, "98"), (Side.SHORT, "102")])
def test_what_the_person_holds_is_guarded_two_percent_away(side: Side, stop: str) -> None:
    world = watched(side)
    guard = guard_of(world)
    assert (guard.kind, guard.status) == (PositionKind.GUARD, S.ACTIVE)
    assert (guard.stop, guard.open_qty) == (Price(stop), Quantity(50))
    assert guard.position_id == PositionId("guard-btcusdt-2")
    assert str(guard.average_entry_price) == "100"
    assert not guard.owns_pair
    assert world.state.symbols() == (SYMBOL,), "its prices are wanted"
    assert world.external(side=side).events == (), "nothing new"


@pytest.mark.parametrize(
    ("side", "entry", "stop"), [(Side.LONG, "95000", "93100"), (Side.SHORT, "2000", "2040")]
)
def test_the_stops_of_the_design(side: Side, entry: str, stop: str) -> None:
    world = World()
    world.external(side=side, entry_price=Price(entry), price=Price(entry))
    assert guard_of(world).stop == Price(stop)


def test_beyond_its_stop_when_first_seen_it_counts_from_the_price() -> None:
    world = World()
    world.external(price=Price(97))
    guard = guard_of(world)
    assert guard.is_estimated
    assert guard.stop == Price("95.06")


def test_its_stop_never_follows_the_price() -> None:
    world = watched()
    world.price(150)
    world.time(1_000)
    assert guard_of(world).stop == Price(98)
    assert not any(e.event_type == "TrailingStopUpdated" for e in world.events)
    assert kinds(world.price("98").events) == ["ExitTriggered"]


@pytest.mark.parametrize("side", list(Side))
def test_reached_it_asks_before_it_sends(side: Side) -> None:
    world = asked(side)
    (question,) = world.commands[-1:]
    assert isinstance(question, QueryExternal)
    assert guard_of(world).exit_reason is CloseReason.SAFETY_STOP
    assert answer(world) == ["ExitOrderPlaced"]
    (sent,) = [c for c in world.commands if isinstance(c, PlaceExitOrder)]
    assert sent.intent.client_order_id.startswith(SAFETY_PREFIX)
    assert sent.intent.quantity == Quantity(50)
    assert sent.intent.side is side.exit_side
    order = sent.intent.client_order_id
    price = "98" if side is Side.LONG else "102"
    world.report(R.FILLED, world.fill(price, 50), order=order)
    assert guard_of(world).status is S.CLOSED
    assert guard_of(world).close_reason is CloseReason.SAFETY_STOP
    assert str(guard_of(world).realized_pnl) == "-100"
    assert str(world.state.ledger.realized_total) == "0", "not Robson's to count"


def test_in_observe_it_says_so_once_and_sends_nothing() -> None:
    world = watched(mode=OBSERVE)
    assert kinds(world.price(98).events) == ["GuardBreached"]
    assert world.price(90).events == ()
    assert world.external(price=Price(90)).events == ()
    assert not any(isinstance(c, PlaceExitOrder | QueryExternal) for c in world.commands)


def test_confirmed_later_it_begins_anew_from_the_price() -> None:
    world = watched(mode=OBSERVE)
    world.price(98)
    world.safety(ACT)
    (followed,) = world.external(price=Price(90)).events
    assert isinstance(followed, GuardFollowed)
    assert (followed.stop, followed.is_estimated) == (Price("88.2"), True)
    assert kinds(world.price("88.2").events) == ["ExitTriggered"]


def test_back_filled_prices_count_too() -> None:
    world = watched()
    world.price(100)
    again = world.restored()
    again.now += 1_000_000_000
    assert kinds(again.price(97, origin=PriceOrigin.GAP).events) == ["ExitTriggered"]
    late = world.restored()
    late.state.index_of(SYMBOL).mark_max = 10_000
    late.now += 1_000_000_000
    assert kinds(late.price(99, origin=PriceOrigin.GAP).events) == []
    assert kinds(late.price(97, origin=PriceOrigin.GAP).events) == ["ExitTriggered"]


def test_it_follows_the_person() -> None:
    world = watched()
    assert kinds(world.external(quantity=Quantity(30)).events) == ["GuardFollowed"]
    assert guard_of(world).open_qty == Quantity(30)
    world.external(quantity=Quantity(90), entry_price=Price(110), price=Price(112))
    assert guard_of(world).stop == Price("107.8"), "a better average moves the stop with it"
    world.external(quantity=Quantity(90), entry_price=Price(100), price=Price(112))
    assert guard_of(world).stop == Price("107.8"), "and never back"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"side": None, "quantity": Quantity(0)}, "gone"),
        ({"quantity": Quantity(0)}, "gone"),
        ({"side": None, "quantity": Quantity(0), "own_stop": True}, "own_stop"),
        ({"excluded": "core_managed"}, "core_managed"),
        ({"excluded": "ignored"}, "ignored"),
    ],
)
def test_it_ends_without_an_order(facts: dict[str, Any], why: str) -> None:
    world = watched()
    (released,) = world.external(**facts).events
    assert isinstance(released, GuardReleased)
    assert released.why == why
    assert guard_of(world).close_reason is CloseReason.RELEASED
    assert world.price(50).events == ()
    assert world.external(**(facts | {"ts_received": world.now})).events == ()


@pytest.mark.parametrize("excluded", WAITING)
def test_in_doubt_nothing_is_done(excluded: str) -> None:
    world = watched()
    assert world.external(excluded=excluded, side=None).events == ()
    assert guard_of(world).status is S.ACTIVE
    fresh = World()
    assert fresh.external(excluded=excluded).events == ()


def test_turned_over_it_begins_anew() -> None:
    world = watched()
    outcome = world.external(side=Side.SHORT)
    assert kinds(outcome.events) == ["GuardReleased", "GuardOpened"]
    opened = outcome.events[1]
    assert isinstance(opened, GuardOpened)
    assert opened.stop == Price(102)


@pytest.mark.parametrize("excluded", WAITING)
def test_asked_and_in_doubt_it_waits(excluded: str) -> None:
    world = asked()
    assert answer(world, excluded=excluded) == []
    assert guard_of(world).status is S.EXITING
    assert answer(world) == ["ExitOrderPlaced"]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"excluded": "core_managed"}, "core_managed"),
        ({"excluded": "ignored"}, "ignored"),
        ({"side": None}, "gone"),
        ({"side": Side.SHORT}, "gone"),
        ({"side": None, "own_stop": True}, "own_stop"),
        ({"quantity": Quantity("0.01")}, "gone"),
    ],
)
def test_asked_and_not_the_persons_any_more(facts: dict[str, Any], why: str) -> None:
    world = asked()
    assert answer(world, **facts) == ["GuardReleased"]
    (released,) = [e for e in world.events if isinstance(e, GuardReleased)]
    assert released.why == why
    assert not any(isinstance(c, PlaceExitOrder) for c in world.commands)


def test_never_more_than_a_fresh_look_shows_nor_than_it_guarded() -> None:
    world = asked()
    assert answer(world, quantity=Quantity(20)) == ["GuardFollowed", "ExitOrderPlaced"]
    leaving = guard_of(world).exit_order
    assert leaving is not None
    assert leaving.order_qty == Quantity(20)
    more = asked()
    assert answer(more, quantity=Quantity(80)) == ["ExitOrderPlaced"]
    leaving = guard_of(more).exit_order
    assert leaving is not None
    assert leaving.order_qty == Quantity(50)


def test_told_to_observe_while_it_asks_it_sends_nothing() -> None:
    world = asked()
    world.safety(OBSERVE)
    assert answer(world) == ["GuardReleased"]
    assert kinds(world.external(price=Price(97)).events) == ["GuardOpened"]


def test_answers_that_nobody_waits_for_send_nothing() -> None:
    world = asked()
    answer(world)
    assert answer(world) == [], "one exit at a time"
    resting = watched()
    assert answer(resting) == [], "its stop was not reached"
    assert World().external(guard=PositionId("guard-x")).events == ()


def test_a_look_while_it_leaves_changes_nothing() -> None:
    world = asked()
    assert world.external(side=None).events == ()
    assert world.external(quantity=Quantity(10)).events == ()


def test_refused_it_asks_again_after_a_pause() -> None:
    world = asked()
    answer(world)
    leaving = guard_of(world).exit_order
    assert leaving is not None
    world.report(R.REJECTED, order=leaving.client_order_id, code="-2010")
    assert answer(world) == [], "not before the pause is over"
    assert [type(c) for c in world.time(300).commands] == [QueryExternal]
    assert answer(world) == ["ExitOrderPlaced"]


def test_a_rest_is_asked_for_again() -> None:
    world = asked()
    answer(world)
    leaving = guard_of(world).exit_order
    assert leaving is not None
    outcome = world.report(R.EXPIRED, world.fill(98, 20), order=leaving.client_order_id)
    assert [type(c) for c in outcome.commands] == [QueryExternal]
    assert answer(world, quantity=Quantity(30)) == ["ExitOrderPlaced"]


def test_after_a_restart_it_asks_again() -> None:
    world = asked().restored()
    assert world.state.next_due() == 0
    assert [type(c) for c in world.time(100).commands] == [QueryExternal]


def test_cores_entry_ends_it_in_the_same_step() -> None:
    world = watched()
    world.entering()
    names = kinds(world.events)
    assert names[-2:] == ["GuardReleased", "EntryOrderPlaced"]


def test_a_guard_about_to_send_keeps_core_out() -> None:
    world = asked()
    world.entering()
    assert world.events[-1].event_type == "EntryDenied"
    assert getattr(world.events[-1], "code") == "PAIR_NOT_FLAT"  # noqa: B009


def test_panic_and_limits_pass_it_by() -> None:
    world = watched()
    (reply,) = world.panic().commands
    assert isinstance(reply, Reply)
    assert reply.positions == ()
    key = guard_of(world).position_id
    for said in (world.close(key), world.disarm(key)):
        (reply,) = said.commands
        assert isinstance(reply, Reply)
        assert reply.code == "IS_GUARD"
    total = exposure_of(world.state.ledger, world.state.live.values())
    assert (total.open_positions, str(total.notional)) == (0, "0")


def test_ignoring_a_pair_ends_its_guard_and_watching_forgets_the_rule() -> None:
    world = watched()
    assert kinds(world.rule(PairRule.IGNORE).events) == ["PairRuleSet", "GuardReleased"]
    assert world.state.ledger.rule_of(SYMBOL) is PairRule.IGNORE
    assert world.rule(PairRule.IGNORE).events == ()
    assert kinds(world.rule(PairRule.ADOPT).events) == ["PairRuleSet"]
    world.rule(PairRule.WATCH)
    assert world.state.ledger.rules == ()
    leaving = asked()
    assert kinds(leaving.rule(PairRule.IGNORE).events) == ["PairRuleSet"], "it asks for itself"


def test_the_mode_is_logged_when_it_changes() -> None:
    world = World()
    assert world.safety(OBSERVE).events == ()
    assert kinds(world.safety(ACT).events) == ["SafetyNetSet"]
    assert world.state.ledger.safety_net is ACT


@pytest.mark.parametrize(
    ("side", "distance", "best"),
    [
        (Side.LONG, None, "100"),
        (Side.SHORT, None, "100"),
        (Side.LONG, PriceDelta(1), "99"),
        (Side.SHORT, PriceDelta(1), "101"),
    ],
)
def test_handed_over_it_is_cores_and_trails(
    side: Side, distance: PriceDelta | None, best: str
) -> None:
    world = watched(side)
    (event,) = world.hand_over(distance).events
    assert isinstance(event, GuardHandedOver)
    assert event.best == Price(best)
    position = guard_of(world)
    assert position.kind is PositionKind.CORE
    assert position.owns_pair
    before = position.stop
    world.wait(1_000).price("103" if side is Side.LONG else "97")
    after = guard_of(world).stop
    assert before is not None
    assert after is not None
    assert (after > before) if side is Side.LONG else (after < before)
    outcome = world.price(str(after))
    assert kinds(outcome.events) == ["ExitTriggered", "ExitOrderPlaced"]
    total = exposure_of(world.state.ledger, world.state.live.values())
    assert total.open_positions == 1
    assert str(total.notional) == "5000"


def test_there_must_be_something_to_hand_over() -> None:
    for world in (World(), asked()):
        (reply,) = world.hand_over().commands
        assert isinstance(reply, Reply)
        assert reply.code == "NO_GUARD"


def test_its_price_in_the_past_is_not_asked_for_while_nothing_is_known() -> None:
    world = watched()
    assert world.state.earliest_mark(SYMBOL) is None
    world.price(100)
    assert world.state.earliest_mark(SYMBOL) == 1


def test_the_same_inputs_give_the_same_guards() -> None:
    one, two = asked(), asked()
    answer(one)
    answer(two)
    assert state_text(one.state) == state_text(two.state)
    assert one.log() == two.log()
