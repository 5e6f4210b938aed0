"""Closing where the venue lends: what is owed is asked for, paid back, or said."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson_domain import (
    CloseReason,
    PositionStatus,
    QueryDebt,
    RepayDebt,
    ReportStatus,
    Side,
)
from robson_domain.testing import a_debt_report
from robson_engine.config import REPAYS_MAX
from tests.engine.world import EXIT_ID, FIRST, World, kinds

S = PositionStatus


def flat(side: Side = Side.LONG) -> World:
    """A position on a venue that lends, sold or bought back whole and not settled."""
    world = World()
    world.active(side=side, lends=True)
    world.price("98" if side is Side.LONG else "102")
    world.filled("98" if side is Side.LONG else "102", 50, order=EXIT_ID)
    return world


def owes(world: World, amount: str | int, **facts: Any) -> list[str]:
    """The venue says what is owed; what that led to."""
    side = world.position().side
    facts = {"interest": 0, "asset": "USDT" if side is Side.LONG else "BTC"} | facts
    times = {"ts_event": world.now, "ts_received": world.now}
    return kinds(world.feed(a_debt_report(amount=amount, **times, **facts)).events)


@pytest.mark.parametrize("side", list(Side))
def test_flat_it_asks_what_is_owed_and_stays_open(side: Side) -> None:
    world = flat(side)
    assert world.position().status is S.EXITING
    question = world.commands[-1]
    assert isinstance(question, QueryDebt)
    assert (question.position_id, question.side) == (FIRST, side)
    assert question.since == world.position().opened_at
    assert owes(world, 0) == ["PositionClosed"]
    assert world.position().close_reason is CloseReason.TRAILING_STOP
    assert world.position().debt == 0


def test_a_venue_that_does_not_lend_is_not_asked() -> None:
    world = World().closed()
    assert not any(isinstance(c, QueryDebt) for c in world.commands)
    assert world.position().is_closed


def test_what_is_owed_is_paid_back_and_asked_for_again() -> None:
    world = flat()
    assert owes(world, "120.123456789", free="9000") == ["RepayRequested"]
    paid = world.commands[-1]
    assert isinstance(paid, RepayDebt)
    assert (paid.asset, paid.amount) == ("USDT", Decimal("120.12345678"))
    assert owes(world.wait(1_000), "120.123456789", free="9000") == [], "one at a time"
    assert owes(world.wait(2_000), "0.000000009", free="9000") == ["PositionClosed"]
    assert world.position().debt == Decimal("0.000000009")


def test_never_more_than_the_position_itself_can_owe() -> None:
    world = flat()
    owes(world, 90_000, free=90_000, interest="0.5")
    paid = world.commands[-1]
    assert isinstance(paid, RepayDebt)
    assert paid.amount == Decimal("5000.5"), "what it spent, and the interest"


def test_a_short_owes_base() -> None:
    world = flat(Side.SHORT)
    owes(world, "70", free="70", interest="0.02")
    paid = world.commands[-1]
    assert isinstance(paid, RepayDebt)
    assert (paid.asset, paid.amount) == ("BTC", Decimal("50.02"))


@pytest.mark.parametrize(
    ("side", "amount", "last"),
    [
        (Side.LONG, "4.99", "PositionClosed"),
        (Side.LONG, "5", "PositionErrored"),
        (Side.SHORT, "0.049", "PositionClosed"),
        (Side.SHORT, "0.05", "PositionErrored"),
    ],
)
def test_what_cannot_be_paid_is_said(side: Side, amount: str, last: str) -> None:
    """Small change is reported with the end; more than that needs a person."""
    world = flat(side)
    # What was sold short was bought back: only interest can be left.
    interest = 0 if side is Side.LONG else amount
    assert owes(world, amount, free=0, interest=interest)[-1:] == [last]
    if last == "PositionClosed":
        assert world.position().debt == Decimal(amount)
    else:
        assert amount in world.position().error
        world.acknowledge()
        assert world.position().is_closed


def test_after_so_many_repayments_a_person_is_needed() -> None:
    world = flat()
    for _ in range(REPAYS_MAX):
        assert owes(world.wait(6_000), 120, free=9_000) == ["RepayRequested"]
    assert owes(world.wait(6_000), 120, free=9_000) == ["PositionErrored"]


@pytest.mark.parametrize(("side", "pnl"), [(Side.LONG, "-103"), (Side.SHORT, "-406")])
def test_interest_is_a_cost(side: Side, pnl: str) -> None:
    """3 USDT for the long; 3 BTC at 102 for the short, which were not bought."""
    world = flat(side)
    kinds_ = owes(world, 0, interest=3)
    assert kinds_ == ["InterestAccrued", "PositionClosed"]
    assert str(world.position().realized_pnl) == pnl
    assert world.position().interest == 3


def test_interest_known_before_is_bought_back_with_the_debt() -> None:
    world = World()
    world.active(side=Side.SHORT, lends=True)
    world.core_seen(held=50, interest="0.5")
    world.price(102)
    leaving = world.position().exit_order
    assert leaving is not None
    assert str(leaving.order_qty) == "50.5"
    world.filled(102, "50.5", order=EXIT_ID)
    assert owes(world, 0, interest="0.5") == ["PositionClosed"]
    assert str(world.position().realized_pnl) == "-151", "half a coin more, at 102"


def test_answers_out_of_place_change_nothing() -> None:
    world = World()
    world.active(lends=True)
    assert owes(world, 5) == []
    world.price(98)
    assert owes(world, 5) == [], "its exit is on its way"
    world.report(ReportStatus.EXPIRED, world.fill(98, 20), order=EXIT_ID)
    assert owes(world, 5) == [], "there is a rest"
    ended = flat()
    owes(ended, 0)
    assert owes(ended, 7) == []
    assert kinds(World().feed(a_debt_report()).events) == []


def test_after_a_restart_it_is_asked_again() -> None:
    world = flat().restored()
    assert world.state.next_due() is not None
    outcome = world.time(100)
    assert [type(c) for c in outcome.commands] == [QueryDebt]
    owes(world, 120, free=9_000)
    assert world.time(100).commands == (), "not before the repayment had its time"
    assert [type(c) for c in world.time(3_000).commands] == [QueryDebt]


def test_what_the_venue_repaid_out_of_the_exit_is_not_owed_any_more() -> None:
    """5,000 spent, 4,900 brought and gone: what is left beyond 100 is the person's debt."""
    world = flat()
    assert owes(world, 800, free=0) == ["PositionErrored"]
    assert "100 USDT" in world.position().error
    gained = World().active(lends=True)
    gained.price(102)
    gained.price(100)
    gained.filled(101, 50, order=EXIT_ID)
    assert owes(gained, 800, free=0) == ["PositionClosed"]
    assert gained.position().debt == 0


def test_what_was_repaid_once_is_not_repaid_again() -> None:
    """The person owes 9,000 beside; theirs is left alone after ours was paid."""
    world = flat()
    assert owes(world, 14_000, free=50_000) == ["RepayRequested"]
    assert owes(world.wait(6_000), 9_000, free=45_000) == ["PositionClosed"]
    assert world.position().debt == 0
