"""Answers have the fields of the documented ones, no fewer and no more."""

from __future__ import annotations

from tests.binance_exchange import Exchange
from tests.binance_exchange_tests import samples
from tests.binance_exchange_tests.raw_client import BTC, ORDER, RawClient

MARGIN = "/sapi/v1/margin/"


async def test_orders_and_trades(exchange: Exchange, client: RawClient) -> None:
    placed = await client.market("BUY", "0.2", sideEffectType="MARGIN_BUY")
    assert set(placed) == samples.PLACED_FULL
    assert set(placed["fills"][0]) == samples.PLACED_FILL
    assert isinstance(placed["marginBuyBorrowAmount"], float)
    stop = await client.stop("90000", "89000", "0.1")
    found = await client.ok("GET", ORDER, **BTC, orderId=stop["orderId"])
    assert set(found) == samples.QUERIED_ORDER
    (resting,) = await client.ok("GET", MARGIN + "openOrders", **BTC)
    assert set(resting) == samples.QUERIED_ORDER
    (trade,) = await client.ok("GET", MARGIN + "myTrades", **BTC)
    assert set(trade) == samples.MY_TRADE
    canceled = await client.ok("DELETE", ORDER, **BTC, orderId=stop["orderId"])
    assert set(canceled) == samples.CANCELED
    assert canceled["orderId"] == str(stop["orderId"])
    await client.stop("90000", "89000", "0.1")
    (swept,) = await client.ok("DELETE", MARGIN + "openOrders", **BTC)
    assert set(swept) == samples.SWEPT
    listed = await client.ok("GET", MARGIN + "allOrders", **BTC)
    assert [set(order) for order in listed] == [samples.QUERIED_ORDER] * 3
    counts = await client.ok("GET", MARGIN + "rateLimit/order", **BTC)
    assert [set(count) for count in counts] == [samples.ORDER_COUNT] * 2


async def test_accounts(exchange: Exchange, client: RawClient) -> None:
    whole = await client.ok("GET", MARGIN + "isolated/account")
    assert set(whole) == {"assets"} | samples.TOTALS
    named = await client.ok("GET", MARGIN + "isolated/account", symbols="BTCUSDT")
    assert set(named) == {"assets"}
    (account,) = named["assets"]
    assert set(account) == samples.ISOLATED
    assert set(account["baseAsset"]) == set(account["quoteAsset"]) == samples.ISOLATED_ASSET
    assert all(isinstance(account["quoteAsset"][n], str) for n in ("free", "borrowed"))
    assert await client.ok("GET", MARGIN + "isolated/accountLimit") == {
        "enabledAccount": 2,
        "maxAccount": 20,
    }
    (data,) = await client.ok("GET", MARGIN + "isolatedMarginData", symbol="BTCUSDT")
    assert set(data) == samples.FEE_DATA
    (tier,) = await client.ok("GET", MARGIN + "isolatedMarginTier", symbol="BTCUSDT")
    assert set(tier) == samples.TIER
    pairs = await client.get(MARGIN + "isolated/allPairs")
    assert [set(pair) for pair in pairs] == [samples.PAIR] * 2
    room = await client.ok("GET", MARGIN + "maxBorrowable", asset="USDT", isolatedSymbol="BTCUSDT")
    assert room == {"amount": "70000.00000000", "borrowLimit": "70000"}
    rights = await client.ok("GET", "/sapi/v1/account/apiRestrictions")
    assert set(rights) == samples.RESTRICTIONS
    assert set(await client.get(MARGIN + "priceIndex", symbol="BTCUSDT")) == {
        "calcTime",
        "price",
        "symbol",
    }


async def test_debt_records(exchange: Exchange, client: RawClient) -> None:
    loan = {**BTC, "asset": "USDT", "amount": "100"}
    assert set(await client.ok("POST", MARGIN + "borrow-repay", **loan, type="BORROW")) == {
        "tranId"
    }
    await client.ok("POST", MARGIN + "borrow-repay", **loan, type="REPAY")
    for kind in ("BORROW", "REPAY"):
        found = await client.ok("GET", MARGIN + "borrow-repay", type=kind, isolatedSymbol="BTCUSDT")
        assert found["total"] == 1
        assert set(found["rows"][0]) == samples.LOAN
    charged = await client.ok("GET", MARGIN + "interestHistory", isolatedSymbol="BTCUSDT")
    assert set(charged["rows"][0]) == samples.INTEREST
    exchange.manual_order("BTCUSDT", "BUY", "0.3", side_effect="MARGIN_BUY")
    exchange.liquidate("BTCUSDT")
    forced = await client.ok("GET", MARGIN + "forceLiquidationRec", isolatedSymbol="BTCUSDT")
    assert forced["total"] == 1
    assert set(forced["rows"][0]) == samples.LIQUIDATION


async def test_market(exchange: Exchange, client: RawClient) -> None:
    info = await client.get("/api/v3/exchangeInfo", symbol="BTCUSDT")
    assert set(info) == samples.INFO
    (symbol,) = info["symbols"]
    extra = {"baseCommissionPrecision", "quoteCommissionPrecision", "otoAllowed", "permissionSets"}
    assert set(symbol) == samples.INFO_SYMBOL | extra
    assert set(await client.get("/api/v3/ticker/bookTicker", symbol="BTCUSDT")) == samples.BOOK
    (trade,) = await client.get("/api/v3/trades", symbol="BTCUSDT")
    assert set(trade) == samples.TRADE
    (aggregate,) = await client.get("/api/v3/aggTrades", symbol="BTCUSDT")
    assert set(aggregate) == samples.AGG_TRADE
    (candle,) = await client.get("/api/v3/klines", symbol="BTCUSDT", interval="1m")
    assert [type(field) for field in candle] == [int, *[str] * 5, int, str, int, *[str] * 3]


async def test_filters_are_what_the_exchange_publishes(client: RawClient) -> None:
    info = await client.get("/api/v3/exchangeInfo", symbol="BTCUSDT")
    filters = {f["filterType"]: f for f in info["symbols"][0]["filters"]}
    assert filters["MARKET_LOT_SIZE"]["stepSize"] == "0.00000000"
    assert filters["MARKET_LOT_SIZE"]["minQty"] == "0.00000000"
    assert filters["MAX_NUM_ALGO_ORDERS"]["maxNumAlgoOrders"] == 5
    assert "STOP_LOSS" not in info["symbols"][0]["orderTypes"]
    assert {"NOTIONAL", "PERCENT_PRICE_BY_SIDE", "LOT_SIZE", "PRICE_FILTER"} <= set(filters)
