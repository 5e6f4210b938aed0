"""A history cut off anywhere goes on from its log as if it had never been cut off."""

from __future__ import annotations

from typing import Any, Final

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import Event, Input, Position, PriceOrigin, TradeTick
from robson_domain.testing import a_position
from robson_domain.testing.builders import SYMBOL, T0
from robson_engine import step
from tests.engine.crowds import crowd_world, crowds, markets
from tests.engine.histories import Actor, History, histories
from tests.engine.venue_script import LATE
from tests.engine.world import FIRST, World

TIMES_AND_WORDS: Final[dict[str, Any]] = {
    "exit_reason": None,
    "close_reason": None,
    "mark": 0,
    "sequence": 0,
    "summarized_at": 0,
}
"""What may differ: the reason names the gap, and summaries may come at other inputs."""


def economics(position: Position) -> Position:
    """Return what was bought, sold, paid and lost, and where the stop was."""
    orders = (position.entry_order, position.exit_order, *position.past_exits)
    assert all(order is None or order.ts_created for order in orders)
    return attrs.evolve(position, **TIMES_AND_WORDS)


def _from_gap(entry: Input) -> Input:
    if isinstance(entry, TradeTick) and entry.origin is PriceOrigin.LIVE:
        return entry._replace(origin=PriceOrigin.GAP)
    return entry


def _cuts(world: World) -> list[int]:
    """Return after which inputs something of the position became durable.

    An event of the account alone tells nothing of how far a stop has silently followed.
    """
    grown = [n for n, count in enumerate(world.counts) if count > (world.counts[n - 1] if n else 0)]
    return [n for n in grown if world.events[world.counts[n] - 1].position_id]


@settings(max_examples=30)
@given(histories(30, LATE))
def test_as_if_never_stopped(history: History) -> None:
    """Every later input again, trades as back-filled ones."""
    world = Actor(history, World(folds=False)).run().world
    world.close()  # logs how far the stop followed, as every stopped run does
    wanted = economics(world.position())
    for cut in _cuts(world):
        again = world.restored(world.counts[cut])
        mark = again.state.earliest_mark(SYMBOL)
        for entry in world.inputs[cut + 1 :]:
            is_past = isinstance(entry, TradeTick) and 0 < entry.trade_id <= (mark or 0)
            assert not is_past, "what is durable is not asked for again"
            again.feed(_from_gap(entry))
        assert economics(again.position()) == wanted


def test_a_stop_crossed_while_down_names_the_gap() -> None:
    world = World().active()
    world.price(101)
    world.time(300)
    again = world.restored()
    assert again.state.earliest_mark(SYMBOL) == 1
    again.price(100, origin=PriceOrigin.GAP)
    again.price(104, origin=PriceOrigin.GAP)
    outcome = again.price(102, origin=PriceOrigin.GAP)
    assert [event.event_type for event in outcome.events] == [
        "TrailingStopUpdated", "ExitTriggered", "ExitOrderPlaced",
    ]  # fmt: skip
    assert again.position().exit_reason == "crossed_in_gap"
    assert str(again.position().stop) == "102"


def test_a_raise_that_was_not_durable_comes_back_with_the_back_fill() -> None:
    world = World().active()
    world.price(101)
    assert str(world.position().stop) == "98"
    again = world.restored()
    assert again.state.earliest_mark(SYMBOL) == 0
    again.price(101, origin=PriceOrigin.GAP, trade_id=1)
    assert [e.event_type for e in again.price(99, trade_id=2).events] == [
        "TrailingStopUpdated", "ExitTriggered", "ExitOrderPlaced",
    ]  # fmt: skip


def test_an_asked_for_price_may_exit_before_the_back_fill() -> None:
    again = World().active().restored()
    assert again.price(110, origin=PriceOrigin.REST).events == ()
    assert again.position().stop == World().active().position().stop
    assert again.price(98, origin=PriceOrigin.REST).events != ()


def test_back_fill_after_a_lost_link_starts_where_this_process_was() -> None:
    """Not at what is durable: a lower price from before a raise would look like a hit."""
    world = World().active()
    world.price(99)
    world.price(104)
    world.price(103)
    assert world.state.earliest_mark(SYMBOL) == 3
    assert world.price(99, origin=PriceOrigin.GAP, trade_id=1).events == ()
    assert world.position().exit_reason is None


def _explained(world: World) -> list[Event]:
    return [event for event in world.events if event.input is not None]


def _again(world: World, event: Event) -> tuple[Event, ...]:
    """Run the decision behind an event again, as ``why`` does."""
    before = world.restored(event.sequence - 1).state
    entry = event.input
    assert entry is not None
    if not (isinstance(entry, TradeTick) and entry.trade_id):
        # The one thing a log does not hold: trades that concerned nobody since the last event.
        before.index_of(SYMBOL).mark = event.mark
    return step(before, entry).events


def _assert_explained(world: World) -> None:
    for event in _explained(world):
        # Only what happened to this position: how far the stops of others had silently risen may
        # be logged later in the same step.
        mine = [each for each in _again(world, event) if each.position_id == event.position_id]
        assert mine[0] == event
        assert mine == world.events[event.sequence - 1 :][: len(mine)]


@settings(max_examples=40)
@given(histories(40, LATE))
def test_why_finds_the_same_decision(history: History) -> None:
    world = Actor(history, World(folds=False)).run().world
    _assert_explained(world)


@settings(max_examples=60)
@given(crowds(same_mark=False), markets(30), st.sampled_from(PriceOrigin))
def test_why_finds_the_same_decision_for_crowds(
    crowd: tuple[Position, ...], market: list[Input], origin: PriceOrigin
) -> None:
    world = crowd_world(crowd, folds=False)
    for entry in market:
        world.feed(entry._replace(origin=origin) if isinstance(entry, TradeTick) else entry)
    _assert_explained(world)


def test_why_explains_an_exit_at_a_back_filled_trade() -> None:
    """The silent rise is logged in the step of the exit; it must not seem to hold its trade."""
    world = World(start=(a_position(mark=4, summarized_at=T0),))
    world.price(103, origin=PriceOrigin.GAP, trade_id=5)
    world.price(101, origin=PriceOrigin.GAP, trade_id=6)
    assert [(event.event_type, event.mark) for event in world.events] == [
        ("TrailingStopUpdated", 5), ("ExitTriggered", 6), ("ExitOrderPlaced", 6),
    ]  # fmt: skip
    _assert_explained(world)


def test_every_event_but_arming_and_summaries_can_be_explained() -> None:
    """Or follows in the same step from one that can."""
    world = World().closed()
    causes: dict[Any, str] = {}
    for event in world.events:
        if event.event_type not in ("PositionArmed", "TrailingStopUpdated"):
            first = causes.setdefault((event.position_id, event.cause_id), event.event_type)
            assert (event.input is None) == (first != event.event_type)
    assert world.events[0].input is None
    assert world.position(FIRST).is_closed
