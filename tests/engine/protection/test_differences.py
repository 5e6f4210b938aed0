"""What the account shows of a core position, and what explains a difference."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_domain import (
    AssetBalance,
    ClientOrderId,
    DetectorSpec,
    Money,
    OrderSide,
    PairBalances,
    Position,
    PositionId,
    PositionStatus,
    Price,
    Quantity,
    RestingKind,
    RestingOrder,
    RiskConfig,
    Side,
)
from robson_engine.protection import (
    OwnTrades,
    covered_by_stops,
    difference_of,
    is_ours,
    locking,
    refs_of,
    since_flat,
)
from tests.engine.protection.test_external import BTC, CORE, RULES, trade

OWN = OwnTrades()


def position(side: Side = Side.LONG, quantity: str = "1") -> Position:
    return Position(
        position_id=PositionId("p"),
        symbol=BTC,
        side=side,
        status=PositionStatus.ACTIVE,
        risk=RiskConfig(capital=Money(1000)),
        instrument=RULES,
        detector=DetectorSpec(name="delay"),
        armed_at=1,
        opened_at=0,
        open_qty=Quantity(quantity),
    )


def account(free: str = "0", borrowed: str = "0", interest: str = "0") -> PairBalances:
    base = AssetBalance(asset="BTC", free=free, borrowed=borrowed, interest=interest)
    quote = AssetBalance(asset="USDT", interest="3")
    return PairBalances(symbol=BTC, base=base, quote=quote, ts_received=1)


def test_what_is_there_is_no_difference_and_what_is_beside_it_neither() -> None:
    for free in ("1", "1.5"):
        found = difference_of(position(), account(free), [], OWN)
        assert (found.held, found.missing, found.interest) == (Decimal(1), Decimal(0), Decimal(3))
        assert (found.price, found.evidence) == (None, "")


def test_a_short_is_what_is_owed_without_interest() -> None:
    found = difference_of(
        position(Side.SHORT), account("0.25", "1", "0.01"), [trade(2, "0.25", "900")], OWN
    )
    assert (found.held, found.missing, found.interest) == (
        Decimal("0.75"),
        Decimal("0.25"),
        Decimal("0.01"),
    )
    assert found.price == Price(900)
    assert "owes 0.75" in found.evidence


def test_the_latest_closing_trades_explain_it() -> None:
    trades = [
        trade(1, "1", order=CORE),
        trade(2, "-0.5", "100"),
        trade(3, "-0.2", "900"),
        trade(4, "-0.2", "1000"),
    ]
    found = difference_of(position(), account("0.6"), trades, OWN)
    assert (found.missing, found.price) == (Decimal("0.4"), Price(950))
    assert "closed by hand" in found.evidence


@pytest.mark.parametrize("held", ["0", "-5"])
def test_nothing_held_is_all_missing(held: str) -> None:
    free, borrowed = max(Decimal(held), Decimal(0)), max(-Decimal(held), Decimal(0))
    found = difference_of(position(), account(str(free), str(borrowed)), [], OWN)
    assert (found.held, found.missing, found.price) == (Decimal(0), Decimal(1), None)
    assert "no trade of the account explains it" in found.evidence


def test_core_s_own_exits_trades_of_before_and_too_little_explain_nothing() -> None:
    later = attrs.evolve(position(), opened_at=5)
    for trades in ([trade(2, "-1", order=CORE)], [trade(2, "-0.9")], [trade(2, "1")]):
        assert difference_of(position(), account(), trades, OWN).price is None
    assert difference_of(later, account(), [trade(2, "-1")], OWN).price is None


def test_a_liquidation_is_called_one() -> None:
    forced = trade(2, "-1", order=ClientOrderId("autoclose-17"))
    assert "liquidated" in difference_of(position(), account(), [forced], OWN).evidence


def resting(side: OrderSide, quantity: str, **changes: Any) -> RestingOrder:
    order = RestingOrder(
        symbol=BTC,
        client_order_id=ClientOrderId("web"),
        venue_order_id="1",
        side=side,
        kind=RestingKind.STOP,
        leaves_qty=Quantity(quantity),
    )
    return attrs.evolve(order, **changes)


def test_only_the_person_s_orders_of_the_closing_side_lock_and_only_stops_cover() -> None:
    ours = resting(OrderSide.SELL, "1", client_order_id=ClientOrderId("robson_core_a"))
    limit = resting(OrderSide.SELL, "2", kind=RestingKind.LIMIT)
    stop = resting(OrderSide.SELL, "3")
    stop_limit = resting(OrderSide.SELL, "4", kind=RestingKind.STOP_LIMIT)
    buys = resting(OrderSide.BUY, "5")
    profit = resting(OrderSide.SELL, "6", kind=RestingKind.TAKE_PROFIT)
    orders = [ours, limit, stop, stop_limit, buys, profit]
    assert locking(orders, Side.LONG) == (limit, stop, stop_limit, profit)
    assert locking(orders, Side.SHORT) == (buys,)
    assert covered_by_stops(Side.LONG, orders) == Quantity(7)
    assert covered_by_stops(Side.SHORT, orders) == Quantity(5)
    assert is_ours(ours)
    assert not is_ours(stop)


def test_refs_are_of_everything_since_the_account_was_flat() -> None:
    story = [trade(1, "1"), trade(2, "-1"), trade(3, "1", order=CORE), trade(4, "0.5")]
    assert refs_of(story) == ("BTCUSDT:3", "BTCUSDT:4")
    assert refs_of(story[:2]) == ()


def test_only_what_both_are_flat_after_may_be_forgotten() -> None:
    beside = [trade(1, "1", order=CORE), trade(2, "-1"), trade(3, "0.5")]
    assert list(since_flat(beside, OWN)) == beside
    done = [trade(1, "1"), trade(2, "-1"), trade(3, "0.5")]
    assert list(since_flat(done, OWN)) == done, "how the last one was closed"
    again = [*done, trade(4, "-0.5"), trade(5, "2")]
    assert list(since_flat(again, OWN)) == again[2:]
    assert list(since_flat(again[2:], OWN)) == again[2:]
