"""From a signal to an entry or a denial."""

from __future__ import annotations

from typing import Any

import pytest

from robson_domain import (
    EntryOrderPlaced,
    IntentKind,
    IntentStatus,
    Money,
    OrderSide,
    PlaceEntryOrder,
    PositionId,
    PositionStatus,
    Price,
    PriceDelta,
    Quantity,
    QueryAccount,
    Side,
    SignalId,
    Symbol,
)
from robson_domain.denials import DenialCode
from robson_domain.testing.builders import SYMBOL
from robson_engine import NOTHING
from tests.engine.world import ENTRY_ID, FIRST, World, kinds

S = PositionStatus


def test_a_signal_asks_for_a_fresh_snapshot() -> None:
    world = World()
    world.arm()
    outcome = world.signal()
    assert kinds(outcome.events) == ["EntrySignalReceived"]
    assert outcome.commands == (QueryAccount(symbol=SYMBOL, position_id=FIRST),)
    assert world.position().status is S.ARMED
    assert world.position().signal_at == world.now


def test_a_snapshot_from_before_the_signal_decides_nothing() -> None:
    world = World()
    world.arm()
    assert world.account() is NOTHING
    world.signal()
    assert world.account().events != ()


def test_a_repeated_signal_changes_nothing() -> None:
    world = World()
    world.arm()
    world.signal()
    assert world.signal() is NOTHING
    world.account()
    assert world.signal() is NOTHING
    assert World().signal() is NOTHING
    closed = World().closed()
    assert closed.signal() is NOTHING


@pytest.mark.parametrize(
    "facts", [{"symbol": Symbol("ETHUSDT")}, {"side": Side.SHORT}], ids=["pair", "side"]
)
def test_a_signal_for_something_else_is_a_mismatch(facts: dict[str, object]) -> None:
    world = World()
    world.arm()
    outcome = world.signal(**facts)  # type: ignore[arg-type]
    assert kinds(outcome.events) == ["EntrySignalReceived", "EntryDenied"]
    assert outcome.commands == ()
    assert world.position().denial_code == DenialCode.SIGNAL_MISMATCH
    assert "the signal is for" in world.log()


def test_a_signal_is_used_once() -> None:
    world = World().entering()
    world.arm(PositionId("b"), symbol=Symbol("ETHUSDT"))
    world.signal(PositionId("b"), signal_id=SignalId("position-1-signal"))
    assert world.position(PositionId("b")).denial_code == DenialCode.SIGNAL_ALREADY_USED
    assert "position position-1 has used it" in world.log()


def test_the_order_of_the_codes_of_a_signal() -> None:
    """Too far, for another pair and used before: first the distance, then the pair."""
    world = World().entering()
    wrong: dict[str, Any] = {
        "signal_id": SignalId("position-1-signal"),
        "symbol": Symbol("ETHUSDT"),
    }
    codes = []
    for name, distance, facts in (("b", "20", wrong), ("c", "2", wrong)):
        world.arm(PositionId(name))
        world.signal(PositionId(name), distance=PriceDelta(distance), **facts)
        codes.append(world.position(PositionId(name)).denial_code)
    assert codes == ["DISTANCE_OUT_OF_RANGE", "SIGNAL_MISMATCH"]


def test_a_denied_position_keeps_its_signal_and_is_over() -> None:
    world = World()
    world.arm()
    world.signal(distance=PriceDelta(20))
    position = world.position()
    assert (position.status, position.close_reason) == (S.CLOSED, "denied")
    assert position.signal is not None


@pytest.mark.parametrize(
    ("side", "way"), [(Side.LONG, OrderSide.BUY), (Side.SHORT, OrderSide.SELL)]
)
def test_an_entry_is_one_intent_named_by_its_signal(side: Side, way: OrderSide) -> None:
    world = World()
    world.arm(side=side)
    world.signal()
    world.wait(30)
    outcome = world.account()
    (event,), (command,) = outcome.events, outcome.commands
    assert isinstance(event, EntryOrderPlaced)
    assert isinstance(command, PlaceEntryOrder)
    intent = command.intent
    assert event.intent == intent
    assert (intent.intent_id, intent.client_order_id) == ("position-1-signal", ENTRY_ID)
    assert (intent.kind, intent.n, intent.status) == (IntentKind.ENTRY, 1, IntentStatus.RECORDED)
    assert (intent.side, intent.quantity, intent.ts_created) == (way, Quantity(50), world.now)
    assert intent.reason == "signal position-1-signal"
    assert event.risk_amount == Money(100)
    assert event.checks == tuple(code.value for code in DenialCode)


def test_the_entry_remembers_what_it_was_sized_with() -> None:
    world = World().entering(taker_fee_rate=PriceDelta("0.001").value, commission_in_base=True)
    position = world.position()
    assert str(position.fee_rate) == "0.001"
    assert position.commission_in_base
    assert position.stop_distance == PriceDelta(2)


def test_a_snapshot_too_late_denies_with_the_price_that_moved() -> None:
    world = World()
    world.arm()
    world.signal()
    world.account(Price("101"))
    assert world.position().denial_code == DenialCode.PRICE_MOVED


def test_a_distance_beyond_exact_money_is_denied_and_nothing_breaks() -> None:
    """It reached the arithmetic once, where a number of that many digits cannot exist."""
    for digits, code in ((19, ""), (20, DenialCode.DISTANCE_OUT_OF_RANGE.value), (38, "")):
        world = World()
        world.arm()
        world.signal(distance=PriceDelta("2." + "0" * digits + "1"))
        if world.position().status is S.ARMED:
            world.account()
        expected = code or (DenialCode.DISTANCE_OUT_OF_RANGE.value if digits > 20 else "")
        assert world.position().denial_code == expected


def test_a_signal_of_a_position_long_forgotten_is_not_used_again() -> None:
    world = World()
    world.state.spent_signals.add(SignalId(f"{FIRST}-signal"))
    world.arm()
    world.signal(signal_id=SignalId(f"{FIRST}-signal"))
    assert world.position().denial_code == DenialCode.SIGNAL_ALREADY_USED.value


@pytest.mark.parametrize("ahead", [2_001, 600_000])
def test_a_signal_from_ahead_of_the_clock_is_stale_too(ahead: int) -> None:
    """The process before had a clock that was ahead."""
    world = World()
    world.arm()
    world.signal()
    world.wait(-ahead)
    world.account()
    assert world.position().denial_code == DenialCode.STALE_SIGNAL.value
