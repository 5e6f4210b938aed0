"""Public trades, candles and feeds."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal

import pytest

from tests.binance_exchange import Exchange, Walk
from tests.binance_exchange_tests.raw_client import RawClient

BTC = {"symbol": "BTCUSDT"}


async def test_trades_page_by_id_and_time(exchange: Exchange, client: RawClient) -> None:
    for step in range(10):
        exchange.trade("BTCUSDT", 95_000 + step)
    page = await client.get("/api/v3/aggTrades", **BTC, fromId=5, limit=3)
    assert [trade["a"] for trade in page] == [5, 6, 7]
    assert page[0]["p"] == "95003.00000000"
    now = exchange.venue.clock.now_ms()
    recent = await client.get("/api/v3/aggTrades", **BTC, startTime=now - 60_000)
    assert len(recent) == 11
    old = await client.get("/api/v3/aggTrades", **BTC, endTime=now - 60_000)
    assert old == []
    history = await client.get("/api/v3/historicalTrades", **BTC, fromId=10)
    assert [trade["id"] for trade in history] == [10, 11]
    both = await client.http.get("/api/v3/aggTrades", params={**BTC, "fromId": 1, "startTime": now})
    assert both.json()["code"] == -1128


async def test_prices(exchange: Exchange, client: RawClient) -> None:
    exchange.trade("ETHUSDT", "2000.5")
    exchange.quote("ETHUSDT", "2000", "2001")
    one = await client.get("/api/v3/ticker/price", symbol="ETHUSDT")
    assert one == {"symbol": "ETHUSDT", "price": "2000.50000000"}
    both = await client.get("/api/v3/ticker/price", symbols='["BTCUSDT","ETHUSDT"]')
    assert [found["symbol"] for found in both] == ["BTCUSDT", "ETHUSDT"]
    book = await client.get("/api/v3/ticker/bookTicker", symbol="ETHUSDT")
    assert (book["bidPrice"], book["askPrice"]) == ("2000.00000000", "2001.00000000")
    exchange.index("ETHUSDT", "1990")
    index = await client.get("/sapi/v1/margin/priceIndex", symbol="ETHUSDT")
    assert index["price"] == "1990.00000000"


async def test_candles_come_from_trades_and_history(exchange: Exchange, client: RawClient) -> None:
    exchange.history("BTCUSDT", ["100", "110", "90", "105"], interval="15m")
    exchange.trade("BTCUSDT", "96000", "2")
    found = await client.get("/api/v3/klines", **BTC, interval="15m")
    assert [row[4] for row in found[:4]] == [f"{n}.00000000" for n in (100, 110, 90, 105)]
    assert [row[0] for row in found[:4]] == [found[4][0] - 900_000 * n for n in (4, 3, 2, 1)]
    assert found[4][2] == "96000.00000000"
    assert found[4][6] == found[4][0] + 899_999
    last = await client.get("/api/v3/klines", **BTC, interval="15m", limit=1)
    assert last == found[-1:]
    first = await client.get(
        "/api/v3/klines", **BTC, interval="15m", startTime=found[0][0], limit=2
    )
    assert first == found[:2]
    bad = await client.http.get("/api/v3/klines", params={**BTC, "interval": "7m"})
    assert bad.json()["code"] == -1120


async def test_walk_is_repeatable(exchange: Exchange) -> None:
    market = exchange.venue.market("BTCUSDT")
    steps = []
    for _ in range(2):
        exchange.trade("BTCUSDT", 95_000)
        await exchange.walk(Walk(symbol="BTCUSDT", steps=20, seed=7, every_ms=0))
        steps.append([trade.price for trade in market.trades][-20:])
    assert steps[0] == steps[1]
    assert len(set(steps[0])) > 10


async def test_spans_without_a_trade_are_flat(exchange: Exchange, client: RawClient) -> None:
    market = exchange.venue.market("BTCUSDT")
    now = exchange.venue.clock.now_ms()
    market.candles[60_000].clear()
    for ago, price in ((10, 100), (7, 110)):
        market.record(Decimal(price), Decimal(1), now - ago * 60_000)
    found = await client.get("/api/v3/klines", **BTC, interval="1m", endTime=now, limit=11)
    assert [int(float(row[4])) for row in found] == [100] * 3 + [110] * 8
    assert [row[8] for row in found] == [1, 0, 0, 1] + [0] * 7
    assert {late[0] - early[0] for early, late in itertools.pairwise(found)} == {60_000}


@pytest.mark.parametrize("combined", [True, False])
async def test_recorded_frames_are_played(exchange: Exchange, combined: bool) -> None:
    events = [
        {"e": "aggTrade", "s": "BTCUSDT", "p": str(95_000 + n), "q": "0.5", "T": n, "m": n % 2 == 0}
        for n in range(5)
    ]
    noise = {"e": "24hrTicker", "s": "BTCUSDT"}
    lines = [
        json.dumps({"stream": "x", "data": event} if combined else event)
        for event in [noise, *events]
    ]
    assert await exchange.play(lines, speed=0) == 5
    market = exchange.venue.market("BTCUSDT")
    assert market.last == 95_004
    assert [trade.buyer_maker for trade in market.trades][-2:] == [False, True]
    assert market.trades[-1].quantity == Decimal("0.5")
