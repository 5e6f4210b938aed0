"""Every fault does what it says, to the request it names, as often as it says."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.binance_exchange import Exchange
from tests.binance_exchange_tests.raw_client import BTC, ORDER, RawClient, client_of

BUY: dict[str, Any] = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
NAMED = {**BUY, "newClientOrderId": "robson_core_1"}
QUERY = {**BTC, "origClientOrderId": "robson_core_1"}


async def _outcome(exchange: Exchange, client: RawClient) -> str | None:
    """Return the status of the named order once nothing is wrong any more."""
    exchange.clear_faults()
    answer = await client.signed("GET", ORDER, **QUERY)
    found = answer.json().get("status")
    return None if found is None else str(found)


@pytest.mark.parametrize("executed", [True, False])
async def test_timeout(exchange: Exchange, executed: bool) -> None:
    fault = exchange.fault("timeout", ORDER, "POST", executed=executed)
    async with client_of(exchange, timeout_s=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.signed("POST", ORDER, **NAMED)
        assert fault.hits == 1
        assert await _outcome(exchange, client) == ("FILLED" if executed else None)
    call = exchange.audit.calls("POST", ORDER)[0]
    assert (call.fault, call.status, call.true_status) == ("timeout", 0, 200 if executed else 0)


@pytest.mark.parametrize("executed", [True, False])
async def test_close(exchange: Exchange, client: RawClient, executed: bool) -> None:
    exchange.fault("close", ORDER, "POST", executed=executed)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await client.signed("POST", ORDER, **NAMED)
    assert await _outcome(exchange, client) == ("FILLED" if executed else None)


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"kind": "unknown_503"}, 503, "Unknown error, please check your request or try again"),
        ({"kind": "html"}, 502, "<html>"),
        ({"kind": "html", "status": 504}, 504, "nginx"),
        ({"kind": "empty"}, 504, ""),
        ({"kind": "code", "code": -1006}, 500, '"code":-1006'),
        ({"kind": "code", "code": -1007}, 504, "Send status unknown; execution status unknown."),
        ({"kind": "code", "code": -1007, "status": 400}, 400, '"code":-1007'),
        ({"kind": "code", "code": -21003}, 400, "Fail to retrieve margin assets."),
    ],
)
async def test_answers_in_place_of_the_truth(
    exchange: Exchange, executed: bool, fault: dict[str, Any], status: int, text: str
) -> None:
    exchange.fault(**fault, path=ORDER, method="POST", executed=executed)
    async with client_of(exchange) as client:
        answer = await client.signed("POST", ORDER, **NAMED)
        assert answer.status_code == status
        assert text in answer.text
        assert answer.content == b"" or fault["kind"] != "empty"
        assert await _outcome(exchange, client) == ("FILLED" if executed else None)


async def test_pending_transaction(exchange: Exchange, client: RawClient) -> None:
    fault = exchange.fault("code", ORDER, "POST", code=-3007, times=2)
    codes = [await client.refused("POST", ORDER, **NAMED) for _ in range(2)]
    assert (codes, fault.hits) == ([-3007, -3007], 2)
    await client.ok("POST", ORDER, **NAMED)


async def test_back_off_and_ban(exchange: Exchange, client: RawClient) -> None:
    exchange.fault("limit", ORDER, "POST", status=429, retry_after=7)
    answer = await client.signed("POST", ORDER, **NAMED)
    assert (answer.status_code, answer.json()["code"]) == (429, -1003)
    assert answer.headers["retry-after"] == "7"
    exchange.fault("limit", "/api/v3/time", status=418, retry_after=120)
    banned = await client.http.get("/api/v3/time")
    assert (banned.status_code, banned.headers["retry-after"]) == (418, "120")
    until = exchange.limits.banned_until_ms
    everywhere = await client.http.get("/api/v3/ping")
    assert everywhere.status_code == 418
    assert f"IP banned until {until}." in everywhere.json()["msg"]


async def test_fault_strikes_only_what_it_names(exchange: Exchange, client: RawClient) -> None:
    fault = exchange.fault(
        "code", ORDER, "POST", code=-1000, where={"side": "SELL"}, after=1, times=1
    )
    sell = {**BUY, "side": "SELL", "quantity": "0.001"}
    await client.ok("POST", ORDER, **BUY)
    await client.ok("POST", ORDER, **sell)
    assert await client.refused("POST", ORDER, **sell) == -1000
    await client.ok("POST", ORDER, **sell)
    assert fault.hits == 1


async def test_slow_answer_is_late_at_the_matching_engine(
    exchange: Exchange, client: RawClient
) -> None:
    exchange.fault("slow", ORDER, "POST", delay_ms=150)
    assert await client.refused("POST", ORDER, **NAMED, recvWindow="100") == -1021
    exchange.fault("slow", ORDER, "POST", delay_after_ms=150)
    started = asyncio.get_running_loop().time()
    await client.ok("POST", ORDER, **NAMED, recvWindow="100")
    assert asyncio.get_running_loop().time() - started >= 0.15


async def test_abandoned_slow_request_is_still_executed(exchange: Exchange) -> None:
    exchange.fault("slow", ORDER, "POST", delay_ms=200)
    async with client_of(exchange, timeout_s=0.1) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.signed("POST", ORDER, **NAMED)
    async with client_of(exchange) as client:
        assert await _outcome(exchange, client) is None
        await asyncio.sleep(0.25)
        assert await _outcome(exchange, client) == "FILLED"


async def test_late_visibility(exchange: Exchange, client: RawClient) -> None:
    exchange.late_visibility(150)
    limit = {"type": "LIMIT", "price": "90000", "timeInForce": "GTC"}
    await client.ok("POST", ORDER, **NAMED | limit)
    assert await client.refused("GET", ORDER, **QUERY) == -2013
    assert await client.refused("DELETE", ORDER, **QUERY) == -2011
    assert len(await client.ok("GET", "/sapi/v1/margin/openOrders", **BTC)) == 1
    exchange.late_visibility(150, open_orders_too=True)
    assert await client.ok("GET", "/sapi/v1/margin/openOrders", **BTC) == []
    await asyncio.sleep(0.2)
    assert (await client.ok("GET", ORDER, **QUERY))["status"] == "NEW"
    assert len(await client.ok("GET", "/sapi/v1/margin/openOrders", **BTC)) == 1


async def test_mistakes_of_the_exchange_itself_are_loud(exchange: Exchange) -> None:
    assert exchange.failures == []
    with pytest.raises(ValueError, match="kind"):
        exchange.fault("nonsense")


async def test_banned_address_gets_no_websocket(exchange: Exchange, client: RawClient) -> None:
    exchange.ban(60)
    with pytest.raises(InvalidStatus, match="418"):
        await connect(exchange.ws_api_url)
    assert (await client.http.get("/api/v3/ping")).headers["retry-after"] == "60"
