"""The named decisions are the same functions as behind the one door; the estimate is a dry run."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from robson_domain import (
    AccountReported,
    ClosePosition,
    DenialCode,
    DisarmPosition,
    Input,
    InvariantError,
    Money,
    Notional,
    OrderReported,
    Panic,
    PositionId,
    PositionStatus,
    Price,
    PriceDelta,
    Quantity,
    ReportStatus,
    Side,
    TradeTick,
)
from robson_domain.denials import Denial
from robson_domain.testing import a_position, a_report, a_signal, an_account
from robson_domain.testing.builders import ENTRY
from robson_engine import Engine, Step, estimate_entry, step
from tests.engine.world import ENTRY_ID, EXIT_ID, FIRST, World, kinds, state_text

S = PositionStatus


def _by_name(world: World, entry: Input) -> Step:
    """Call the named decision that is for this input."""
    state = world.state
    match entry:
        case TradeTick():
            return Engine.process_active_position(state, entry)
        case AccountReported():
            return Engine.decide_entry(state, entry)
        case DisarmPosition():
            return Engine.disarm(state, entry)
        case ClosePosition():
            return Engine.close(state, entry)
        case Panic():
            return Engine.panic(state, entry)
        case OrderReported(report=report) if report.client_order_id == ENTRY_ID:
            return Engine.process_entry_fill(state, entry)
        case OrderReported():
            return Engine.process_exit_fill(state, entry)
        case _:
            return step(state, entry)


def test_a_life_by_name_is_the_same_life() -> None:
    told, named = World().closed(), World()
    for entry in told.inputs:
        outcome = _by_name(named, entry)
        named.state.apply(outcome.changed)
        named.events += outcome.events
    assert named.log() == told.log()


def _ask(world: World, verb: Callable[[World], Step]) -> list[str]:
    return kinds(verb(world).events)


def test_close_disarm_and_panic_by_name() -> None:
    world = World()
    world.arm()
    disarm = DisarmPosition(command_id="x", position_id=FIRST, ts_received=world.now)
    assert kinds(Engine.disarm(world.state, disarm).events) == ["PositionDisarmed"]
    close = ClosePosition(command_id="x", position_id=FIRST, ts_received=world.now)
    assert kinds(Engine.close(world.state, close).events) == ["PositionDisarmed"]
    panic = Panic(command_id="x", ts_received=world.now)
    assert kinds(Engine.panic(World().active().state, panic).events) == [
        "ExitTriggered", "ExitOrderPlaced",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "order"),
    [(Engine.process_entry_fill, EXIT_ID), (Engine.process_exit_fill, ENTRY_ID)],
    ids=["entry", "exit"],
)
def test_a_report_about_another_kind_of_order_is_refused(
    decision: Callable[..., Step], order: str
) -> None:
    world = World().exiting()
    before = state_text(world.state)
    report = OrderReported(report=a_report(client_order_id=order))
    with pytest.raises(InvariantError, match="is about another kind of order"):
        decision(world.state, report)
    stranger = OrderReported(report=a_report(client_order_id="nobody's"))
    with pytest.raises(InvariantError, match="is about another kind of order"):
        decision(world.state, stranger)
    assert state_text(world.state) == before


# ---------------------------------------------------------------------- the estimate


def _account(**facts: object) -> AccountReported:
    return AccountReported(snapshot=an_account(**facts), last_price=ENTRY)


def test_an_estimate_is_the_entry_that_would_follow() -> None:
    world = World()
    found = estimate_entry(world.state, a_position(S.ARMED), a_signal(), _account())
    assert found.denial is None
    assert (found.entry_price, found.stop) == (Price(100), Price(98))
    assert (found.stop_distance, found.quantity) == (PriceDelta(2), Quantity(50))
    assert (found.notional, found.max_loss) == (Notional(5000), Money(100))
    assert world.events == []
    assert world.state.positions == {}
    entered = world.entering().position()
    assert entered.entry_order is not None
    assert entered.entry_order.order_qty == found.quantity


def test_an_estimate_of_a_short_with_fees() -> None:
    facts = {"taker_fee_rate": PriceDelta("0.001").value}
    position, signal = a_position(S.ARMED, Side.SHORT), a_signal(side=Side.SHORT)
    found = estimate_entry(World().state, position, signal, _account(**facts))
    assert (found.stop, found.quantity) == (Price(102), Quantity("45.41326"))
    assert str(found.max_loss) == "99.99999852"


def test_an_estimate_that_would_be_denied_says_why_and_how_large() -> None:
    found = estimate_entry(
        World().state, a_position(S.ARMED), a_signal(), _account(collateral=Notional(499))
    )
    assert found.denial is not None
    assert found.denial.code is DenialCode.COLLATERAL_SHORT
    assert found.quantity == Quantity(50)


def test_an_estimate_without_a_distance_has_no_size() -> None:
    signal = a_signal(technical_stop=Price(101))
    found = estimate_entry(World().state, a_position(S.ARMED), signal, _account())
    assert isinstance(found.denial, Denial)
    assert found.denial.code is DenialCode.DISTANCE_OUT_OF_RANGE
    assert (found.stop, found.stop_distance, found.quantity) == (None, None, Quantity(0))
    assert (found.notional, found.max_loss) == (Notional(0), Money(0))


def test_an_estimate_sees_the_others_and_not_itself() -> None:
    world = World().active()
    itself = world.position()
    alone = estimate_entry(world.state, itself, a_signal(), _account())
    assert alone.denial is None
    other = attrs.evolve(itself, position_id=PositionId("b"), status=S.ARMED)
    second = estimate_entry(world.state, other, a_signal(), _account())
    assert second.denial is not None
    assert second.denial.code is DenialCode.PAIR_NOT_FLAT


def test_an_estimate_is_never_stale() -> None:
    old = a_position(S.ARMED, signal_at=1)
    assert estimate_entry(World().state, old, a_signal(), _account()).denial is None
    world = World().exiting()
    assert _ask(world, lambda w: w.report(ReportStatus.EXPIRED, order=EXIT_ID)) != []
