"""What executions say of an order in doubt, and of exits that went beyond flat."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_domain import (
    AccountTrade,
    ClientOrderId,
    Order,
    OrderSide,
    Position,
    PositionId,
    Quantity,
    Side,
)
from robson_engine.protection import beyond_flat, names_of, net_of, shows_no_trace
from tests.engine.protection.test_differences import account, position
from tests.engine.protection.test_external import BTC
from tests.engine.protection.test_external import trade as numbered

BUY, SELL = OrderSide.BUY, OrderSide.SELL
ENTRY, EXIT, HAND = (ClientOrderId(name) for name in ("robson_core_in", "robson_core_out", "web_1"))
STEP = Decimal("0.001")


def trade(side: OrderSide, quantity: object, name: ClientOrderId) -> AccountTrade:
    sign = "" if side is BUY else "-"
    return numbered(77, f"{sign}{quantity}", order=name)


def order(side: OrderSide, name: ClientOrderId = EXIT, quantity: str = "1") -> Order:
    return Order(
        client_order_id=name,
        position_id=PositionId("p"),
        symbol=BTC,
        side=side,
        kind="exit",
        order_qty=Quantity(quantity),
        ts_created=1,
    )


def no_trace(*trades: AccountTrade, before: str = "1", now: str = "1", leaves: str = "1") -> bool:
    doubted = order(SELL, quantity=leaves)
    return shows_no_trace(doubted, Decimal(before), Decimal(now), trades, STEP)


def test_an_account_that_is_as_before_shows_none() -> None:
    assert no_trace()
    assert no_trace(before="7", now="7"), "a deposit from before is none"


def test_what_others_traded_explains_the_change() -> None:
    assert no_trace(trade(SELL, 1, name=HAND), now="0")
    assert no_trace(trade(BUY, 3, name=HAND), trade(SELL, 1, name=HAND), now="3")
    assert no_trace(trade(SELL, 1, name=ENTRY), now="0"), "another order of ours"


@pytest.mark.parametrize("now", ["0", "0.999", "1.001", "1.3", "2"])
def test_a_change_that_nobody_s_trade_explains_may_be_ours(now: str) -> None:
    """Executed, and the executions come late: the balance says it."""
    assert not no_trace(now=now)


def test_an_execution_of_it_is_a_trace_whatever_the_balance() -> None:
    assert not no_trace(trade(SELL, 1, name=EXIT), now="0")


def test_an_execution_nobody_has_a_name_for_may_be_of_it() -> None:
    nameless = ClientOrderId("")
    assert not no_trace(trade(SELL, 1, name=nameless), now="0")
    assert no_trace(trade(BUY, 1, name=nameless), now="2"), "it was to sell"


def test_the_smallest_order_executed_never_looks_like_none() -> None:
    assert no_trace(leaves="0.001", now="1.0004")
    assert not no_trace(leaves="0.001", now="0.9995")


def test_net_is_what_was_borrowed_without_its_interest() -> None:
    assert net_of(account("0.25", "1", "0.5")) == Decimal("-0.75")


def ended(side: Side, **facts: Any) -> Position:
    found = attrs.evolve(
        position(side, "0"),
        entry_order=order(side.entry_side, ENTRY),
        exit_order=order(side.exit_side),
    )
    return attrs.evolve(found, **facts)


def story(side: Side, *legs: tuple[ClientOrderId, str]) -> list[AccountTrade]:
    """The entry, and what closes: everything after it is on the other side."""
    entry = trade(side.entry_side, 1, name=ENTRY)
    return [entry, *(trade(side.exit_side, quantity, name=name) for name, quantity in legs)]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("legs", "beyond"),
    [
        ([(EXIT, "1")], "0"),
        ([(HAND, "1"), (EXIT, "1")], "1"),
        ([(HAND, "0.4"), (EXIT, "1")], "0.4"),
        ([(HAND, "0.4"), (EXIT, "0.6")], "0"),
        ([(HAND, "2"), (EXIT, "1")], "1"),
        ([(EXIT, "1"), (HAND, "1")], "0"),
        ([(EXIT, "0.5"), (HAND, "0.7"), (EXIT, "0.5")], "0.5"),
    ],
)
def test_an_exit_goes_beyond_flat_where_somebody_else_had_closed(
    side: Side, legs: list[tuple[ClientOrderId, str]], beyond: str
) -> None:
    quantity, trades = beyond_flat(ended(side), story(side, *legs))
    assert quantity == Quantity(beyond)
    assert len(trades) == len(legs) + 1


def test_what_was_traded_before_the_entry_says_nothing() -> None:
    before = [trade(BUY, 5, name=HAND), trade(SELL, 1, name=EXIT)]
    quantity, trades = beyond_flat(ended(Side.LONG), [*before, *story(Side.LONG, (EXIT, "1"))])
    assert (quantity, len(trades)) == (Quantity(0), 2)
    assert beyond_flat(ended(Side.LONG), before) == (Quantity(0), ())
    assert beyond_flat(ended(Side.LONG, entry_order=None), before) == (Quantity(0), ())


def test_what_was_bought_to_pay_interest_is_not_beyond() -> None:
    legs = story(Side.SHORT, (EXIT, "1.3"))
    assert beyond_flat(ended(Side.SHORT, interest=Decimal("0.3")), legs)[0] == Quantity(0)
    assert beyond_flat(ended(Side.SHORT, interest=Decimal("0.1")), legs)[0] == Quantity("0.2")
    assert beyond_flat(ended(Side.SHORT, interest=Decimal(1)), legs)[0] == Quantity(0)


def test_who_traded_is_named_once() -> None:
    nameless = trade(SELL, 1, name=ClientOrderId(""))
    trades = [*story(Side.LONG, (HAND, "1"), (HAND, "1"), (EXIT, "1")), nameless]
    assert names_of(trades, (ENTRY, EXIT)) == f"{HAND}, {nameless.venue_order_id}"
