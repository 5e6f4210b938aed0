"""The test kit itself: its story adds up, and it asks for a test library only where it must."""

from __future__ import annotations

import subprocess
import sys

import pytest

from robson_domain import (
    OrderSide,
    OrderStatus,
    Position,
    PositionStatus,
    Price,
    Side,
    chain,
    codec,
    testing,
)
from robson_domain.testing import (
    a_guard,
    a_position,
    a_protected_position,
    a_risk,
    an_account,
    an_instrument,
    an_order,
    every_event,
    strategies,
)

S = PositionStatus
EVERY = [(status, side) for status in S for side in Side]


def test_builders_need_no_test_library() -> None:
    """A notebook or a demo may use them where neither pytest nor Hypothesis is installed."""
    program = (
        "import sys\n"
        "sys.modules['pytest'] = sys.modules['hypothesis'] = None\n"
        "from robson_domain.testing import *\n"
        "print(len(every_event()))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == f"{len(every_event())}\n"


def test_what_is_exported_is_there() -> None:
    assert [name for name in testing.__all__ if not hasattr(testing, name)] == []
    assert testing.__all__ == sorted(testing.__all__)


@pytest.mark.parametrize(("status", "side"), EVERY)
def test_figures_of_a_position_agree(status: PositionStatus, side: Side) -> None:
    position = a_position(status, side)
    assert (position.status, position.side) == (status, side)
    assert position.open_qty + position.exit_qty == position.entry_qty
    for order, quantity, order_side in (
        (position.entry_order, position.entry_qty, side.entry_side),
        (position.exit_order, position.exit_qty, side.exit_side),
    ):
        assert order is None or (order.filled_qty, order.side) == (quantity, order_side)
    assert _round_trips(position)


def _round_trips(position: Position) -> bool:
    return codec.decode(codec.loads(codec.dumps(position)), Position) == position


@pytest.mark.parametrize("side", Side)
def test_the_venue_stop_stands_beyond_the_trailing_one(side: Side) -> None:
    position = a_protected_position(side)
    stop = position.working_stop
    assert stop is not None
    assert stop.stop_price is not None
    assert position.stop is not None
    assert (stop.stop_price < position.stop) is (side is Side.LONG)
    assert (stop.side, stop.order_qty) == (side.exit_side, position.open_qty)
    assert _round_trips(position)


@pytest.mark.parametrize("side", Side)
def test_a_guard_stands_at_two_percent(side: Side) -> None:
    guard = a_guard(side)
    assert guard.stop == a_position(side=side).stop
    assert guard.entry_cost == guard.open_qty * Price(100)
    assert _round_trips(guard)


def test_the_story_keeps_the_golden_rule() -> None:
    position = a_position()
    assert position.stop_distance is not None
    assert position.entry_qty.times(position.stop_distance) == a_risk().risk_amount
    assert -a_position(S.CLOSED).realized_pnl == a_risk().risk_amount
    assert position.entry_cost <= an_account().collateral


@pytest.mark.parametrize("side", Side)
def test_stops_stand_on_the_losing_side_and_on_the_grid(side: Side) -> None:
    position = a_position(side=side)
    assert position.stop is not None
    assert position.best is not None
    assert (position.stop < position.best) is (side is Side.LONG)
    assert an_instrument().ticks(position.stop) > 0


def test_a_filled_order_has_its_fill() -> None:
    order = an_order(status=OrderStatus.FILLED, side=OrderSide.SELL)
    assert (order.status, order.filled_qty) == (OrderStatus.FILLED, order.order_qty)
    assert len(order.trade_ids) == 1


def test_events_are_numbered_as_a_log_is() -> None:
    assert [event.sequence for event in every_event()] == list(range(1, len(every_event()) + 1))
    assert len({event.event_id for event in every_event()}) == len(every_event())
    assert chain.empty_head("e").sequence + 1 == every_event()[0].sequence


def test_strategies_refuse_what_they_cannot_draw() -> None:
    with pytest.raises(TypeError, match="no strategy for"):
        strategies.of(object)


@pytest.mark.parametrize(
    "name",
    [
        *("ticks", "signals", "orders", "positions", "any_input", "any_command", "any_state"),
        *("any_event", "batches", "bars", "fills", "intents", "instruments", "risks"),
        *("stop_distances", "prices", "price_deltas", "quantities", "money", "notionals"),
        *("symbols", "sides", "timestamps", "ids", "texts", "numbers"),
    ],
)
def test_every_strategy_can_be_drawn_from(name: str) -> None:
    assert getattr(strategies, name)().validate() is None
