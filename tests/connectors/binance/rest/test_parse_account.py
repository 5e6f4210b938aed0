"""Parsers of what is about the account: documented answers, and ones that cannot be."""

from __future__ import annotations

import json
from decimal import Decimal

import attrs
import pytest

from robson_connectors.binance import fields, parse_account
from robson_connectors.binance.fields import Json, UnreadableAnswer, parsed
from robson_domain.instrument import Instrument
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Price
from tests.connectors.binance.rest.kit import (
    BTC,
    account_of,
    asset,
)

MS = 1_000_000
RULES = Instrument(symbol=BTC, tick_size="0.01", step_size="0.00001")


def wire(content: object) -> Json:
    return parsed(json.dumps(content).encode())


# ------------------------------------------------------------------------------ account


def pair(content: dict[str, object]) -> Json:
    return fields.items(fields.field(fields.row(wire(content)), "assets"))[0]


def test_a_short_pair() -> None:
    base = asset("BTC", free="0.01", locked="0.02", borrowed="0.5", interest="0.0001")
    entry = pair(account_of(base=base, liquidatePrice="70000", marginLevel="1.5"))
    found = parse_account.pair_balances(entry, 1, 2)
    assert found is not None
    assert (found.base.held, found.base.debt, found.base.net) == (
        Decimal("0.03"), Decimal("0.5001"), Decimal("-0.4701"),
    )  # fmt: skip
    assert (found.index_price, found.liquidation_price) == (Price(60000), Price(70000))
    assert (found.margin_level, found.is_tradable) == (Decimal("1.5"), True)
    assert (found.ts_event, found.ts_received) == (1, 2)


def test_zeros_mean_none() -> None:
    entry = pair(account_of(indexPrice="0.00000000", marginLevel="0"))
    found = parse_account.pair_balances(entry, 0, 2)
    assert found is not None
    assert (found.index_price, found.liquidation_price, found.margin_level) == (None, None, None)


@pytest.mark.parametrize("over", [{"enabled": False}, {"tradeEnabled": False}])
def test_a_disabled_pair_is_not_tradable(over: dict[str, object]) -> None:
    found = parse_account.pair_balances(pair(account_of(**over)), 0, 2)  # type: ignore[arg-type]
    assert found is not None
    assert not found.is_tradable


@pytest.mark.parametrize("over", [{"symbol": "BTCPLN"}, {"symbol": "BTCUSD"}])
def test_a_pair_without_a_name_of_ours_is_left_out(over: dict[str, object]) -> None:
    assert parse_account.pair_balances(pair(account_of(**over)), 0, 2) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["free", "locked", "borrowed", "interest"])
@pytest.mark.parametrize("value", ["-0.1", "lots", None, True])
def test_balances_that_cannot_be_are_unreadable(name: str, value: object) -> None:
    base = asset("BTC") | {name: value}
    with pytest.raises(UnreadableAnswer):
        parse_account.pair_balances(pair(account_of(base=base)), 0, 2)


def test_tiers_are_ordered() -> None:
    row = {
        "symbol": "BTCUSDT", "tier": 1, "effectiveMultiple": "10", "initialRiskRatio": "1.111",
        "liquidationRiskRatio": "1.05", "baseAssetMaxBorrowable": "9",
        "quoteAssetMaxBorrowable": "70000",
    }  # fmt: skip
    first, second = parse_account.tiers(wire([row | {"tier": 2, "effectiveMultiple": "5"}, row]))
    assert (first.level, first.leverage, first.liquidation_level) == (
        1,
        Decimal(10),
        Decimal("1.05"),
    )
    assert (second.leverage, second.base_max, second.quote_max) == (
        Decimal(5),
        Decimal(9),
        Decimal(70000),
    )


def test_pair_data() -> None:
    coins = [
        {"coin": "BTC", "dailyInterest": "0.00026125", "borrowLimit": "270"},
        {"coin": "USDT", "dailyInterest": "0.000475", "borrowLimit": "2100000"},
    ]
    content = wire([{"vipLevel": 0, "symbol": "BTCUSDT", "leverage": "10", "data": coins}])
    found = parse_account.pair_data(content, BTC)
    assert found is not None
    assert (found.leverage, found.daily_interest["BTC"], found.borrow_limit["USDT"]) == (
        Decimal(10), Decimal("0.00026125"), Decimal(2_100_000),
    )  # fmt: skip
    assert parse_account.pair_data(content, Symbol("ETHUSDT")) is None


def test_max_borrowable() -> None:
    content = wire({"amount": "1.69248805", "borrowLimit": "60"})
    assert parse_account.max_borrowable(content) == Decimal("1.69248805")
    assert parse_account.max_borrowable(wire({"amount": "-1"})) == 0


def test_rights_not_mentioned_count_as_the_worse() -> None:
    nothing = parse_account.key_rights(wire({}))
    assert attrs.astuple(nothing) == (False, True, True, False, False, False, 0)
    best = {
        "ipRestrict": True, "enableWithdrawals": False, "enableInternalTransfer": False,
        "permitsUniversalTransfer": False, "enableReading": True,
        "enableSpotAndMarginTrading": True, "enableMargin": True,
        "tradingAuthorityExpirationTime": 5,
    }  # fmt: skip
    rights = parse_account.key_rights(wire(best))
    assert attrs.astuple(rights) == (True, False, False, True, True, True, 5 * MS)
    for name in ("enableInternalTransfer", "permitsUniversalTransfer"):
        assert parse_account.key_rights(wire(best | {name: True})).can_transfer


def test_liquidations_and_interest() -> None:
    row = {
        "avgPrice": "0.00388359", "executedQty": "31.39", "orderId": 180015097, "side": "SELL",
        "symbol": "BTCUSDT", "updatedTime": 9,
    }  # fmt: skip
    content = wire({"rows": [row, row | {"updatedTime": 8}, row | {"symbol": "X"}], "total": 3})
    first, second = parse_account.liquidations(content, BTC)
    assert (first.ts_event, second.ts_event) == (8 * MS, 9 * MS)
    assert (first.quantity, first.average_price, first.side, first.venue_order_id) == (
        Decimal("31.39"), Decimal("0.00388359"), OrderSide.SELL, "180015097",
    )  # fmt: skip
    row = {"asset": "USDT", "interest": "0.00024995", "interestAccuredTime": 7, "type": "PERIODIC"}
    (charge,) = parse_account.interest(wire({"rows": [row], "total": 1}))
    assert (charge.asset, charge.amount, charge.kind, charge.ts_event) == (
        "USDT", Decimal("0.00024995"), "PERIODIC", 7 * MS,
    )  # fmt: skip
