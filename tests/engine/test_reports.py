"""What the venue says: repeated, reordered, late, contradictory; never illegal."""

from __future__ import annotations

from itertools import permutations

import pytest

from robson_domain import (
    CancelOrder,
    ClientOrderId,
    EntryFilled,
    ExitFilled,
    IntentKind,
    OrderReport,
    OrderReported,
    OrderStatus,
    PositionId,
    PositionStatus,
    Quantity,
    QueryOrder,
    ReportStatus,
    Side,
)
from robson_domain.testing.builders import SYMBOL
from robson_engine import NOTHING
from tests.engine.world import ENTRY_ID, EXIT_ID, FIRST, World, id_of, kinds, state_text

S = PositionStatus
R = ReportStatus


def test_a_report_about_a_stranger_changes_nothing() -> None:
    world = World().active()
    assert world.report(R.FILLED, world.fill(1, 1), order=ClientOrderId("x")) is NOTHING


def test_a_report_about_an_order_its_position_does_not_have() -> None:
    """The map of orders may be older than the position."""
    world = World().entering()
    world.state.orders[ClientOrderId("x")] = FIRST
    assert world.report(R.FILLED, world.fill(1, 1), order=ClientOrderId("x")) is NOTHING
    world.state.orders[ClientOrderId("y")] = PositionId("gone")
    assert world.report(R.FILLED, world.fill(1, 1), order=ClientOrderId("y")) is NOTHING


def _reports(world: World) -> list[OrderReport]:
    fills = [world.fill(price, 10) for price in ("100", "101", "99")]
    made = []
    for status, known, part in (
        (R.ACCEPTED, 0, ()),
        (R.PARTIALLY_FILLED, 10, fills[:1]),
        (R.PARTIALLY_FILLED, 20, fills[1:2]),
        (R.CANCELED, 30, fills),
    ):
        made.append(
            OrderReport(
                client_order_id=ENTRY_ID,
                symbol=SYMBOL,
                status=status,
                ts_event=world.now,
                ts_received=world.now,
                filled_qty=Quantity(known),
                fills=tuple(part),
            )
        )
    return made


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_of_reports_comes_to_the_same(order: tuple[int, ...]) -> None:
    """Each of them twice, too."""
    world = World().entering()
    reports = _reports(world)
    for number in order:
        world.feed(OrderReported(report=reports[number]))
        world.feed(OrderReported(report=reports[number]))
    position = world.position()
    assert (position.status, position.open_qty) == (S.ACTIVE, Quantity(30))
    assert (str(position.best), str(position.stop)) == ("101", "99")
    assert position.entry_order is not None
    assert position.entry_order.status is OrderStatus.CANCELED
    assert str(position.entry_order.filled_notional) == "3000"


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("asset", ["BTC", "USDT", "BNB", ""])
def test_what_an_event_says_is_open_is_open(side: Side, asset: str) -> None:
    world = World().entering(side=side)
    for price, quantity in ((100, 20), (101, 30)):
        world.filled(price, quantity, commission=Quantity("0.5"), commission_asset=asset)
        filled = world.events[-1]
        assert isinstance(filled, EntryFilled)
        assert filled.open_qty == world.position().open_qty
    world.close()
    order = world.position().exit_order
    assert order is not None
    world.filled(100, 10, order=EXIT_ID, commission=Quantity("0.25"), commission_asset=asset)
    leaving = world.events[-1]
    assert isinstance(leaving, ExitFilled)
    assert leaving.open_qty == world.position().open_qty
    paid = {"BTC": "1.25"}.get(asset, "0")
    sign = 1 if side is Side.LONG else -1
    assert world.position().open_qty.value == 40 - sign * Quantity(paid).value


def test_a_commission_larger_than_what_is_open_leaves_nothing() -> None:
    world = World().entering()
    world.filled(100, 1, commission=Quantity(2), commission_asset="BTC")
    assert world.position().open_qty == Quantity(0)


@pytest.mark.parametrize("status", [R.REJECTED, R.NO_REPLY, R.NOT_FOUND])
def test_what_has_ended_is_not_doubted(status: ReportStatus) -> None:
    world = World().active()
    before = state_text(world.state)
    assert world.report(status) is NOTHING
    assert state_text(world.state) == before


@pytest.mark.parametrize("status", [R.FILLED, R.CANCELED, R.EXPIRED, R.ACCEPTED])
def test_what_has_ended_ends_once(status: ReportStatus) -> None:
    world = World().active()
    assert world.report(status, filled_qty=Quantity(50)) is NOTHING


@pytest.mark.parametrize(
    "status", [R.FILLED, R.CANCELED, R.EXPIRED, R.PARTIALLY_FILLED, R.ACCEPTED]
)
def test_fills_the_venue_counts_and_we_lack_are_asked_for(status: ReportStatus) -> None:
    world = World().entering()
    outcome = world.report(status, filled_qty=Quantity(20))
    assert outcome.events == ()
    assert outcome.commands == (QueryOrder(symbol=SYMBOL, client_order_id=ENTRY_ID),)
    world.filled(100, 20)
    assert world.report(R.CANCELED, filled_qty=Quantity(20)).commands == ()
    assert world.position().open_qty == Quantity(20)


def test_fewer_than_ordered_can_be_the_whole_fill() -> None:
    """The venue says it is done: nothing more will come."""
    world = World().entering()
    world.filled(100, 20)
    assert kinds(world.report(R.FILLED, filled_qty=Quantity(20)).events) == ["OrderResolved"]
    assert world.position().entry_leaves == Quantity(0)
    assert world.position().status is S.ACTIVE


def test_more_than_ordered_is_a_fact() -> None:
    world = World().entering()
    world.filled(100, 60)
    assert world.position().open_qty == Quantity(60)
    world.price(98)
    assert world.position().exit_order is not None
    assert world.position().exit_order.order_qty == Quantity(60)  # type: ignore[union-attr]


def test_a_refusal_that_was_wrong_is_corrected_by_its_fill() -> None:
    world = World().exiting()
    world.report(R.REJECTED, order=EXIT_ID)
    world.filled(98, 50, order=EXIT_ID)
    assert (world.position().status, str(world.position().realized_pnl)) == (S.CLOSED, "-100")


def test_what_was_refused_and_works_after_all_is_asked_about() -> None:
    """Its intent was resolved by the refusal, so nobody else would ask for its end."""
    world = World().exiting()
    world.report(R.REJECTED, order=EXIT_ID)
    outcome = world.filled(98, 20, order=EXIT_ID)
    assert QueryOrder(symbol=SYMBOL, client_order_id=EXIT_ID) in outcome.commands
    again = World().exiting()
    again.report(R.EXPIRED, order=EXIT_ID)
    assert not any(isinstance(c, QueryOrder) for c in again.filled(98, 20, order=EXIT_ID).commands)


def test_a_fill_of_an_exit_thought_dead_is_applied_once() -> None:
    world = World().exiting()
    world.report(R.EXPIRED, order=EXIT_ID)
    late = world.fill(98, 20)
    for _ in range(3):
        world.report(R.PARTIALLY_FILLED, late, order=EXIT_ID)
    assert world.position().open_qty == Quantity(30)
    world.filled(98, 30, order=id_of(IntentKind.EXIT, 2))
    assert world.position().status is S.EXITING, "20 more may still be sold"
    world.report(R.CANCELED, order=id_of(IntentKind.EXIT, 2), filled_qty=Quantity(30))
    assert world.position().status is S.CLOSED


def test_what_would_be_sold_twice_is_called_back() -> None:
    world = World().exiting()
    world.report(R.EXPIRED, order=EXIT_ID)
    second = id_of(IntentKind.EXIT, 2)
    outcome = world.filled(98, 20, order=EXIT_ID)
    assert outcome.commands == (CancelOrder(symbol=SYMBOL, client_order_id=second),)
    for status in (R.ACCEPTED, R.NOT_FOUND):
        answer = world.report(status, order=second)
        assert not any(isinstance(c, CancelOrder) for c in answer.commands), "asked for once"
    assert world.filled(98, 10, order=second).commands == ()
    last = world.report(R.CANCELED, order=second, filled_qty=Quantity(10))
    assert kinds(last.events) == ["OrderResolved", "ExitOrderPlaced"]
    assert world.position().open_qty == Quantity(20)


def test_an_exit_that_does_what_it_should_is_left_alone() -> None:
    world = World().exiting()
    assert world.filled(98, 20, order=EXIT_ID).commands == ()
    flat = World().closed()
    assert flat.filled(98, 20, order=EXIT_ID).commands == ()


def test_the_venue_may_correct_how_an_ended_position_s_order_ended() -> None:
    world = World().closed()
    assert world.report(R.CANCELED, order=EXIT_ID, filled_qty=Quantity(50)) is NOTHING
