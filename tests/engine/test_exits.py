"""Leaving: quantities, the latch, the end."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson_domain import (
    CancelOrder,
    CloseReason,
    IntentKind,
    Money,
    PositionStatus,
    Price,
    Quantity,
    ReportStatus,
    Side,
)
from robson_domain.testing import a_position, an_instrument
from robson_domain.testing.builders import SYMBOL
from robson_engine.evolve import REFUSED_KEPT
from robson_engine.exits import beyond_flat, final_pnl, retry_delay
from robson_engine.quantities import exit_quantity
from tests.engine.world import ENTRY_ID, EXIT_ID, MS, World, id_of, kinds

S = PositionStatus


@pytest.mark.parametrize(
    ("side", "open_qty", "fee_in_base", "quantity"),
    [
        (Side.LONG, "10.009", False, "10"),
        (Side.LONG, "10.009", True, "10"),
        (Side.SHORT, "10.001", False, "10.01"),
        (Side.SHORT, "10", False, "10"),
        (Side.SHORT, "9.99", True, "10"),
        (Side.SHORT, "9.991", True, "10.01"),
    ],
)
def test_what_to_order_to_be_flat(
    side: Side, open_qty: str, fee_in_base: bool, quantity: str
) -> None:
    """A short buys 9.99 ÷ 0.999 = 10, of which the venue keeps 0.01."""
    position = a_position(
        S.ACTIVE,
        side,
        instrument=an_instrument(step_size="0.01"),
        open_qty=Quantity(open_qty),
        commission_in_base=fee_in_base,
        fee_rate=Decimal("0.001"),
    )
    assert exit_quantity(position) == Quantity(quantity)


@pytest.mark.parametrize(
    ("attempt", "ms"),
    [(1, 250), (2, 500), (3, 1000), (4, 2000), (5, 4000), (6, 5000), (7, 5000), (10**6, 5000)],
)
def test_the_pause_doubles_up_to_5_s(attempt: int, ms: int) -> None:
    assert retry_delay(attempt) == ms * MS


def test_a_working_rest_of_the_entry_is_called_back_first() -> None:
    world = World().entering()
    world.filled(100, 20)
    outcome = world.price(98)
    assert outcome.commands[0] == CancelOrder(symbol=SYMBOL, client_order_id=ENTRY_ID)
    assert len(outcome.commands) == 2
    assert not any(isinstance(c, CancelOrder) for c in World().exiting().commands)


def test_exits_are_numbered_and_named() -> None:
    world = World().exiting()
    for n in (1, 2, 3):
        assert world.position().exits == n
        order = world.position().exit_order
        assert order is not None
        assert order.client_order_id == id_of(IntentKind.EXIT, n)
        world.report(ReportStatus.EXPIRED, order=order.client_order_id)
    assert [order.client_order_id for order in world.position().past_exits] == [
        id_of(IntentKind.EXIT, n) for n in (1, 2, 3)
    ]
    assert [intent_id for intent_id in world.intents if "exit" in intent_id] == [
        f"position-1-exit-{n}" for n in (1, 2, 3, 4)
    ]


def test_a_position_worth_nothing_at_the_price_found_is_dust() -> None:
    """Through the stop to where the venue takes no order for it any more."""
    world = World().active()
    outcome = world.price("0.09")
    assert kinds(outcome.events) == ["ExitTriggered", "PositionClosed"]
    assert world.position().dust == 50
    assert world.position().realized_pnl == Money(0)


def test_an_entry_fill_never_tradable_ends_as_not_entered() -> None:
    world = World().entering()
    world.filled(100, "0.01")
    world.close()
    assert world.position().status is S.EXITING
    world.report(ReportStatus.CANCELED)
    assert world.position().close_reason is CloseReason.CLOSE


@pytest.mark.parametrize(
    ("side", "held", "beyond"),
    [
        (Side.LONG, "0", "0"),
        (Side.LONG, "7", "0"),
        (Side.LONG, "-0.05", "0"),
        (Side.LONG, "-0.06", "0.06"),
        (Side.SHORT, "-0.04", "0"),
        (Side.SHORT, "-50.000001", "50"),
    ],
)
def test_beyond_flat_counts_from_what_could_be_traded(side: Side, held: str, beyond: str) -> None:
    position = a_position(S.EXITING, side, exit_qty=Quantity(Decimal(50) - Decimal(held)))
    assert beyond_flat(position) == Quantity(beyond)


def test_without_any_price_nothing_is_beyond_flat() -> None:
    nothing = Quantity(0)
    position = a_position(
        S.EXITING, stop=None, entry_order=None, entry_qty=nothing, exit_qty=Quantity(99)
    )
    assert beyond_flat(position) == Quantity(0)


@pytest.mark.parametrize(("side", "pnl"), [(Side.LONG, -100), (Side.SHORT, -100)])
def test_the_pnl_of_a_flat_position(side: Side, pnl: int) -> None:
    closed = a_position(S.CLOSED, side)
    assert final_pnl(closed) == Money(pnl)
    assert final_pnl(attrs.evolve(closed, fees_quote=Money(7))) == Money(pnl - 7)


def test_dust_is_worth_the_last_exit_price_or_the_entry_price() -> None:
    sold = attrs.evolve(a_position(S.CLOSED), entry_qty=Quantity("50.01"))
    assert final_pnl(sold) == Money("-99.02")
    assert sold.exit_order is not None
    fresh = attrs.evolve(sold.exit_order, filled_qty=Quantity(0))
    again = attrs.evolve(sold, past_exits=(sold.exit_order,), exit_order=fresh)
    assert final_pnl(again) == Money("-99.02")
    never = attrs.evolve(sold, exit_order=None)
    assert final_pnl(never) == Money("-99")
    nothing = a_position(S.ENTERING)
    assert final_pnl(nothing) == Money(0)


def test_the_pnl_is_what_the_venue_would_show() -> None:
    """Average prices do not divide evenly: 20 digits are kept."""
    world = World().active()
    world.price(97)
    world.report(
        ReportStatus.FILLED,
        world.fill("97", 30, commission=Quantity("2.91"), commission_asset="USDT"),
        world.fill("96.5", 20, commission=Quantity("1.93"), commission_asset="USDT"),
        order=EXIT_ID,
    )
    assert world.position().realized_pnl == Money("-164.84")
    assert world.position().average_entry_price == Price(100)


def test_no_pause_outlasts_the_longest_whatever_clock_set_it() -> None:
    world = World().exiting()
    world.wait(3_600_000)
    world.report(ReportStatus.REJECTED, order=EXIT_ID)
    again = world.restored()
    again.now -= 3_600_000 * MS
    assert "ExitOrderPlaced" in kinds(again.time(100).events)


def test_refused_exits_are_not_kept_without_end() -> None:
    world = World().exiting()
    for number in range(1, 40):
        world.report(ReportStatus.REJECTED, order=id_of(IntentKind.EXIT, number))
        world.time(6_000)
    past = world.position().past_exits
    assert len(past) == REFUSED_KEPT
    assert past[-1].client_order_id == id_of(IntentKind.EXIT, 39)
    assert world.position().exits == 40
