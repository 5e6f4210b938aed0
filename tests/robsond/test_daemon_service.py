"""The whole daemon in one loop: every kind of venue, recordings, sockets, and its end."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pyarrow
import pytest
from pyarrow import parquet
from websockets.asyncio.client import connect

from robson_domain import ConfigurationError, ValidationError
from robsond.daemon import AlreadyRunning
from robsond.settings import load
from robsond.wire import parse_moment
from tests.robsond.daemon_process import write_recording
from tests.robsond.service import serving, until

TEST = {"ROBSON_ENV": "test"}
BODY = {"symbol": "BTCUSDT", "strategy": "manual", "stop_distance": "0.2%", "accept_costs": True}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def arm(client: httpx.AsyncClient, **body: Any) -> str:
    answer = await client.post("/api/positions", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["position"]["position_id"])


def in_status(*words: str) -> Any:
    return lambda answer: answer["position"]["status"] in words


async def test_the_stub_venue_of_the_test_environment(tmp_path: Path) -> None:
    """Nothing outside memory; prices go up and come down again, so that a trade ends."""
    async with serving(tmp_path, **TEST) as client:
        name = await arm(client, **BODY)
        await until(client, f"/api/positions/{name}", in_status("Active"))
        closed = await until(client, f"/api/positions/{name}", in_status("Closed"))
        assert closed["position"]["close_reason"] == "trailing_stop"
        status = (await client.get("/api/status")).json()
        assert status["connector"] == "memory"
        assert (await client.get("/api/verify-log")).json()["ok"]
        assert (await client.get(f"/api/why/{name}")).json()["all_same"]
    assert not (tmp_path / "robson.db").exists()


async def test_other_settings_do_not_change_why(tmp_path: Path) -> None:
    """A restart with less capital and tighter limits: old decisions stay what they were."""
    settings = {"ROBSON_CONNECTOR": "memory"}
    async with serving(tmp_path, **settings) as client:
        name = await arm(client, **BODY)
        await until(client, f"/api/positions/{name}", in_status("Closed"))
        first = (await client.get("/api/events", params={"limit": 1})).json()["events"][0]
        assert (first["type"], first["position_id"]) == ("RiskLimitsSet", "")
        assert (first["capital"], first["limits"]["max_open_positions"]) == ("10000", 5)
    settings |= {"ROBSON_CAPITAL": "50", "ROBSON_MAX_OPEN_POSITIONS": "1"}
    settings["ROBSON_MAX_NOTIONAL_MULTIPLE"] = "0.01"
    async with serving(tmp_path, **settings) as client:
        told = (await client.get("/api/events", params={"type": "RiskLimitsSet"})).json()["events"]
        assert [one["capital"] for one in told] == ["10000", "50"]
        assert (await client.get(f"/api/why/{name}")).json()["all_same"]
        assert (await client.get("/api/replay")).json()["ok"]
        assert (await client.get("/api/verify-log")).json()["ok"]
        risk = (await client.get("/api/risk")).json()
        assert risk["open_positions"]["limit"] == 1
        refused = await arm(client, **BODY)
        denied = await until(client, f"/api/positions/{refused}", in_status("Closed"))
        assert denied["position"]["denial_code"]
        assert (await client.get(f"/api/why/{refused}")).json()["all_same"]


async def test_the_default_strategy_there_is_test(tmp_path: Path) -> None:
    async with serving(tmp_path, **TEST) as client:
        name = await arm(client, symbol="BTCUSDT", stop_distance="5%")
        position = (await client.get(f"/api/positions/{name}")).json()["position"]
        assert position["detector"] == "test"


async def test_a_socket_sees_a_position_live(tmp_path: Path) -> None:
    async with serving(tmp_path, **TEST) as client:
        url = f"ws://127.0.0.1:{client.base_url.port}/ws"
        headers = {"Authorization": client.headers["Authorization"]}
        async with connect(url, additional_headers=headers, proxy=None) as socket:
            await socket.send('{"type":"subscribe"}')
            name = await arm(client, **BODY)
            seen: dict[str, Any] = {}
            async with asyncio.timeout(10):
                while not {"event", "position", "price"} <= seen.keys():
                    message = json.loads(await socket.recv())
                    seen.setdefault(message["type"], message)
        assert seen["event"]["data"]["position_id"] == name
        assert seen["event"]["seq"] == seen["event"]["data"]["sequence"]
        assert seen["position"]["data"]["status"] in ("Armed", "Entering", "Active")
        assert seen["price"]["data"]["symbol"] in ("BTCUSDT", "ETHUSDT")
        text = (await client.get("/metrics")).text
        assert 'eventbus_published_total{topic="events"}' in text


async def test_a_dry_run_names_what_is_missing(tmp_path: Path) -> None:
    async with serving(tmp_path, **TEST) as client:
        async with asyncio.timeout(10):
            while True:
                good = await client.post("/api/positions", json={**BODY, "dry_run": True})
                if good.status_code == 200:
                    break
                # Before the first price of the pair there is nothing to estimate with.
                assert good.json()["error"]["code"] == "NO_PRICE"
                await asyncio.sleep(0.2)
        assert good.json()["estimate"]["denial_code"] is None
        beyond = {**BODY, "stop_distance": None, "stop": "90000", "dry_run": True}
        answer = await client.post("/api/positions", json=beyond)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "stop")


async def test_a_plan_on_a_live_market(tmp_path: Path) -> None:
    steps = [
        {"arm": BODY},
        {"arm": {**BODY, "symbol": "ETHUSDT", "side": "short"}, "after": "closed:1"},
    ]
    async with serving(tmp_path, ROBSON_PLAN=json.dumps(steps), **TEST) as client:
        await until(client, "/api/positions/plan-1", in_status("Closed"))
        second = await until(client, "/api/positions/plan-2", in_status("Active"))
        assert second["position"]["side"] == "short"
        assert (await client.get("/api/status")).json()["plan"]["done"] == 2
        text = (await client.get("/metrics")).text
        assert "order_submission_duration_seconds_count 3.0" in text


async def test_two_on_one_directory(tmp_path: Path) -> None:
    async with serving(tmp_path, **TEST):
        with pytest.raises(AlreadyRunning, match=str(tmp_path)):
            async with serving(tmp_path, **TEST):
                pass


async def test_orders_and_old_positions(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        name = await arm(client, **{**BODY, "stop_distance": "5%"})
        await until(client, f"/api/positions/{name}", in_status("Active"))
        assert (await client.post(f"/api/positions/{name}/close", json={})).status_code == 200
        await until(client, f"/api/positions/{name}", in_status("Closed"))
        orders = (await client.get("/api/orders")).json()["orders"]
        assert [order["kind"] for order in orders] == ["entry", "exit"]
        events = (await client.get(f"/api/events?position={name}&after=2")).json()["events"]
        assert next(event["sequence"] for event in events) == 3
        deep = (await client.get("/health/deep")).json()
        assert deep["checks"]["market"] == {"status": "ok", "detail": "fine"}
        assert (await client.post(f"/api/positions/{name}/ack", json={})).status_code == 409
        answer = await client.post(f"/api/positions/{name}/disarm", json={})
        assert answer.status_code == 409


# ------------------------------------------------------------------ recordings


def recorded(path: Path, **more: str) -> dict[str, str]:
    return {
        "ROBSON_TRADES_FILE": str(path),
        "ROBSON_SYMBOL": "BTCUSDT",
        "ROBSON_PLAYBACK_SPEED": "max",
        "ROBSON_LATENCY_MS": "0",
        "ROBSON_FEE_RATE": "0",
        **more,
    }


def finished(status: dict[str, Any]) -> bool:
    return bool(status["playback"]["state"] == "finished")


def plan(**body: str) -> str:
    return json.dumps([{"arm": {"symbol": "BTCUSDT", "strategy": "delay", **body}}])


async def test_frames_are_played_like_trades(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    lines = []
    for number in range(200):
        ts = 1_700_000_000_000 + number * 100
        price = 60_000 + number if number < 100 else 60_100 - 3 * (number - 100)
        data = {"e": "trade", "s": "BTCUSDT", "t": number + 1, "p": f"{price}.00", "q": "0.1",
                "T": ts}  # fmt: skip
        lines.append(f"{ts}000000 {json.dumps({'stream': 'x', 'data': data})}\n")
        lines.append(f"{ts}000001 {json.dumps({'data': {'e': 'depthUpdate'}})}\n")
    path.write_text("".join(lines))
    settings = recorded(path, ROBSON_FRAMES_FILE=str(path), ROBSON_TRADES_FILE="")
    settings["ROBSON_PLAN"] = plan(stop_distance="0.1%")
    folder = tmp_path / "data"
    async with serving(folder, **settings) as client:
        status = await until(client, "/api/status", finished)
        position = (await client.get("/api/positions/plan-1")).json()["position"]
    assert status["playback"]["trades"] == 200
    # In at the first price; best 60100, D 60, so the stop stands at 60040.
    assert (position["entry_price"], position["best"], position["stop"]) == (
        "60000", "60100", "60040",
    )  # fmt: skip
    assert position["exit_price"] == "60040"


async def test_parquet_is_seen_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "trades"
    columns = {
        "ts_ns": [1_700_000_000_000_000_000 + n * 10**9 for n in range(10)],
        "price": [f"{60_000 + n}.00" for n in range(10)],
        "qty": ["0.1"] * 10,
    }
    parquet.write_table(pyarrow.table(columns), path)
    async with serving(tmp_path / "data", **recorded(path)) as client:
        status = await until(client, "/api/status", finished)
    assert status["playback"]["trades"] == 10


async def test_a_step_of_the_plan_that_fails_is_told(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "t", trades=50)
    settings = recorded(path, ROBSON_PLAN=plan(symbol="ETHUSDT", stop_distance="1%"))
    async with serving(tmp_path / "data", **settings) as client:
        status = await until(client, "/api/status", finished)
    assert status["plan"]["done"] == 1
    (problem,) = status["plan"]["problems"]
    assert "ETHUSDT" in problem


async def test_a_restart_goes_on_with_the_plan(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "t", trades=200)
    settings = recorded(path, ROBSON_PLAN=plan(stop_distance="5%"))
    for _ in range(2):
        async with serving(tmp_path / "data", **settings) as client:
            status = await until(client, "/api/status", finished)
            assert status["plan"] == {"steps": 1, "done": 1, "problems": []}
            assert status["closed"] == 1


async def test_pace_holds_the_recording_back(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "t", trades=400)
    settings = recorded(path, ROBSON_PLAYBACK_SPEED="20")
    async with serving(tmp_path / "data", **settings) as client:
        playback = (await client.get("/api/status")).json()["playback"]
        assert playback["state"] == "running"
        assert playback["market_time"] < playback["last"]
        # The clock stands still while nothing is due, and commands are answered all the same.
        name = await arm(client, symbol="BTCUSDT", strategy="breakout", stop_distance="5%")
        answer = await client.post(f"/api/positions/{name}/disarm", json={})
        assert answer.status_code == 200
        await until(client, "/api/status", finished)
    anchor = json.loads((tmp_path / "data" / "playback.json").read_text())
    assert anchor["factor"] == "20"


async def test_a_paced_recording_goes_on_while_the_daemon_is_down(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "t", trades=2_000)
    settings = recorded(path, ROBSON_PLAYBACK_SPEED="10")
    times = []
    for _ in range(2):
        async with serving(tmp_path / "data", **settings) as client:
            playback = (await client.get("/api/status")).json()["playback"]
            times.append(parse_moment(playback["market_time"], "market_time"))
        await asyncio.sleep(1)
    # Ten seconds of the recording passed in the one second without a daemon.
    assert times[1] - times[0] >= 10 * 10**9


async def test_a_data_directory_of_another_market_is_refused(tmp_path: Path) -> None:
    first, second = write_recording(tmp_path / "a"), write_recording(tmp_path / "b", seed=2)
    async with serving(tmp_path / "data", **recorded(first)):
        pass
    with pytest.raises(ConfigurationError, match=r"market|ledger"):
        async with serving(tmp_path / "data", **recorded(second)):
            pass


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", ValidationError),
        (b"x", ValidationError),
        (b"ts_ns,price,qty\n", ValidationError),
        (b"ts_ns,price,qty\n1,x,1\n", ValidationError),
        (b"\x1f\x8bbroken", ValidationError),
        (b"PAR1broken", ValidationError),
    ],
)
async def test_bad_recordings(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(error):
        async with serving(tmp_path / "data", **recorded(path)):
            pass
    assert not (tmp_path / "data" / "daemon.json").exists()


async def test_an_unknown_pair_of_a_recording_needs_its_sizes(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "t", trades=10)
    settings = recorded(path, ROBSON_SYMBOL="ABCUSDT")
    with pytest.raises(ValidationError, match="tick-size"):
        async with serving(tmp_path / "data", **settings):
            pass
    sizes = {"ROBSON_TICK_SIZE": "0.01", "ROBSON_STEP_SIZE": "0.01"}
    async with serving(tmp_path / "data", **settings, **sizes) as client:
        await until(client, "/api/status", finished)


def test_settings_of_the_test_environment() -> None:
    assert load(TEST).settings.venue == "memory"
