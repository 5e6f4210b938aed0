"""Resting stops: they lock, they trigger on the last price, they block a second sell."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.binance_exchange import Exchange
from tests.binance_exchange_tests.raw_client import BTC, ORDER, RawClient

SELL = {**BTC, "side": "SELL", "type": "MARKET"}


async def test_stop_locks_and_blocks_the_exit(exchange: Exchange, client: RawClient) -> None:
    await client.market("BUY", "0.1")
    stop = await client.stop("93000", "92000", "0.0999")
    assert (stop["status"], stop["fills"]) == ("NEW", [])
    base = (await client.account())["baseAsset"]
    assert (base["free"], base["locked"]) == ("0.00000000", "0.09990000")
    assert await client.refused("POST", ORDER, **SELL, quantity="0.0999") == -2010
    await client.ok("DELETE", ORDER, **BTC, orderId=stop["orderId"])
    assert (await client.market("SELL", "0.0999"))["status"] == "FILLED"


async def test_stop_triggers_at_its_price_and_fills(exchange: Exchange, client: RawClient) -> None:
    await client.market("BUY", "0.1")
    stop = await client.stop("93000", "92000", "0.0999")
    query = {**BTC, "orderId": stop["orderId"]}
    exchange.trade("BTCUSDT", "93000.01")
    waiting = await client.ok("GET", ORDER, **query)
    assert (waiting["status"], waiting["isWorking"]) == ("NEW", False)
    exchange.trade("BTCUSDT", "93000")
    found = await client.ok("GET", ORDER, **query)
    assert (found["status"], found["executedQty"]) == ("FILLED", "0.09990000")
    assert found["cummulativeQuoteQty"] == f"{Decimal('0.0999') * Decimal('92999.99'):.8f}"
    assert exchange.account("BTCUSDT").of("BTC").total == 0


async def test_triggered_stop_limit_may_rest(exchange: Exchange, client: RawClient) -> None:
    await client.market("BUY", "0.1")
    stop = await client.stop("93000", "92900", "0.0999")
    exchange.trade("BTCUSDT", "91000")
    found = await client.ok("GET", ORDER, **BTC, orderId=stop["orderId"])
    assert (found["status"], found["isWorking"], found["executedQty"]) == (
        "NEW",
        True,
        "0.00000000",
    )
    assert exchange.account("BTCUSDT").of("BTC").locked == Decimal("0.0999")
    exchange.trade("BTCUSDT", "92950")
    found = await client.ok("GET", ORDER, **BTC, orderId=stop["orderId"])
    assert (found["status"], found["cummulativeQuoteQty"]) == ("FILLED", "9280.71000000")


@pytest.mark.parametrize(("side", "stop_price"), [("SELL", "95000.01"), ("BUY", "95000.01")])
async def test_stop_that_would_trigger_at_once(
    client: RawClient, side: str, stop_price: str
) -> None:
    await client.market("BUY", "0.05")
    fields = {**BTC, "side": side, "type": "STOP_LOSS_LIMIT", "quantity": "0.01"}
    more = {"price": stop_price, "stopPrice": stop_price, "timeInForce": "GTC"}
    answer = await client.signed("POST", ORDER, **fields, **more)
    assert answer.json() == {"code": -2010, "msg": "Order would trigger immediately."}


async def test_only_five_stops(exchange: Exchange, client: RawClient) -> None:
    await client.market("BUY", "0.1")
    for _ in range(5):
        await client.stop("93000", "92000", "0.01")
    fields = {**SELL, "type": "STOP_LOSS_LIMIT", "quantity": "0.01", "timeInForce": "GTC"}
    answer = await client.signed("POST", ORDER, **fields, price="92000", stopPrice="93000")
    assert answer.json()["msg"] == "Filter failure: MAX_NUM_ALGO_ORDERS"


async def test_stop_of_a_short_buys_and_repays(exchange: Exchange, client: RawClient) -> None:
    await client.market("SELL", "0.1", sideEffectType="AUTO_BORROW_REPAY")
    owed = exchange.account("BTCUSDT").of("BTC").debt
    await client.ok(
        "POST",
        ORDER,
        **BTC,
        side="BUY",
        type="STOP_LOSS_LIMIT",
        quantity="0.10011",
        price="98000",
        stopPrice="97000",
        timeInForce="GTC",
        sideEffectType="AUTO_REPAY",
    )
    assert exchange.account("BTCUSDT").of("USDT").locked == Decimal("9810.78")
    exchange.trade("BTCUSDT", "97000")
    base = exchange.account("BTCUSDT").of("BTC")
    assert base.debt == 0
    assert exchange.account("BTCUSDT").of("USDT").locked == 0
    assert base.free == Decimal("0.10011") - Decimal("0.00010011") - owed
