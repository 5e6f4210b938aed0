"""Weights per pool in the headers, back-off, bans, unfilled orders."""

from __future__ import annotations

import attrs
import pytest

from tests.binance_exchange import LimitRules, Options, running_exchange
from tests.binance_exchange.limits import Limits
from tests.binance_exchange.wire import ApiError
from tests.binance_exchange_tests.raw_client import BTC, ORDER, RawClient, client_of

NOON = 1_800_000_000_000
BUY = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.001"}


async def test_headers_count_per_pool_and_endpoint(client: RawClient) -> None:
    first = await client.http.get("/api/v3/exchangeInfo")
    second = await client.http.get("/api/v3/time")
    assert [r.headers["x-mbx-used-weight-1m"] for r in (first, second)] == ["20", "21"]
    plain = await client.signed("POST", ORDER, **BUY)
    borrowing = await client.signed("POST", ORDER, **BUY, sideEffectType="MARGIN_BUY")
    uid = "x-sapi-used-uid-weight-1m"
    assert [plain.headers[uid], borrowing.headers[uid]] == ["6", "1506"]
    assert plain.headers["x-mbx-order-count-10s"] == "1"
    account = await client.signed("GET", "/sapi/v1/margin/isolated/account")
    opened = await client.signed("GET", "/sapi/v1/margin/openOrders", **BTC)
    ip = "x-sapi-used-ip-weight-1m"
    assert [account.headers[ip], opened.headers[ip]] == ["10", "10"]


async def test_refused_requests_weigh_too(client: RawClient) -> None:
    await client.refused("GET", ORDER, **BTC, orderId=1)
    again = await client.signed("GET", ORDER, **BTC, orderId=1)
    assert again.headers["x-sapi-used-ip-weight-1m"] == "20"


async def test_ignoring_back_off_is_banned() -> None:
    options = Options(limits=LimitRules(api=3, violations_before_ban=2))
    async with running_exchange(options) as exchange, client_of(exchange) as client:
        codes = [(await client.http.get("/api/v3/ping")).status_code for _ in range(7)]
        assert codes == [200, 200, 200, 429, 429, 418, 418]
        assert (await client.signed("GET", ORDER, **BTC, orderId=1)).status_code == 418


def test_back_off_ends_with_the_minute_and_bans_double() -> None:
    limits = Limits(LimitRules(uid=10, violations_before_ban=0))
    limits.charge("uid", "a", 10, NOON)
    limits.charge("uid", "b", 10, NOON)
    with pytest.raises(ApiError, match="banned until 1800000120000") as refused:
        limits.charge("uid", "a", 1, NOON)
    assert refused.value.headers["retry-after"] == "120"
    limits.check_ban(NOON + 120_000)
    assert limits.charge("uid", "a", 1, NOON + 120_000)["x-sapi-used-uid-weight-1m"] == "1"
    with pytest.raises(ApiError, match="banned until 1800000360000"):
        limits.charge("uid", "a", 10, NOON + 120_000)


def test_back_off_says_how_long() -> None:
    limits = Limits(LimitRules(ip=10))
    with pytest.raises(ApiError) as refused:
        limits.charge("ip", "a", 11, NOON + 20_500)
    assert (refused.value.status, refused.value.headers["retry-after"]) == (429, "40")


async def test_unfilled_orders_are_counted_until_they_fill() -> None:
    rules = attrs.evolve(LimitRules(), orders_10s=2, orders_1d=2)
    async with (
        running_exchange(Options(limits=rules)) as exchange,
        client_of(exchange) as client,
    ):
        for _ in range(3):
            await client.ok("POST", ORDER, **BUY)
        limit = {**BUY, "type": "LIMIT", "price": "90000", "timeInForce": "GTC"}
        for _ in range(2):
            await client.ok("POST", ORDER, **limit)
        counts = await client.ok("GET", "/sapi/v1/margin/rateLimit/order", **BTC)
        assert counts[1]["count"] == 2
        assert await client.refused("POST", ORDER, **limit) == -1015
        exchange.trade("BTCUSDT", "89999")
        await client.ok("POST", ORDER, **limit | {"price": "85000"})


async def test_all_orders_has_its_own_limit() -> None:
    options = Options(limits=LimitRules(all_orders_per_minute=2))
    async with running_exchange(options) as exchange, client_of(exchange) as client:
        path = "/sapi/v1/margin/allOrders"
        codes = [(await client.signed("GET", path, **BTC)).status_code for _ in range(3)]
        assert codes == [200, 200, 429]


async def test_reading_assets_too_fast() -> None:
    async with (
        running_exchange(Options(asset_read_min_ms=60_000)) as exchange,
        client_of(exchange) as client,
    ):
        path = "/sapi/v1/margin/isolated/account"
        await client.ok("GET", path)
        assert await client.refused("GET", path) == -21003
