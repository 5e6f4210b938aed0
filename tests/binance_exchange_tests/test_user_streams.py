"""Listen tokens, wrapped events, and what goes wrong with them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.binance_exchange import Exchange
from tests.binance_exchange_tests import samples
from tests.binance_exchange_tests.raw_client import (
    BTC,
    ORDER,
    RawClient,
    next_json,
    subscribe,
    token_of,
    user_events,
)


async def _events(socket: ClientConnection, count: int) -> list[Any]:
    return [(await next_json(socket))["event"] for _ in range(count)]


def _reports(events: list[Any]) -> list[tuple[str, str]]:
    return [(e["x"], e["X"]) for e in events if e["e"] == "executionReport"]


async def test_token_and_answer(exchange: Exchange, client: RawClient) -> None:
    before = exchange.venue.clock.now_ms()
    token = await token_of(client, validity=60_000)
    assert before + 60_000 <= token["expirationTime"] <= before + 61_000
    async with connect(exchange.ws_api_url) as socket:
        answer = await subscribe(socket, token["token"])
    assert (answer["id"], answer["status"]) == ("1", 200)
    assert answer["result"] == {
        "subscriptionId": 0,
        "expirationTime": token["expirationTime"] * 1000,
    }
    assert answer["rateLimits"][0]["limit"] == 6000


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"isIsolated": "true"}, -1102),
        ({"isIsolated": "true", "symbol": "NOPE"}, -1121),
        ({"isIsolated": "true", "symbol": "BTCUSDT", "validity": "86400001"}, -1130),
    ],
)
async def test_refused_tokens(client: RawClient, fields: dict[str, str], code: int) -> None:
    answer = await client.http.post("/sapi/v1/userListenToken", data=fields)
    assert answer.json()["code"] == code


async def test_market_order_in_events(exchange: Exchange, client: RawClient) -> None:
    async with user_events(exchange, client) as socket:
        await client.market("BUY", "0.1", newClientOrderId="robson_core_9")
        taken, _, filled, balances = await _events(socket, 4)
    assert set(taken) == set(filled) == samples.EXECUTION
    assert (taken["x"], taken["N"], taken["t"], taken["w"]) == ("NEW", None, -1, True)
    assert (filled["x"], filled["X"], filled["c"], filled["C"]) == (
        "TRADE",
        "FILLED",
        "robson_core_9",
        "",
    )
    assert (filled["l"], filled["z"], filled["n"], filled["N"]) == (
        "0.10000000",
        "0.10000000",
        "0.00010000",
        "BTC",
    )
    assert balances["B"][0] == {"a": "BTC", "f": "0.09990000", "l": "0.00000000"}
    trades = await client.ok("GET", "/sapi/v1/margin/myTrades", **BTC)
    assert [trade["id"] for trade in trades] == [filled["t"]]


async def test_cancel_names_the_order_in_capital_c(exchange: Exchange, client: RawClient) -> None:
    await client.market("BUY", "0.1")
    stop = await client.stop("93000", "92000", "0.05", newClientOrderId="robson_core_s")
    async with user_events(exchange, client) as socket:
        await client.ok("DELETE", ORDER, **BTC, orderId=stop["orderId"], newClientOrderId="bye")
        canceled, balances = await _events(socket, 2)
    assert (canceled["x"], canceled["c"], canceled["C"]) == ("CANCELED", "bye", "robson_core_s")
    assert "W" not in canceled, "the stop never was on the book"
    assert balances["B"][0]["l"] == "0.00000000"


async def test_stop_goes_live_then_fills(exchange: Exchange, client: RawClient) -> None:
    await client.market("BUY", "0.1")
    await client.stop("93000", "92000", "0.05")
    async with user_events(exchange, client) as socket:
        exchange.trade("BTCUSDT", "92500")
        events = await _events(socket, 3)
    assert _reports(events) == [("NEW", "NEW"), ("TRADE", "FILLED")]
    assert (events[0]["w"], events[0]["P"]) == (True, "93000.00000000")


async def test_events_go_to_their_own_pair(exchange: Exchange, client: RawClient) -> None:
    async with connect(exchange.ws_api_url) as socket:
        for number, symbol in enumerate(("BTCUSDT", "ETHUSDT")):
            token = await token_of(client, symbol)
            answer = await subscribe(socket, token["token"])
            assert answer["result"]["subscriptionId"] == number
        exchange.deposit("ETHUSDT", "ETH", "3")
        frame = await next_json(socket)
    assert (frame["subscriptionId"], frame["event"]["e"]) == (1, "balanceUpdate")
    assert set(frame["event"]) == set("eEadT")
    assert frame["event"]["d"] == "3.00000000"


async def test_later_token_extends_the_same_subscription(
    exchange: Exchange, client: RawClient
) -> None:
    async with connect(exchange.ws_api_url) as socket:
        short, long = [await token_of(client, validity=v) for v in (150, 60_000)]
        assert (await subscribe(socket, short["token"]))["result"]["subscriptionId"] == 0
        assert (await subscribe(socket, long["token"]))["result"]["subscriptionId"] == 0
        await asyncio.sleep(0.25)
        exchange.deposit("BTCUSDT", "USDT", 1)
        assert (await next_json(socket))["event"]["e"] == "balanceUpdate"


async def test_expired_subscription_is_terminated(exchange: Exchange, client: RawClient) -> None:
    async with connect(exchange.ws_api_url) as socket:
        token = await token_of(client, validity=100)
        await subscribe(socket, token["token"])
        frame = await next_json(socket)
        assert (frame["subscriptionId"], frame["event"]["e"]) == (0, "eventStreamTerminated")
        again = await subscribe(socket, token["token"])
        assert (again["status"], again["error"]["code"]) == (400, -1209)


async def test_unsubscribe_and_unknown_methods(exchange: Exchange, client: RawClient) -> None:
    async with user_events(exchange, client) as socket:
        for params, status in (({"subscriptionId": 5}, 400), ({"subscriptionId": 0}, 200)):
            message = {"id": None, "method": "userDataStream.unsubscribe", "params": params}
            await socket.send(json.dumps(message))
            frames = [await next_json(socket) for _ in range(2 if status == 200 else 1)]
            assert frames[-1]["status"] == status
        await socket.send(json.dumps({"id": 3, "method": "userDataStream.start"}))
        assert (await next_json(socket))["status"] == 400
        assert exchange.user_streams.subscriptions == []


async def test_lost_event(exchange: Exchange, client: RawClient) -> None:
    fault = exchange.event_fault("lose", "executionReport", where={"x": "TRADE"})
    async with user_events(exchange, client) as socket:
        await client.market("BUY", "0.01")
        await client.market("BUY", "0.01")
        events = await _events(socket, 7)
    assert _reports(events) == [("NEW", "NEW"), ("NEW", "NEW"), ("TRADE", "FILLED")]
    assert fault.hits == 1


async def test_duplicated_event(exchange: Exchange, client: RawClient) -> None:
    exchange.event_fault("duplicate", "executionReport", where={"x": "TRADE"}, times=None)
    async with user_events(exchange, client) as socket:
        await client.market("BUY", "0.01")
        events = await _events(socket, 5)
    reports = [e for e in events if e["e"] == "executionReport"]
    assert reports[1] == reports[2]


async def test_reordered_events(exchange: Exchange, client: RawClient) -> None:
    exchange.partial_fill(1, parts=2)
    exchange.event_fault("reorder", "executionReport", where={"X": "PARTIALLY_FILLED"})
    async with user_events(exchange, client) as socket:
        await client.market("BUY", "0.01")
        events = await _events(socket, 6)
    kinds = [e["X"] if e["e"] == "executionReport" else "balances" for e in events]
    assert kinds == ["NEW", "balances", "balances", "PARTIALLY_FILLED", "FILLED", "balances"]


async def test_revoked_tokens_and_shutdown(exchange: Exchange, client: RawClient) -> None:
    async with user_events(exchange, client) as socket:
        exchange.shutdown_streams("user")
        assert set((await next_json(socket))["event"]) == {"e", "E"}
        exchange.revoke_tokens()
        assert (await next_json(socket))["event"]["e"] == "eventStreamTerminated"


async def test_stalled_user_stream_stays_silent(exchange: Exchange, client: RawClient) -> None:
    async with user_events(exchange, client) as socket:
        exchange.stall_streams("user")
        await client.market("BUY", "0.01")
        with pytest.raises(TimeoutError):
            await next_json(socket, 0.15)
        exchange.resume_streams("user")
        exchange.deposit("BTCUSDT", "USDT", 1)
        assert (await next_json(socket))["event"]["e"] == "balanceUpdate"


async def test_delayed_event(exchange: Exchange, client: RawClient) -> None:
    exchange.event_fault("delay", "executionReport", where={"x": "TRADE"}, delay_ms=100)
    async with user_events(exchange, client) as socket:
        await client.market("BUY", "0.01")
        events = await _events(socket, 4)
    assert [e.get("x", "balances") for e in events] == ["NEW", "balances", "balances", "TRADE"]
