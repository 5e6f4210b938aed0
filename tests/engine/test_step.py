"""The one door: dispatch, prices of every origin, time, links."""

from __future__ import annotations

from typing import Any

import pytest

from robson_domain import (
    CloseReason,
    PositionId,
    PositionStatus,
    Price,
    PriceOrigin,
    Quantity,
    ReportStatus,
    Side,
    Symbol,
)
from robson_domain.testing import a_position, every_input
from robson_domain.testing.builders import SYMBOL
from robson_engine import NOTHING, EngineState, step
from tests.engine.world import CAPITAL, CONFIG, EXIT_ID, FIRST, World, kinds, state_text

S = PositionStatus
ETHER = Symbol("ETHUSDT")


EFFECTIVE = {
    "ArmPosition",
    "ExternalSeen",
    "ForeignOrderSeen",
    "PairDoubted",
    "SetPairRule",
    "SetRiskLimits",
    "SetSafetyNet",
}


@pytest.mark.parametrize("entry", every_input(), ids=lambda entry: type(entry).__name__)
def test_every_input_is_understood(entry: object) -> None:
    """In an empty state none does harm; only what begins something or sets it has an effect."""
    state = EngineState.opening(CONFIG, CAPITAL)
    outcome = step(state, entry)  # type: ignore[arg-type]
    assert len(outcome.events) == (type(entry).__name__ in EFFECTIVE)
    assert state_text(state) == state_text(EngineState.opening(CONFIG, CAPITAL))


def test_a_price_of_an_unknown_pair_is_remembered_by_its_id() -> None:
    """A position armed later knows from where on it would have to be told."""
    world = World()
    assert world.price(100, trade_id=77) is NOTHING
    assert world.state.index_of(SYMBOL).mark == 77


def test_prices_of_other_pairs_concern_nobody() -> None:
    world = World().active()
    assert world.price(1, symbol=ETHER) is NOTHING
    assert world.price(1, symbol=ETHER, origin=PriceOrigin.GAP) is NOTHING
    assert world.price(1).events != ()


@pytest.mark.parametrize(
    ("origin", "reason"),
    [
        (PriceOrigin.LIVE, CloseReason.TRAILING_STOP),
        (PriceOrigin.REST, CloseReason.TRAILING_STOP),
        (PriceOrigin.GAP, CloseReason.CROSSED_IN_GAP),
    ],
)
def test_every_origin_may_exit(origin: PriceOrigin, reason: CloseReason) -> None:
    world = World().active()
    world.price(98, origin=origin)
    assert world.position().exit_reason is reason


def test_a_gap_price_without_id_is_tested_against_everybody() -> None:
    """A market without trade ids cannot be back-filled, but its first price counts."""
    world = World().active()
    assert world.price(98, origin=PriceOrigin.GAP, trade_id=0).events != ()


def test_a_back_filled_price_is_not_for_those_who_have_it() -> None:
    world = World(
        start=(
            a_position(position_id=PositionId("new"), mark=10),
            a_position(position_id=PositionId("old"), mark=4),
            a_position(S.EXITING, position_id=PositionId("leaving"), mark=1),
            a_position(S.ARMED, position_id=PositionId("armed")),
            a_position(position_id=PositionId("ether"), symbol=ETHER, mark=4),
        )
    )
    assert world.state.earliest_mark(SYMBOL) == 4
    assert world.price(90, origin=PriceOrigin.GAP, trade_id=4) is NOTHING
    outcome = world.price(98, origin=PriceOrigin.GAP, trade_id=5)
    assert [(event.position_id, event.event_type) for event in outcome.events] == [
        ("old", "ExitTriggered"), ("old", "ExitOrderPlaced"),
    ]  # fmt: skip
    assert kinds(world.price(98, origin=PriceOrigin.GAP, trade_id=11).events)[0] == "ExitTriggered"


def test_a_back_filled_price_raises_only_those_who_lack_it() -> None:
    new, old = PositionId("new"), PositionId("old")
    world = World(start=(a_position(position_id=new, mark=9), a_position(position_id=old, mark=4)))
    world.wait(1000)
    assert world.price(99, origin=PriceOrigin.GAP, trade_id=5) == NOTHING
    world.price(103, origin=PriceOrigin.GAP, trade_id=6)
    assert (world.position(old).stop, world.position(new).stop) == (Price(101), Price(98))
    assert (world.position(old).mark, world.position(new).mark) == (6, 9)


def test_a_back_filled_price_from_before_the_entry_is_no_price_of_the_position() -> None:
    """The entry was found filled after a gap: what was traded before it says nothing of it."""
    world = World().active()
    opened = world.position().opened_at
    assert opened > 0
    before: dict[str, Any] = {"origin": PriceOrigin.GAP, "ts_event": opened - 1}
    assert world.price(90, trade_id=1, **before) == NOTHING
    assert world.price(110, trade_id=2, **before) == NOTHING
    assert world.position().stop == Price(98)
    assert world.state.index_of(SYMBOL).best_ticks(world.position().position_id, Side.LONG) == 10000
    hit = world.price(98, trade_id=3, origin=PriceOrigin.GAP, ts_event=opened)
    assert kinds(hit.events)[0] == "ExitTriggered"


def test_what_is_due_while_back_filling_does_not_run_ahead() -> None:
    """The mark of a summary is the trade back-filled last, not the newest one ever seen."""
    new, old = PositionId("new"), PositionId("old")
    world = World(start=(a_position(position_id=new, mark=9), a_position(position_id=old, mark=4)))
    world.price(103, origin=PriceOrigin.GAP, trade_id=5)
    world.time(300)
    assert world.position(old).mark == 5
    assert world.price(100, origin=PriceOrigin.GAP, trade_id=6).events != (), "hit at 101"


@pytest.mark.parametrize("side", Side)
def test_hits_of_one_price_come_in_order_of_arming(side: Side) -> None:
    """And so do summaries: the log is the same after a restart, whatever the index went through."""
    keys = [PositionId(name) for name in ("c", "a", "b")]
    world = World(start=tuple(a_position(S.ACTIVE, side, position_id=key) for key in keys))
    world.state.apply((world.position(keys[0]),))
    index = world.state.index_of(SYMBOL)
    index.remove(keys[0], side)
    world.state.apply((world.position(keys[0]),))
    world.wait(1000)
    better = 101 if side is Side.LONG else 99
    assert [event.position_id for event in world.price(better).events] == keys
    worse = 99 if side is Side.LONG else 101
    hits = [e.position_id for e in world.price(worse).events if e.event_type == "ExitTriggered"]
    assert hits == keys


def test_time_does_everything_that_is_due() -> None:
    world = World().active()
    world.price(101)
    world.arm(PositionId("b"), symbol=ETHER, expires_at=world.now + 1)
    world.arm(PositionId("c"), symbol=ETHER)
    world.signal(PositionId("c"))
    assert kinds(world.time(2001).events) == [
        "TrailingStopUpdated", "PositionDisarmed", "EntryDenied",
    ]  # fmt: skip
    assert world.position(PositionId("c")).denial_code == "STALE_SIGNAL"


def test_time_leaves_alone_what_is_not_due() -> None:
    world = World().exiting()
    world.arm(PositionId("b"), symbol=ETHER)
    assert world.time(10**6) is NOTHING


def test_a_lost_link_denies_what_waits_for_its_price() -> None:
    world = World()
    for name, pair in (("a", SYMBOL), ("b", ETHER)):
        world.arm(PositionId(name), symbol=pair)
        world.signal(PositionId(name))
    world.arm(PositionId("quiet"))
    assert world.link(up=True) is NOTHING
    assert [event.position_id for event in world.link(up=False).events] == ["a"]
    assert world.position(PositionId("a")).denial_code == "STALE_SIGNAL"
    assert "no account snapshot and market price" in world.log()


def test_a_snapshot_concerns_its_pair_alone() -> None:
    world = World()
    for name, pair in (("a", SYMBOL), ("b", ETHER), ("c", SYMBOL)):
        world.arm(PositionId(name), symbol=pair)
    world.signal(PositionId("a"))
    world.signal(PositionId("b"))
    outcome = world.account()
    assert [(e.position_id, e.event_type) for e in outcome.events] == [("a", "EntryOrderPlaced")]


def test_a_snapshot_for_what_is_not_in_doubt_changes_nothing() -> None:
    for world in (World().active(), World().exiting()):
        assert world.account(net_qty=Quantity(0).value) is NOTHING


def test_two_waiting_entries_on_one_pair_cannot_both_enter() -> None:
    world = World()
    for name in ("a", "b"):
        world.arm(PositionId(name))
        world.signal(PositionId(name))
    assert [(e.position_id, e.event_type) for e in world.account().events] == [
        ("a", "EntryOrderPlaced"), ("b", "EntryDenied"),
    ]  # fmt: skip
    assert world.position(PositionId("b")).denial_code == "PAIR_NOT_FLAT"


def test_the_sixth_position_is_denied() -> None:
    world = World()
    codes = []
    for name in ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF"):
        key, pair = PositionId(name), Symbol(f"{name}USDT")
        world.arm(key, symbol=pair)
        world.signal(key)
        world.account(symbol=pair)
        codes.append(world.position(key).denial_code)
    assert codes == ["", "", "", "", "", "MAX_OPEN_POSITIONS"]


def test_a_report_goes_to_the_position_of_its_order() -> None:
    world = World().exiting()
    assert world.report(ReportStatus.FILLED, order=EXIT_ID).commands != ()
    assert world.position(FIRST).status is S.EXITING
