"""What everything open or unresolved can still lose."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_domain import (
    Money,
    Notional,
    OrderStatus,
    Position,
    PositionId,
    PositionStatus,
    Price,
    Quantity,
    Side,
    Symbol,
)
from robson_domain.testing import a_ledger, a_position, an_order
from robson_engine import exposure_of, loss_at_stop, pnl_at
from robson_engine.exposure import notional_of

S = PositionStatus


def active(side: Side = Side.LONG, **facts: Any) -> Position:
    return a_position(S.ACTIVE, side, **facts)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("status", [S.ENTERING, S.ACTIVE, S.EXITING, S.ERROR])
def test_an_owning_position_counts_with_its_budget(status: PositionStatus, side: Side) -> None:
    position = a_position(status, side)
    assert loss_at_stop(position) == Money(100)
    assert notional_of(position) == Notional(5000)


@pytest.mark.parametrize("side", Side)
def test_commissions_at_both_ends_count(side: Side) -> None:
    position = active(side, fees_quote=Money(5), fee_rate=Decimal("0.001"))
    at_stop = "4.9" if side is Side.LONG else "5.1"
    assert loss_at_stop(position).value == 100 + 5 + Decimal(at_stop)


@pytest.mark.parametrize(("side", "stop"), [(Side.LONG, 103), (Side.SHORT, 97)])
def test_a_gain_at_the_stop_is_no_negative_loss(side: Side, stop: int) -> None:
    assert loss_at_stop(active(side, stop=Price(stop))) == Money(0)


def test_what_was_realized_counts_with_the_rest() -> None:
    """Half sold at 97: 150 lost there, 100 more at the stop."""
    half = active(open_qty=Quantity(25), exit_qty=Quantity(25), exit_value=Notional(25 * 97))
    assert loss_at_stop(half) == Money(75 + 50)


@pytest.mark.parametrize("side", Side)
def test_what_may_still_be_filled_counts_with_its_whole_distance(side: Side) -> None:
    """30 of 50 filled at 100: 60 at the stop, and 20 × 2 for the rest."""
    order = an_order(
        side=side.entry_side, filled_qty=Quantity(30), filled_notional=Notional(3000),
        status=OrderStatus.PARTIALLY_FILLED,
    )  # fmt: skip
    part = {"entry_qty": Quantity(30), "open_qty": Quantity(30), "entry_cost": Notional(3000)}
    position = active(side, entry_order=order, **part)
    assert loss_at_stop(position) == Money(100)
    assert notional_of(position) == Notional(5000)


def test_what_owns_nothing_counts_nothing() -> None:
    idle = [a_position(S.ARMED), a_position(S.CLOSED)]
    totals = exposure_of(a_ledger(), idle)
    assert (totals.open_positions, totals.loss_at_stop, totals.notional) == (
        0, Money(0), Notional(0),
    )  # fmt: skip
    assert loss_at_stop(idle[0]) == Money(0)
    assert notional_of(idle[0]) == Notional(0)


def test_totals_and_pairs() -> None:
    ether = Symbol("ETHUSDT")
    owning = [
        active(),
        active(position_id=PositionId("b"), symbol=ether),
        a_position(S.ENTERING, position_id=PositionId("c"), symbol=ether),
    ]
    totals = exposure_of(a_ledger(), owning)
    assert (totals.open_positions, totals.loss_at_stop, totals.notional) == (
        3, Money(300), Notional(15_000),
    )  # fmt: skip
    assert totals.notional_in(ether) == Notional(10_000)
    assert totals.notional_in(Symbol("SOLUSDT")) == Notional(0)


def flat_error(**facts: Any) -> Position:
    sold = {"exit_qty": Quantity(50), "exit_value": Notional(4900), "open_qty": Quantity(0)}
    return a_position(S.ERROR, **(sold | facts))


def test_a_loss_waiting_for_an_acknowledgement_counts() -> None:
    """It is in the ledger only once the person has acknowledged it."""
    totals = exposure_of(a_ledger(), [flat_error()])
    assert (totals.open_positions, totals.loss_at_stop, totals.notional) == (
        0, Money(100), Notional(0),
    )  # fmt: skip


def test_what_the_ledger_has_does_not_count_again() -> None:
    """Closed with −100, opened again by a late fill of 10 at 100: at the stop 20 more."""
    late = flat_error(
        realized_pnl=Money(-100),
        entry_qty=Quantity(60), entry_cost=Notional(6000), open_qty=Quantity(10),
    )  # fmt: skip
    assert loss_at_stop(late) == Money(20)


def test_a_booked_gain_does_not_hide_a_new_loss() -> None:
    won = {"exit_value": Notional(6000), "realized_pnl": Money(1000)}
    more = {"entry_qty": Quantity(60), "entry_cost": Notional(6000), "open_qty": Quantity(10)}
    assert loss_at_stop(flat_error(**won, **more)) == Money(20)


def test_what_was_sold_twice_counts_at_the_stop() -> None:
    """Bought 50 at 100, sold 100 at 97: owed 50 at 98 would be 200 lost."""
    twice = flat_error(exit_qty=Quantity(100), exit_value=Notional(9700))
    assert loss_at_stop(twice) == Money(200)


@pytest.mark.parametrize(("side", "gain"), [(Side.LONG, 150), (Side.SHORT, -150)])
def test_pnl_at_a_price(side: Side, gain: int) -> None:
    position = active(side, fees_quote=Money(4))
    assert pnl_at(position, Price(103)) == Money(gain - 4)


def test_pnl_of_a_closed_position_is_final() -> None:
    assert pnl_at(a_position(S.CLOSED), Price(1_000)) == Money(-100)


def test_a_position_without_stop_loses_nothing_yet() -> None:
    assert loss_at_stop(attrs.evolve(active(), stop=None)) == Money(0)
