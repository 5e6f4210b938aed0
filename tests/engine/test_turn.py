"""One step in the making: numbering, folding, summaries first, explanations once."""

from __future__ import annotations

import pytest

from robson_domain import (
    ExitTriggered,
    IllegalTransition,
    InvariantError,
    PositionClosed,
    PositionId,
    PositionStatus,
    TimePassed,
    TradeId,
    TrailingStopUpdated,
)
from robson_domain.commands import Reply
from robson_domain.identity import event_id
from robson_domain.position import CloseReason
from robson_domain.testing.builders import EPOCH, SYMBOL
from robson_engine import NOTHING, EngineState, Step
from robson_engine.turn import Turn
from tests.engine.world import CAPITAL, CONFIG, FIRST, World, kinds, state_text


def a_turn(world: World) -> Turn:
    return Turn(world.state, TimePassed(ts_received=world.now))


def triggered(turn: Turn) -> None:
    turn.emit(ExitTriggered, FIRST, reason=CloseReason.CLOSE, price=None, stop=None)


def test_nothing_decided_is_nothing() -> None:
    assert a_turn(World()).step() is NOTHING


def test_a_command_alone_changes_nothing() -> None:
    turn = a_turn(World())
    turn.command(Reply(command_id="x"))
    assert turn.step() == Step(commands=(Reply(command_id="x"),))


def test_events_are_numbered_and_named_and_say_their_cause() -> None:
    world = World().active()
    world.mark = 41
    world.price(100)
    turn = a_turn(world)
    triggered(turn)
    (event,) = turn.step().events
    assert event.sequence == len(world.events) + 1
    assert event.event_id == event_id(EPOCH, event.sequence)
    assert event.cause_id == f"time:{world.now}"
    assert (event.ts_event, event.ts_received, event.timestamp) == (world.now,) * 3
    assert event.mark == 42


def test_the_state_is_left_alone_until_it_is_applied() -> None:
    world = World().active()
    before = state_text(world.state)
    turn = a_turn(world)
    triggered(turn)
    outcome = turn.step()
    assert state_text(world.state) == before
    assert turn.get(FIRST).status is PositionStatus.EXITING
    world.state.apply(outcome.changed)
    assert world.position() == turn.get(FIRST)
    assert world.state.ledger == turn.ledger


def test_a_silent_rise_is_logged_before_any_other_event() -> None:
    world = World().active()
    world.price(103)
    turn = a_turn(world)
    triggered(turn)
    rise, exit_ = turn.step().events
    assert isinstance(rise, TrailingStopUpdated)
    assert (str(rise.best), str(rise.stop), str(rise.previous_stop)) == ("103", "101", "98")
    assert exit_.event_type == "ExitTriggered"


def test_the_same_rise_is_logged_once() -> None:
    world = World().active()
    world.price(103)
    turn = a_turn(world)
    turn.summarize(FIRST)
    turn.summarize(FIRST)
    assert kinds(turn.events) == ["TrailingStopUpdated"]


def test_a_lower_best_never_takes_a_stop_back() -> None:
    """Two fills in one step: the index does not know of the first when the second comes."""
    world = World().active()
    turn = a_turn(world)
    index = world.state.index_of(SYMBOL)
    turn.follow(FIRST, 10_300)
    turn.follow(FIRST, 10_200)
    assert index.best_ticks(FIRST, turn.get(FIRST).side) == 10_000
    assert kinds(turn.events) == ["TrailingStopUpdated"]
    assert str(turn.get(FIRST).stop) == "101"


def test_only_the_first_event_of_a_position_holds_the_input() -> None:
    world = World().active()
    world.price(103)
    turn = a_turn(world)
    triggered(turn)
    turn.emit(
        PositionClosed, FIRST, reason=CloseReason.CLOSE, realized_pnl=CAPITAL, dust=CAPITAL.value
    )
    inputs = [event.input for event in turn.events]
    assert inputs == [None, turn.entry, None]


def test_an_armed_position_has_no_price_in_it() -> None:
    world = World()
    world.mark = 7
    world.arm(PositionId("other"))
    world.price(100)
    world.arm()
    assert world.events[-1].mark == 0
    world.signal()
    assert world.events[-1].mark == 8


def test_an_illegal_decision_is_an_error_and_decides_nothing() -> None:
    world = World()
    world.arm()
    turn = a_turn(world)
    with pytest.raises(IllegalTransition):
        triggered(turn)


def test_the_unknown_cannot_be_told_of() -> None:
    turn = Turn(EngineState.opening(CONFIG, CAPITAL), TimePassed(ts_received=1))
    assert turn.find(FIRST) is None
    with pytest.raises(KeyError):
        turn.get(FIRST)
    with pytest.raises(InvariantError, match="is unknown"):
        turn._fold(ExitTriggered, FIRST, {"reason": CloseReason.CLOSE, "price": None, "stop": None})


def test_current_is_what_this_step_made_of_the_live_ones() -> None:
    world = World()
    world.active()
    world.arm(PositionId("b"))
    turn = a_turn(world)
    triggered(turn)
    assert [(p.position_id, p.status.value) for p in turn.current()] == [
        (FIRST, "Exiting"), ("b", "Armed"),
    ]  # fmt: skip
    assert TradeId("v1") in (turn.get(FIRST).entry_order or pytest.fail("no entry")).trade_ids
