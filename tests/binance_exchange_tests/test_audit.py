"""What the exchange can say about a client."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from tests.binance_exchange import API_KEY, Exchange
from tests.binance_exchange_tests.raw_client import BTC, ORDER, RawClient

DUST = Decimal("0.0001")
BUY = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.01"}


async def test_requests_are_kept_as_they_came_without_the_key(
    exchange: Exchange, client: RawClient
) -> None:
    query = "symbol=BTCUSDT&limit=2"
    await client.raw("GET", "/api/v3/aggTrades", query)
    await client.http.post("/sapi/v1/userListenToken", content=b"symbol=BTCUSDT&isIsolated=true")
    first, second = exchange.audit.requests
    assert (first.method, first.path, first.query) == ("GET", "/api/v3/aggTrades", query)
    assert (second.body, second.status) == ("symbol=BTCUSDT&isIsolated=true", 200)
    assert API_KEY not in str(exchange.audit.requests)
    assert exchange.audit.calls("GET", limit="2") == [first]
    assert exchange.audit.request_rate() == 2


async def test_flips_and_oversell(exchange: Exchange, client: RawClient) -> None:
    exchange.deposit("BTCUSDT", "BTC", "1")
    exchange.deposit("BTCUSDT", "USDT", "10000")
    await client.market("BUY", "0.1", newClientOrderId="robson_core_a")
    exchange.manual_order("BTCUSDT", "BUY", "0.1")
    await client.market("SELL", "0.0999", newClientOrderId="robson_core_b")
    audit = exchange.audit
    assert audit.flips("BTCUSDT", prefix="robson_core_", dust=DUST) == []
    await client.market("SELL", "0.05", newClientOrderId="robson_core_b")
    assert audit.flips("BTCUSDT", dust=DUST) == [], "the person's quantity hides it"
    assert audit.oversold("BTCUSDT", prefix="robson_core_", dust=DUST) == Decimal("0.05")
    assert audit.oversold("BTCUSDT", prefix="ios_") == 0
    assert list(audit.double_fills()) == ["robson_core_b"]
    await client.market("SELL", "0.06")
    (flip,) = audit.flips("BTCUSDT", dust=DUST)
    assert (flip.before, flip.after) == (Decimal("0.0499"), Decimal("-0.0101"))
    assert audit.sold_beyond("BTCUSDT", Decimal(1))[0].net == Decimal("0.9899")


async def test_covering_a_short_with_its_interest_is_no_flip(
    exchange: Exchange, client: RawClient
) -> None:
    await client.market("SELL", "0.1", sideEffectType="AUTO_BORROW_REPAY")
    await client.market("BUY", "0.10011", sideEffectType="AUTO_REPAY")
    assert exchange.audit.flips("BTCUSDT", dust=DUST) == []
    await client.market("SELL", "0.1", sideEffectType="AUTO_BORROW_REPAY")
    await client.market("BUY", "0.2", sideEffectType="AUTO_REPAY")
    assert len(exchange.audit.flips("BTCUSDT", dust=DUST)) == 1


async def test_seconds_without_a_stop(exchange: Exchange, client: RawClient) -> None:
    audit = exchange.audit
    assert audit.seconds_without_stop("BTCUSDT") == 0
    await client.market("BUY", "0.1")
    await asyncio.sleep(0.1)
    await client.stop("93000", "92000", "0.0999")
    covered_from = exchange.venue.clock.real_ms()
    bare = audit.seconds_without_stop("BTCUSDT", dust=DUST)
    assert Decimal("0.09") < bare < Decimal("0.4")
    await asyncio.sleep(0.1)
    assert audit.seconds_without_stop("BTCUSDT", dust=DUST) == bare
    exchange.manual_cancel("BTCUSDT")
    later = audit.seconds_without_stop("BTCUSDT", dust=DUST, until_ms=covered_from + 5_000)
    assert later > bare + 4


async def test_exposure_ends_with_the_exit(exchange: Exchange, client: RawClient) -> None:
    exchange.deposit("BTCUSDT", "BTC", "1")
    await client.market("BUY", "0.1")
    await client.market("SELL", "0.0999")
    last = exchange.audit.exposures[-1]
    assert (last.net, last.traded) == (Decimal(1), Decimal(0))
    assert last.is_stopped(Decimal(0))


async def test_cut_requests_show_what_really_happened(
    exchange: Exchange, client: RawClient
) -> None:
    exchange.fault("html", ORDER, "POST", executed=True)
    await client.signed("POST", ORDER, **BUY)
    (call,) = exchange.audit.calls("POST", ORDER)
    assert (call.status, call.true_status, call.fault) == (502, 200, "html")
    await client.refused("POST", ORDER, **BUY | {"quantity": "0.000001"})
    assert exchange.audit.requests[-1].code == -1013
