"""What the person asks for, and the answers to it."""

from __future__ import annotations

import pytest

from robson_domain import (
    ClosePosition,
    CloseReason,
    IntentKind,
    PositionId,
    PositionStatus,
    Quantity,
    ReportStatus,
    Symbol,
)
from robson_domain.commands import Reply
from robson_domain.testing import a_position
from robson_engine import Step
from robson_engine.commands import ARMED_MAX
from tests.engine.world import ENTRY_ID, EXIT_ID, FIRST, World, id_of, kinds

S = PositionStatus


def reply(outcome: Step) -> Reply:
    """Return the one answer a command gets, which comes last."""
    answers = [command for command in outcome.commands if isinstance(command, Reply)]
    assert len(answers) == 1
    assert outcome.commands[-1] is answers[0]
    return answers[0]


def test_arming_twice_is_arming_once() -> None:
    world = World()
    assert reply(world.arm()) == Reply(command_id="arm-position-1", positions=(FIRST,))
    again = world.arm(symbol=Symbol("ETHUSDT"))
    assert again.events == ()
    assert reply(again).positions == (FIRST,)
    assert world.position().symbol == "BTCUSDT"


@pytest.mark.parametrize("verb", ["disarm", "close", "acknowledge"])
def test_a_stranger_is_not_found(verb: str) -> None:
    answer = reply(getattr(World(), verb)(PositionId("nobody")))
    assert (answer.code, answer.message) == ("NOT_FOUND", "there is no position nobody")
    assert answer.positions == ()


def test_refusals_say_what_to_do_instead() -> None:
    world = World().entering()
    answer = reply(world.disarm())
    assert answer.code == "ALREADY_ENTERING"
    assert answer.message == "position position-1 is Entering; use close instead"
    closed = World().closed()
    assert reply(closed.disarm()).message == (
        "position position-1 has ended already (trailing_stop)"
    )
    assert reply(closed.close()).message == "position position-1 is closed already"
    assert reply(closed.acknowledge()).message == "position position-1 is Closed, not in Error"


def test_disarming_while_the_snapshot_is_on_its_way() -> None:
    world = World()
    world.arm()
    world.signal()
    assert kinds(world.disarm().events) == ["PositionDisarmed"]
    assert world.account().events == ()


def test_the_end_of_the_data_is_a_reason_too() -> None:
    world = World().active()
    end = ClosePosition(
        command_id="x", position_id=FIRST, ts_received=world.now, reason=CloseReason.END_OF_DATA
    )
    world.feed(end)
    world.filled(99, 50, order=EXIT_ID)
    assert world.position().close_reason is CloseReason.END_OF_DATA


def test_panic_ends_everything_by_the_shortest_way() -> None:
    keys = [PositionId(status.value) for status in S]
    world = World(start=tuple(a_position(s, position_id=k) for s, k in zip(S, keys, strict=True)))
    outcome = world.panic()
    told = {(event.position_id, event.event_type) for event in outcome.events}
    assert told == {
        ("Armed", "PositionDisarmed"),
        ("Entering", "PositionCloseRequested"),
        ("Active", "ExitTriggered"),
        ("Active", "ExitOrderPlaced"),
        ("Error", "ExitTriggered"),
        ("Error", "ExitOrderPlaced"),
    }
    assert set(reply(outcome).positions) == set(keys) - {"Closed"}


def _in_error() -> World:
    world = World().closed()
    world.filled(100, 10, order=ENTRY_ID)
    assert world.position().status is S.ERROR
    return world


def test_an_error_is_closed_by_its_person_then_acknowledged() -> None:
    world = _in_error()
    assert reply(world.acknowledge()).code == "STILL_OPEN"
    assert kinds(world.close().events) == ["ExitTriggered", "ExitOrderPlaced"]
    assert reply(world.acknowledge()).code == "STILL_OPEN"
    world.report(ReportStatus.FILLED, world.fill(100, 10), order=id_of(IntentKind.EXIT, 2))
    outcome = world.acknowledge()
    assert kinds(outcome.events) == ["PositionClosed"]
    assert reply(outcome) == Reply(command_id="a", positions=(FIRST,))
    assert reply(world.acknowledge()).code == "NOT_IN_ERROR"


def test_dust_does_not_keep_an_error_open() -> None:
    world = World().closed()
    world.filled(100, "0.05", order=ENTRY_ID)
    assert world.position().open_qty == Quantity("0.05")
    assert reply(world.acknowledge()).code == ""
    assert str(world.position().dust) == "0.05"


def test_an_error_with_a_working_order_is_not_over() -> None:
    """Nothing is open, but something may still be bought or sold."""
    working = a_position(S.EXITING).exit_order
    flat = a_position(S.ERROR, open_qty=Quantity(0), exit_order=working)
    assert reply(World(start=(flat,)).acknowledge()).code == "STILL_OPEN"


def test_an_error_without_any_price_is_flat() -> None:
    position = a_position(
        S.ERROR, stop=None, entry_order=None, open_qty=Quantity(1), entry_qty=Quantity(0)
    )
    world = World(start=(position,))
    assert reply(world.acknowledge()).code == ""


def test_only_so_many_wait_at_once() -> None:
    """Each is shown every price."""
    world = World(folds=False)
    for number in range(ARMED_MAX):
        world.arm(PositionId(f"p{number}"))
    (reply,) = world.arm(PositionId("one more")).commands
    assert isinstance(reply, Reply)
    assert reply.code == "TOO_MANY_ARMED"
    world.disarm(PositionId("p7"))
    world.arm(PositionId("one more"))
    assert world.position(PositionId("one more")).status is PositionStatus.ARMED


def test_the_id_of_a_position_long_forgotten_is_not_armed_again() -> None:
    world = World()
    world.state.spent_positions.add(PositionId("old"))
    outcome = world.arm(PositionId("old"))
    assert outcome.events == ()
    assert [c.positions for c in outcome.commands if isinstance(c, Reply)] == [(PositionId("old"),)]
