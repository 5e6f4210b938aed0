"""Market streams: raw and combined, subscriptions, limits, silence and shutdown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.binance_exchange import Exchange, Options, SocketRules, running_exchange
from tests.binance_exchange_tests import samples
from tests.binance_exchange_tests.raw_client import next_json

ALL = ("aggTrade", "trade", "bookTicker", "ticker", "kline_1m")


def _address(exchange: Exchange, names: Iterable[str]) -> str:
    return f"{exchange.ws_url}/stream?streams=" + "/".join(f"btcusdt@{name}" for name in names)


async def _say(socket: ClientConnection, method: str, *names: str, number: Any = 1) -> Any:
    await socket.send(json.dumps({"method": method, "params": list(names), "id": number}))
    return await next_json(socket)


async def _is_silent(socket: ClientConnection, seconds: float = 0.15) -> bool:
    try:
        await asyncio.wait_for(socket.recv(), seconds)
    except TimeoutError:
        return True
    return False


async def test_every_stream_has_its_fields(exchange: Exchange) -> None:
    wanted = {
        "aggTrade": samples.STREAM_AGG,
        "trade": samples.STREAM_TRADE,
        "bookTicker": samples.STREAM_BOOK,
        "ticker": samples.STREAM_TICKER,
        "kline_1m": frozenset("eEsk"),
    }
    found: dict[str, Any] = {}
    async with connect(_address(exchange, ALL)) as socket:
        exchange.trade("BTCUSDT", "95001", "0.25", buyer_maker=True)
        while set(found) != set(wanted):
            frame = await next_json(socket)
            found[frame["stream"].removeprefix("btcusdt@")] = frame["data"]
    assert {name: frozenset(data) for name, data in found.items()} == wanted
    assert set(found["kline_1m"]["k"]) == samples.STREAM_KLINE
    assert (found["aggTrade"]["p"], found["aggTrade"]["m"]) == ("95001.00000000", True)
    assert found["bookTicker"]["b"] == "95000.99000000"


async def test_raw_subscriptions(exchange: Exchange) -> None:
    async with connect(exchange.ws_url + "/ws") as socket:
        answer = await _say(socket, "SUBSCRIBE", "btcusdt@trade", "BTCUSDT@aggTrade", number=7)
        assert answer == {"result": None, "id": 7}
        listed = await _say(socket, "LIST_SUBSCRIPTIONS", number="x")
        assert listed == {"result": ["btcusdt@trade", "BTCUSDT@aggTrade"], "id": "x"}
        exchange.trade("BTCUSDT", "95001")
        assert (await next_json(socket))["e"] == "trade"
        assert await _is_silent(socket), "a name in upper case is accepted and stays silent"
        await _say(socket, "UNSUBSCRIBE", "btcusdt@trade", number=None)
        exchange.trade("BTCUSDT", "95002")
        assert await _is_silent(socket)


async def test_address_with_one_stream_is_raw(exchange: Exchange) -> None:
    async with connect(exchange.ws_url + "/ws/ethusdt@bookTicker") as socket:
        exchange.quote("ETHUSDT", "1999", "2001")
        assert set(await next_json(socket)) == samples.STREAM_BOOK


async def test_malformed_commands(exchange: Exchange) -> None:
    async with connect(exchange.ws_url + "/ws") as socket:
        await socket.send("{")
        assert (await next_json(socket))["code"] == 3
        assert (await _say(socket, "FOO", number=2))["error"]["code"] == 2


async def test_more_than_five_messages_a_second_is_cut(exchange: Exchange) -> None:
    async with connect(exchange.ws_url + "/ws") as socket:
        for number in range(5):
            await _say(socket, "LIST_SUBSCRIPTIONS", number=number)
        await asyncio.gather(socket.ping())
        with pytest.raises(ConnectionClosed) as closed:
            await next_json(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_unknown_address_and_refusal(exchange: Exchange) -> None:
    with pytest.raises(InvalidStatus) as unknown:
        await connect(exchange.ws_url + "/nowhere")
    exchange.refuse_streams()
    with pytest.raises(InvalidStatus) as refused:
        await connect(exchange.ws_url + "/ws")
    codes = (unknown.value.response.status_code, refused.value.response.status_code)
    assert codes == (404, 503)


async def test_too_many_connections() -> None:
    async with (
        running_exchange(Options(connections_per_5_min=1)) as exchange,
        connect(exchange.ws_url + "/ws"),
    ):
        with pytest.raises(InvalidStatus, match="429"):
            await connect(exchange.ws_url + "/ws")


async def test_drop_and_polite_close(exchange: Exchange) -> None:
    async with connect(_address(exchange, ALL)) as socket:
        assert exchange.drop_streams("market") == 1
        with pytest.raises(ConnectionClosed) as dropped:
            await next_json(socket)
        assert dropped.value.rcvd is None
    async with connect(_address(exchange, ["trade"])) as socket:
        exchange.close_streams("market")
        with pytest.raises(ConnectionClosed) as closed:
            await next_json(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


async def test_stall_sends_nothing_at_all_and_loses_it() -> None:
    quick = SocketRules(ping_every_s=0.05, pong_within_s=5)
    async with (
        running_exchange(Options(sockets=quick)) as exchange,
        connect(_address(exchange, ["trade"]), ping_interval=None) as socket,
    ):
        assert exchange.stall_streams("market") == 1
        exchange.trade("BTCUSDT", "95001")
        assert await _is_silent(socket)
        assert [s.swallowed for s in exchange.sockets("market")] == [1]
        pong = await socket.ping()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pong, 0.1)
        exchange.resume_streams()
        exchange.trade("BTCUSDT", "95002")
        assert (await next_json(socket))["data"]["p"] == "95002.00000000"
    assert exchange.failures == []


async def test_pings_come_and_must_be_answered() -> None:
    rules = SocketRules(ping_every_s=0.05, pong_within_s=0.12, messages_per_s=None)
    async with running_exchange(Options(sockets=rules)) as exchange:
        async with connect(_address(exchange, ["trade"])) as socket:
            await asyncio.sleep(0.3)
            exchange.trade("BTCUSDT", "95001")
            assert (await next_json(socket))["data"]["e"] == "trade"
        reader, writer = await asyncio.open_connection("127.0.0.1", int(exchange.ws_url[-5:]))
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        head = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(f"{head}{key}\r\n".encode())
        heard = await asyncio.wait_for(reader.read(), 2)
        writer.close()
    assert b"\x89" in heard, "a ping"
    assert b"\x88\x0e\x03\xf0Pong timeout" in heard, "then the close"


async def test_life_ends() -> None:
    rules = SocketRules(ping_every_s=5, life_s=0.1)
    async with (
        running_exchange(Options(sockets=rules)) as exchange,
        connect(exchange.ws_url + "/ws") as socket,
    ):
        with pytest.raises(ConnectionClosed):
            await next_json(socket)


async def test_server_shutdown_is_announced(exchange: Exchange) -> None:
    async with (
        connect(_address(exchange, ["trade"])) as combined,
        connect(exchange.ws_url + "/ws") as raw,
    ):
        exchange.shutdown_streams("market")
        assert set(await next_json(raw)) == {"e", "E"}
        found = await next_json(combined)
        assert (found["stream"], found["data"]["e"]) == ("!serverShutdown", "serverShutdown")


async def test_candle_closes_once(exchange: Exchange) -> None:
    async with connect(_address(exchange, ["kline_1s"])) as socket:
        exchange.trade("BTCUSDT", "95001")
        frames = [await next_json(socket)]
        await asyncio.sleep(1.05)
        exchange.trade("BTCUSDT", "95002")
        while frames[-1]["data"]["k"]["c"] != "95002.00000000":
            frames.append(await next_json(socket))
    closed = [f["data"]["k"] for f in frames if f["data"]["k"]["x"]]
    opens = [k["t"] for k in closed]
    assert opens == sorted(set(opens))
    assert {k["c"] for k in closed} >= {"95001.00000000"}
