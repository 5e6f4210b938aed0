"""New orders: defaults, ids, filters, fills, and the account they go to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from tests.binance_exchange import Exchange, Options, default_pairs, running_exchange
from tests.binance_exchange_tests.raw_client import BTC, ORDER, RawClient, client_of

BUY: dict[str, Any] = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
LIMIT: dict[str, Any] = {**BUY, "type": "LIMIT", "price": "90000", "timeInForce": "GTC"}
STOP: dict[str, Any] = {
    **LIMIT,
    "side": "SELL",
    "type": "STOP_LOSS_LIMIT",
    "price": "89000",
    "stopPrice": "90000",
    "sideEffectType": "MARGIN_BUY",
}


async def test_market_orders_fill_at_the_quotes(exchange: Exchange, client: RawClient) -> None:
    exchange.quote("BTCUSDT", "94990", "95010")
    bought = await client.market("BUY", "0.1")
    sold = await client.market("SELL", "0.05")
    assert (bought["status"], bought["fills"][0]["price"]) == ("FILLED", "95010.00000000")
    assert (bought["fills"][0]["commission"], bought["fills"][0]["commissionAsset"]) == (
        "0.00010000",
        "BTC",
    )
    assert (sold["fills"][0]["price"], sold["fills"][0]["commission"]) == (
        "94990.00000000",
        "4.74950000",
    )
    account = exchange.account("BTCUSDT")
    assert account.of("BTC").free == Decimal("0.0499")
    assert account.of("USDT").free == 10_000 - Decimal("9501") + Decimal("4749.5") - Decimal(
        "4.7495"
    )


async def test_commission_in_bnb_leaves_the_base_whole(
    exchange: Exchange, client: RawClient
) -> None:
    exchange.rules(fee_in_bnb=True, bnb_price=500)
    bought = await client.market("BUY", "0.1")
    assert bought["fills"][0]["commissionAsset"] == "BNB"
    assert bought["fills"][0]["commission"] == "0.01900000"
    assert exchange.account("BTCUSDT").of("BTC").free == Decimal("0.1")


async def test_forgotten_isolation_trades_the_cross_account(
    exchange: Exchange, client: RawClient
) -> None:
    fields = {name: value for name, value in BUY.items() if name != "isIsolated"}
    placed = await client.ok("POST", ORDER, **fields)
    assert placed["isIsolated"] is False
    assert exchange.account("BTCUSDT").of("BTC").total == 0
    assert exchange.account(None).of("BTC").free == Decimal("0.00999")
    assert exchange.audit.cross_orders() == [placed["orderId"]]
    assert await client.refused("GET", ORDER, **BTC, orderId=placed["orderId"]) == -2013


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        (BUY, "fills"),
        (LIMIT, "fills"),
        (STOP, "transactTime"),
        (STOP | {"newOrderRespType": "RESULT"}, "selfTradePreventionMode"),
    ],
)
async def test_answer_is_full_for_market_and_limit_alone(
    client: RawClient, order: dict[str, Any], keys: str
) -> None:
    placed = await client.ok("POST", ORDER, **order)
    assert keys in placed
    if order is STOP:
        assert "status" not in placed


@pytest.mark.parametrize("name", ["a.b", "a:b", "x" * 37, "é"])
async def test_client_ids_have_a_charset(client: RawClient, name: str) -> None:
    assert await client.refused("POST", ORDER, **BUY, newClientOrderId=name) == -1100


async def test_client_id_is_unique_among_open_orders_only(
    exchange: Exchange, client: RawClient
) -> None:
    name = {"newClientOrderId": "robson_core_a-1_b"}
    await client.ok("POST", ORDER, **LIMIT, **name)
    answer = await client.signed("POST", ORDER, **BUY, **name)
    assert (answer.json()["code"], answer.json()["msg"]) == (-2010, "Duplicate order sent.")
    await client.ok("DELETE", ORDER, **BTC, origClientOrderId=name["newClientOrderId"])
    first = await client.ok("POST", ORDER, **BUY, **name)
    second = await client.ok("POST", ORDER, **BUY, **name)
    assert exchange.audit.double_fills() == {
        "robson_core_a-1_b": (first["orderId"], second["orderId"])
    }
    found = await client.ok("GET", ORDER, **BTC, origClientOrderId="robson_core_a-1_b")
    assert found["orderId"] == second["orderId"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": "0.010005"}, -1013),
        ({"quantity": "0.00001"}, -1013),
        ({"quantity": "200"}, -1013),
        ({"quantity": "1E-2"}, -1100),
        ({"quantity": "-1"}, -1100),
        ({"quantity": "0.0000000001"}, -1111),
        ({"quantity": None}, -1102),
        ({"side": "LONG"}, -1117),
        ({"type": "STOP"}, -1116),
        ({"type": "STOP_LOSS", "stopPrice": "90000"}, -2010),
        ({"price": "90000"}, -1106),
        ({"timeInForce": "GTC"}, -1106),
        ({"sideEffectType": "BORROW"}, -1130),
        ({"reduceOnly": "true"}, -1104),
        ({"type": "LIMIT", "price": "90000"}, -1102),
        ({"type": "LIMIT", "price": "90000", "timeInForce": "GTX"}, -1115),
        ({"type": "LIMIT", "price": "90000.001", "timeInForce": "GTC"}, -1013),
        ({"type": "LIMIT", "price": "10000", "timeInForce": "GTC"}, -1013),
        ({"type": "LIMIT", "price": "80000", "timeInForce": "GTC"}, -3064),
        ({"type": "LIMIT_MAKER", "price": "96000"}, -2010),
        ({"quantity": "0.2"}, -2010),
        ({"symbol": "BTCUSD"}, -1121),
    ],
)
async def test_refused_orders(
    exchange: Exchange, client: RawClient, change: dict[str, str | None], code: int
) -> None:
    assert await client.refused("POST", ORDER, **BUY | change) == code
    assert exchange.venue.orders == {}
    assert exchange.account("BTCUSDT").of("USDT").free == 10_000


async def test_market_stop_where_the_pair_offers_it() -> None:
    bitcoin, ether = default_pairs()
    kinds = (*bitcoin.order_types, "STOP_LOSS")
    options = Options(pairs=(attrs.evolve(bitcoin, order_types=kinds), ether))
    async with running_exchange(options) as exchange, client_of(exchange) as client:
        await client.market("BUY", "0.1")
        fields = {**BTC, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.0999"}
        placed = await client.ok("POST", ORDER, **fields, stopPrice="94000")
        assert exchange.account("BTCUSDT").of("BTC").locked == Decimal("0.0999")
        exchange.trade("BTCUSDT", "93000")
        found = await client.ok("GET", ORDER, **BTC, orderId=placed["orderId"])
        assert (found["status"], found["cummulativeQuoteQty"]) == ("FILLED", "9290.69900100")


async def test_resting_limit_fills_by_trade_size(exchange: Exchange, client: RawClient) -> None:
    placed = await client.ok("POST", ORDER, **LIMIT | {"quantity": "0.1"})
    assert exchange.account("BTCUSDT").of("USDT").locked == 9000
    exchange.trade("BTCUSDT", "90000", "0.04")
    found = await client.ok("GET", ORDER, **BTC, orderId=placed["orderId"])
    assert (found["status"], found["executedQty"]) == ("PARTIALLY_FILLED", "0.04000000")
    assert exchange.account("BTCUSDT").of("USDT").locked == 5400
    exchange.trade("BTCUSDT", "89999.99", "0.00001")
    found = await client.ok("GET", ORDER, **BTC, orderId=placed["orderId"])
    assert (found["status"], found["executedQty"]) == ("FILLED", "0.10000000")
    trades = await client.ok("GET", "/sapi/v1/margin/myTrades", **BTC)
    assert [trade["isMaker"] for trade in trades] == [True, True]


async def test_partial_fills(exchange: Exchange, client: RawClient) -> None:
    exchange.partial_fill("0.5", parts=2)
    placed = await client.market("BUY", "0.1")
    assert (placed["status"], placed["executedQty"]) == ("EXPIRED", "0.05000000")
    assert [fill["price"] for fill in placed["fills"]] == ["95000.01000000", "95000.02000000"]
    assert (await client.market("BUY", "0.01"))["status"] == "FILLED"


async def test_immediate_limit_orders(exchange: Exchange, client: RawClient) -> None:
    resting = await client.ok("POST", ORDER, **LIMIT | {"timeInForce": "IOC"})
    taking = await client.ok("POST", ORDER, **LIMIT | {"timeInForce": "IOC", "price": "95001"})
    assert (resting["status"], taking["status"]) == ("EXPIRED", "FILLED")
    assert taking["fills"][0]["price"] == "95000.01000000"
    assert exchange.account("BTCUSDT").of("USDT").locked == 0


async def test_cancel_and_queries(exchange: Exchange, client: RawClient) -> None:
    placed = await client.ok("POST", ORDER, **LIMIT, newClientOrderId="mine")
    both = {"orderId": placed["orderId"], "origClientOrderId": "other"}
    assert await client.refused("GET", ORDER, **BTC, **both) == -2039
    assert await client.refused("GET", ORDER, **BTC) == -1102
    canceled = await client.ok(
        "DELETE", ORDER, **BTC, origClientOrderId="mine", newClientOrderId="bye"
    )
    assert (canceled["origClientOrderId"], canceled["clientOrderId"]) == ("mine", "bye")
    assert exchange.account("BTCUSDT").of("USDT").free == 10_000
    assert await client.refused("DELETE", ORDER, **BTC, origClientOrderId="mine") == -2011
    assert await client.refused("DELETE", "/sapi/v1/margin/openOrders", **BTC) == -2011
    assert await client.refused("GET", "/sapi/v1/margin/openOrders", isIsolated="TRUE") == -1102


async def test_trades_are_walked_by_id(exchange: Exchange, client: RawClient) -> None:
    ids = [(await client.market("BUY", "0.001"))["fills"][0]["tradeId"] for _ in range(5)]
    path = "/sapi/v1/margin/myTrades"
    page = await client.ok("GET", path, **BTC, fromId=ids[1], limit=2)
    assert [trade["id"] for trade in page] == ids[1:3]
    now = exchange.venue.clock.now_ms()
    window = {"startTime": now - 86_400_000, "endTime": now}
    assert await client.refused("GET", path, **BTC, **window) == -1127
    assert await client.refused("GET", path, **BTC, limit=1001) == -1130
    assert len(await client.ok("GET", path, **BTC)) == 5


async def test_unknown_account(exchange: Exchange, client: RawClient) -> None:
    del exchange.venue.accounts["ETHUSDT"]
    fields = {**BUY, "symbol": "ETHUSDT"}
    assert await client.refused("POST", ORDER, **fields) == -11001
    exchange.set_account("BTCUSDT", trade_enabled=False)
    assert await client.refused("POST", ORDER, **BUY) == -3022


async def test_the_persons_order_has_another_id(exchange: Exchange, client: RawClient) -> None:
    exchange.deposit("BTCUSDT", "BTC", "0.5")
    order = exchange.manual_order("BTCUSDT", "SELL", "0.1", type="LIMIT", price="99000")
    (found,) = await client.ok("GET", "/sapi/v1/margin/openOrders", **BTC)
    assert found["clientOrderId"] == order.ask.client_id == "ios_00000000000000000001"
    assert exchange.account("BTCUSDT").of("BTC").locked == Decimal("0.1")
    exchange.manual_cancel("BTCUSDT")
    assert await client.ok("GET", "/sapi/v1/margin/openOrders", **BTC) == []
