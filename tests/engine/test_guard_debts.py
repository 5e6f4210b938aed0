"""What is owed around the exit of a guard: repaid by the venue, paid back, or said."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson_domain import (
    CloseReason,
    DebtUnknown,
    GuardDebtSeen,
    PairDoubted,
    PositionStatus,
    Price,
    Quantity,
    QueryDebt,
    RepayDebt,
    ReportStatus,
    Side,
)
from robson_domain.testing import a_debt_report
from robson_domain.testing.builders import SYMBOL
from robson_engine.config import REPAYS_MAX
from tests.engine.test_guarding import answer, asked, guard_of
from tests.engine.world import World, kinds, state_text

S = PositionStatus
R = ReportStatus
PRICES = {Side.LONG: "98", Side.SHORT: "102"}
ASSETS = {Side.LONG: "USDT", Side.SHORT: "BTC"}
BROUGHT = {Side.LONG: 4_900, Side.SHORT: 50}
"""Of quote for the long, of base for the short."""


def says(world: World, amount: str | int, **facts: Any) -> list[str]:
    """The venue says what the pair owes; what that led to."""
    guard = guard_of(world)
    times = {"ts_event": world.now, "ts_received": world.now}
    plain = {"position_id": guard.position_id, "asset": ASSETS[guard.side], "interest": 0}
    return kinds(world.feed(a_debt_report(amount=amount, **(plain | times | facts))).events)


def fill(world: World, quantity: str | int = 50, status: ReportStatus = R.FILLED) -> list[str]:
    """The guard's exit is executed."""
    guard = guard_of(world)
    assert guard.exit_order is not None
    done = world.fill(PRICES[guard.side], quantity)
    return kinds(world.report(status, done, order=guard.exit_order.client_order_id).events)


def sold(side: Side, owed: str | int) -> World:
    """A guard of what the person borrowed for, closed; nobody has said yet what is owed now."""
    world = asked(side)
    assert says(world, owed) == ["GuardDebtSeen"]
    assert answer(world) == ["ExitOrderPlaced"]
    assert "PositionClosed" not in fill(world)
    return world


def quarantined(world: World) -> str:
    return dict(world.state.ledger.quarantined).get(SYMBOL, "")


@pytest.mark.parametrize("side", list(Side))
def test_it_ends_once_the_venue_has_repaid_what_was_owed(side: Side) -> None:
    world = sold(side, BROUGHT[side])
    question = world.commands[-1]
    assert isinstance(question, QueryDebt)
    assert (question.position_id, question.side) == (guard_of(world).position_id, side)
    assert guard_of(world).status is S.EXITING
    assert says(world, 0, free=0) == ["PositionClosed"]
    assert guard_of(world).close_reason is CloseReason.SAFETY_STOP
    assert guard_of(world).debt == 0
    assert quarantined(world) == ""


@pytest.mark.parametrize("side", list(Side))
def test_what_the_venue_did_not_repay_out_of_it_is_paid_back(side: Side) -> None:
    brought = BROUGHT[side]
    world = sold(side, brought)
    assert says(world, brought, free=brought) == ["RepayRequested"]
    paid = world.commands[-1]
    assert isinstance(paid, RepayDebt)
    assert (paid.asset, paid.amount) == (ASSETS[side], Decimal(brought))
    assert says(world.wait(1_000), brought, free=brought) == [], "one at a time"
    assert says(world.wait(5_000), 0, free=0) == ["PositionClosed"]
    assert quarantined(world) == ""


@pytest.mark.parametrize("side", list(Side))
def test_never_more_than_the_exit_brought_and_the_venue_failed_to_repay(side: Side) -> None:
    """The person owes twice as much, and has as much free beside."""
    brought = BROUGHT[side]
    world = sold(side, 2 * brought)
    assert says(world, 2 * brought, free=5 * brought) == ["RepayRequested"]
    paid = world.commands[-1]
    assert isinstance(paid, RepayDebt)
    assert paid.amount == brought
    assert says(world.wait(6_000), brought, free=4 * brought) == ["PositionClosed"]
    assert guard_of(world).debt == brought, "theirs, and said"
    done = sold(side, 2 * brought)
    assert says(done, brought, free=5 * brought) == ["PositionClosed"], "the venue did its part"


def test_what_is_not_there_any_more_is_not_paid_and_said() -> None:
    world = sold(Side.SHORT, 50)
    assert says(world, "50.01", free=0) == ["PositionClosed", "PairQuarantined"]
    assert guard_of(world).debt == Decimal("50.01")
    assert "did not repay 50 BTC out of it: 50.01 BTC is still owed" in quarantined(world)
    assert "repay it at the exchange (margin account of BTCUSDT, BTC)" in quarantined(world)


def test_after_so_many_repayments_it_ends_and_says_so() -> None:
    world = sold(Side.SHORT, 50)
    for _ in range(REPAYS_MAX):
        assert says(world.wait(6_000), 50, free=50) == ["RepayRequested"]
    assert says(world.wait(6_000), 50, free=50) == ["PositionClosed", "PairQuarantined"]


def test_change_is_left_as_it_is() -> None:
    world = sold(Side.SHORT, "50.0001")
    assert says(world, "0.0002", free=9) == ["PositionClosed"]
    assert guard_of(world).debt == Decimal("0.0002")


def test_nobody_knows_and_it_ends_all_the_same() -> None:
    world = sold(Side.LONG, 4_900)
    key = guard_of(world).position_id
    said = DebtUnknown(position_id=key, problem="12 questions", ts_received=world.now)
    assert kinds(world.feed(said).events) == ["PositionClosed", "PairQuarantined"]
    assert "repaid your USDT debt out of it (12 questions)" in quarantined(world)
    assert kinds(world.feed(said).events) == [], "it has ended"
    fresh = asked(Side.SHORT)
    early = DebtUnknown(position_id=guard_of(fresh).position_id, problem="x", ts_received=fresh.now)
    assert kinds(fresh.feed(early).events) == [], "it has not sold"
    core = World().active()
    other = DebtUnknown(position_id=core.position().position_id, problem="x", ts_received=core.now)
    assert kinds(core.feed(other).events) == [], "core waits"
    assert kinds(World().feed(early).events) == []


def test_nothing_owed_before_nothing_is_asked_after() -> None:
    world = asked()
    assert says(world, 0) == []
    answer(world)
    assert fill(world)[-1] == "PositionClosed"
    assert not any(isinstance(c, QueryDebt) for c in world.commands)


def test_what_is_owed_is_noted_as_it_is_before_the_first_exit_only() -> None:
    world = asked()
    assert says(world, 700) == ["GuardDebtSeen"]
    assert says(world, 700) == []
    assert says(world, 900) == ["GuardDebtSeen"]
    noted = world.events[-1]
    assert isinstance(noted, GuardDebtSeen)
    assert (noted.asset, noted.owed) == ("USDT", Decimal(900))
    answer(world)
    assert says(world, 100) == [], "an order of it is under way"
    fill(world, 20, R.EXPIRED)
    assert says(world, 100) == []
    assert guard_of(world).debt == 900
    early = World()
    early.external(side=Side.LONG)
    assert says(early, 100) == [], "it is not leaving"


def test_what_is_left_was_closed_by_hand_and_the_debt_is_asked_for() -> None:
    """20 sold by the guard, the rest by the person: what the 20 brought was to be repaid."""
    world = asked()
    says(world, 4_900)
    answer(world)
    fill(world, 20, R.EXPIRED)
    assert answer(world.wait(2_000), side=None, quantity=Quantity(0)) == ["GuardFollowed"]
    assert isinstance(world.commands[-1], QueryDebt)
    assert guard_of(world).open_qty == Quantity(0)
    assert says(world, 4_900, free=1_960) == ["RepayRequested"]
    paid = world.commands[-1]
    assert isinstance(paid, RepayDebt)
    assert paid.amount == 1_960
    assert says(world.wait(6_000), 2_940, free=0) == ["PositionClosed"]
    small = asked()
    says(small, 4_900)
    answer(small)
    fill(small, 20, R.EXPIRED)
    assert answer(small.wait(2_000), quantity=Quantity("0.01")) == ["GuardFollowed"]
    free = asked()
    answer(free)
    fill(free, 20, R.EXPIRED)
    assert answer(free.wait(2_000), side=None) == ["GuardReleased"], "nothing was owed"


def test_after_a_restart_it_is_asked_again() -> None:
    world = sold(Side.SHORT, 50).restored()
    assert state_text(world.state) == state_text(sold(Side.SHORT, 50).state)
    assert [type(c) for c in world.time(100).commands] == [QueryDebt]


def test_what_looks_show_keeps_entries_off_the_pair_and_is_said_once() -> None:
    world = World()
    for problem, events in (("a", 1), ("a", 0), ("b", 1)):
        said = PairDoubted(symbol=SYMBOL, problem=problem, ts_received=world.now)
        assert len(world.feed(said).events) == events
    assert quarantined(world) == "b"
    world.clear(SYMBOL)
    assert quarantined(world) == ""


def test_once_it_has_ended_the_pair_is_guarded_anew() -> None:
    world = sold(Side.SHORT, 50)
    says(world, 0, free=0)
    assert kinds(world.external(side=Side.LONG, price=Price(102)).events) == ["GuardOpened"]
