"""The daemon as a real process: arms, trades, dies, comes back, and says when it cannot."""

from __future__ import annotations

import json
import random
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.robsond.daemon_process import Robsond, write_recording

LIVELY = {"ROBSON_MARKET_SEED": "5", "ROBSON_MARKET_VOLATILITY": "300", "ROBSON_FEE_RATE": "0"}
BODY = {"symbol": "BTCUSDT", "strategy": "manual", "stop_distance": "0.2%"}


@pytest.fixture
def robsond(tmp_path: Path) -> Iterator[Robsond]:
    with Robsond(tmp_path, **LIVELY) as daemon:
        yield daemon


def assert_sound(daemon: Robsond, position_id: str) -> None:
    """The log proves itself, and every decision comes out the same when taken again."""
    assert daemon.get("/api/verify-log")["ok"]
    assert daemon.get("/api/replay")["ok"]
    why = daemon.get(f"/api/why/{position_id}")
    assert why["all_same"], json.dumps([s for s in why["steps"] if s["same"] is False])
    assert all(step["same"] for step in why["steps"])


def types_of(daemon: Robsond, position_id: str) -> list[str]:
    events = daemon.get("/api/events", position=position_id, limit=1000)["events"]
    return [event["type"] for event in events]


def test_a_position_from_armed_to_closed(robsond: Robsond) -> None:
    name = robsond.arm(**BODY)
    active = robsond.until(name, "Active")
    assert active["stop"] is not None
    risk = robsond.get("/api/risk")
    assert risk["open_positions"]["used"] == 1
    closed = robsond.until(name, "Closed")
    assert closed["close_reason"] == "trailing_stop"
    types = types_of(robsond, name)
    assert types[:4] == ["PositionArmed", "EntrySignalReceived", "EntryOrderPlaced", "EntryFilled"]
    assert types[-4:] == ["ExitTriggered", "ExitOrderPlaced", "ExitFilled", "PositionClosed"]
    assert_sound(robsond, name)
    metrics = httpx.get(str(robsond._client.base_url) + "/metrics", headers=robsond._client.headers)  # type: ignore[union-attr]
    assert 'orders_filled_total{side="SELL",symbol="BTCUSDT"} 1.0' in metrics.text


def test_close_and_panic_by_hand(robsond: Robsond) -> None:
    first = robsond.arm(**{**BODY, "stop_distance": "5%"})
    second = robsond.arm(symbol="ETHUSDT", side="short", strategy="breakout")
    robsond.until(first, "Active")
    assert robsond.post(f"/api/positions/{first}/disarm").status_code == 409
    answer = robsond.post("/api/panic").json()
    assert answer == {"closing": [first], "disarmed": [second]}
    assert robsond.until(first, "Closed")["close_reason"] == "panic"
    assert robsond.position(second)["close_reason"] == "panic"
    assert_sound(robsond, first)


def test_an_estimate_changes_nothing(robsond: Robsond) -> None:
    answer = robsond.post("/api/positions", {**BODY, "dry_run": True})
    assert answer.status_code == 200
    estimate = answer.json()["estimate"]
    assert 99 < float(estimate["loss_max"]) <= 100
    assert estimate["denial_code"] is None
    types = [event["type"] for event in robsond.get("/api/events")["events"]]
    assert types == ["RiskLimitsSet"]


def test_unknown_pair_is_named(robsond: Robsond) -> None:
    answer = robsond.post("/api/positions", {**BODY, "symbol": "DOGEUSDT"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "symbol")


def test_orderly_end_and_private_files(tmp_path: Path) -> None:
    with Robsond(tmp_path, **LIVELY) as daemon:
        name = daemon.arm(**{**BODY, "stop_distance": "5%"})
        daemon.until(name, "Active")
        for path in tmp_path.iterdir():
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
        assert daemon.stop() == 0
        assert not (tmp_path / "daemon.json").exists()
        last = [json.loads(line) for line in daemon.output.splitlines()][-1]
        assert last["event"] == "open positions are not watched until the next start"
        daemon.start()
        assert daemon.position(name)["status"] == "Active"
        assert daemon.get("/api/status")["recovered"]["positions"] == 1


def test_no_secret_is_written_anywhere(tmp_path: Path) -> None:
    canary = "canary" + "c" * 40
    with Robsond(tmp_path, ROBSON_API_TOKEN=canary, LOG_LEVEL="DEBUG", **LIVELY) as daemon:
        assert daemon._client is not None
        daemon._client.headers["Authorization"] = f"Bearer {canary}"
        daemon.until(daemon.arm(**BODY), "Active")
        daemon._client.get("/api/status", headers={"Authorization": "Bearer wrong-guess-1"})
        daemon.stop()
        for path in tmp_path.iterdir():
            assert canary.encode() not in path.read_bytes(), path
        assert canary not in daemon.output
        assert "wrong-guess-1" not in daemon.output


def test_a_second_daemon_is_refused(robsond: Robsond) -> None:
    code, output = robsond.finish()
    assert code == 3
    assert "another daemon runs" in output
    assert robsond.get("/api/status")["mode"] == "paper"


@pytest.mark.parametrize(
    ("extra", "code", "word"),
    [
        ({"ROBSON_CAPITAL": "x"}, 2, "ROBSON_CAPITAL"),
        ({"ROBSON_MODE": "live"}, 2, "ROBSON_MODE"),
        ({"ROBSON_DATA_DIR": "/proc/nope"}, 2, "ROBSON_DATA_DIR"),
        ({"ROBSON_HTTP_HOST": "0.0.0.0"}, 2, "ROBSON_BEHIND_PROXY"),
        ({"ROBSON_CONNECTOR": "acme", "ROBSON_PLUGINS_ALLOW": "acme"}, 2, "acme"),
        ({"ROBSON_TRADES_FILE": "gone.csv", "ROBSON_SYMBOL": "BTCUSDT"}, 2, "gone.csv"),
        ({"ROBSON_CONFIG": "gone.toml"}, 2, "gone.toml"),
        ({"DATABASE_URL": "sqlite:////nowhere/x.db"}, 4, "/nowhere"),
    ],
)
def test_what_cannot_start_says_why(
    tmp_path: Path, extra: dict[str, str], code: int, word: str
) -> None:
    got, output = Robsond(tmp_path).finish(**extra)
    assert got == code, output
    assert word in output
    assert "Traceback" not in output
    assert not (tmp_path / "daemon.json").exists()


def test_a_port_in_use_is_named(robsond: Robsond, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert robsond._client is not None
    port = str(robsond._client.base_url.port)
    other = Robsond(tmp_path_factory.mktemp("other"))
    code, output = other.finish(ROBSON_HTTP_PORT=port)
    assert (code, "ROBSON_HTTP_PORT" in output) == (2, True), output


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "header"),
        ("ts_ns,price\n1,2\n", "quantity"),
        ("ts_ns,price,qty\nx,1.00,1\n", "line 2"),
        ("ts_ns,price,qty\n1700000000000000000,1.001,1\n", "--tick-size"),
        ("ts_ns,price,qty\n", "no trade"),
    ],
)
def test_a_bad_recording_is_named_by_line(tmp_path: Path, content: str, word: str) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(content)
    daemon = Robsond(tmp_path, ROBSON_TRADES_FILE=str(path), ROBSON_SYMBOL="BTCUSDT")
    code, output = daemon.finish()
    assert code == 2, output
    assert word in output or content == "", output


def test_an_altered_log_stops_the_start(tmp_path: Path) -> None:
    with Robsond(tmp_path, **LIVELY) as daemon:
        daemon.until(daemon.arm(**BODY), "Active")
        daemon.kill()
    database = sqlite3.connect(tmp_path / "robson.db")
    (table,) = [
        row[0]
        for row in database.execute("select name from sqlite_schema where type = 'table'")
        if row[0] == "events"
    ]
    assert table == "events"
    database.execute(
        "update events set body = replace(body, 'BTCUSDT', 'ETHUSDT') where sequence = 2"
    )
    database.commit()
    database.close()
    code, output = Robsond(tmp_path, **LIVELY).finish()
    assert code == 4, output
    assert "event 2" in output


def test_migrate_and_check_config(tmp_path: Path) -> None:
    daemon = Robsond(tmp_path, ROBSON_API_TOKEN="t" * 43)
    code, output = daemon.finish("migrate")
    assert (code, "ends at event 0" in output) == (0, True), output
    code, output = daemon.finish("check-config")
    assert code == 0
    assert "ROBSON_CAPITAL" in output
    assert "t" * 43 not in output


def test_unknown_variables_are_told(tmp_path: Path) -> None:
    code, output = Robsond(tmp_path, ROBSON_CAPITOL="5").finish("check-config")
    assert code == 0
    assert "did you mean ROBSON_CAPITAL?" in output


# ----------------------------------------------------------------- SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_again_and_again_it_exits_once(tmp_path: Path, seed: int) -> None:
    """At random moments of a position's life, from arming to after its end."""
    dice = random.Random(seed)
    with Robsond(tmp_path, **{**LIVELY, "ROBSON_MARKET_SEED": str(seed)}) as daemon:
        name, best_stop = daemon.arm(**BODY), 0.0
        for _ in range(5):
            until = time.monotonic() + dice.uniform(0, 1.5)
            while time.monotonic() < until:
                seen = daemon.position(name)
                if seen["stop"] is not None:
                    # Never looser than anything that was ever shown, over restarts too.
                    assert float(seen["stop"]) >= best_stop
                    best_stop = float(seen["stop"])
                time.sleep(0.02)
            daemon.kill()
            time.sleep(dice.uniform(0, 1))
            daemon.start()
        closed = daemon.until(name, "Closed", "Error")
        assert closed["status"] == "Closed", closed
        types = types_of(daemon, name)
        assert types.count("EntryOrderPlaced") <= 1
        assert types.count("ExitTriggered") <= 1
        assert_no_exposure(daemon, closed)
        assert_sound(daemon, name)


def assert_no_exposure(daemon: Robsond, closed: dict[str, Any]) -> None:
    orders = daemon.get("/api/orders", position=closed["position_id"])["orders"]
    bought = sum(float(order["filled_qty"]) for order in orders if order["side"] == "buy")
    sold = sum(float(order["filled_qty"]) for order in orders if order["side"] == "sell")
    assert sold <= bought
    assert bought - sold < 0.002


@pytest.mark.slow
def test_arming_under_a_key_survives_a_kill(tmp_path: Path) -> None:
    with Robsond(tmp_path, **LIVELY) as daemon:
        body = {**BODY, "strategy": "breakout"}
        first = daemon.post("/api/positions", body, key="once").json()["position"]
        daemon.kill()
        daemon.start()
        again = daemon.post("/api/positions", body, key="once").json()["position"]
        assert again["position_id"] == first["position_id"]
        other = daemon.post("/api/positions", {**body, "side": "short"}, key="once")
        assert other.status_code == 409
        assert len(daemon.get("/api/positions")["positions"]) == 1


# ---------------------------------------------------------------- playback

PLAN = json.dumps(
    [
        {"arm": {"symbol": "BTCUSDT", "strategy": "delay", "stop_distance": "0.1%"}},
        {
            "arm": {
                "symbol": "BTCUSDT", "side": "short", "strategy": "delay", "stop_distance": "0.1%",
            },
            "after": "closed:1",
        },
    ]
)  # fmt: skip


def player(folder: Path, recording: Path, speed: str = "max", **more: str) -> Robsond:
    folder.mkdir()
    settings = {
        "ROBSON_TRADES_FILE": str(recording),
        "ROBSON_SYMBOL": "BTCUSDT",
        "ROBSON_PLAYBACK_SPEED": speed,
        "ROBSON_LATENCY_MS": "0",
        "ROBSON_FEE_RATE": "0",
        "ROBSON_PLAN": PLAN,
        "ROBSON_SEED": "test",
    }
    return Robsond(folder, **{**settings, **more})


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("data") / "trades.bin")


def test_the_same_recording_gives_the_same_log(tmp_path: Path, recording: Path) -> None:
    """In any process, with any hash seed, at any speed."""
    heads = []
    variants = (("max", "0"), ("max", "12345"), ("40", "7"))
    for number, (speed, hash_seed) in enumerate(variants):
        folder = tmp_path / str(number)
        with player(folder, recording, speed, PYTHONHASHSEED=hash_seed) as daemon:
            status = daemon.until_played()
            heads.append(status["head"])
            assert status["plan"] == {"steps": 2, "done": 2, "problems": []}
            assert_sound(daemon, "plan-1")
            assert_sound(daemon, "plan-2")
    assert heads[0] == heads[1] == heads[2]


def test_the_plan_leaves_no_price_between(tmp_path: Path, recording: Path) -> None:
    with player(tmp_path / "a", recording) as daemon:
        daemon.until_played()
        first, second = daemon.position("plan-1"), daemon.position("plan-2")
        assert second["armed_at"] == first["closed_at"]
        steps = daemon.get("/api/events", position="plan-1", limit=1000)["events"]
        entered = next(step for step in steps if step["type"] == "EntrySignalReceived")
        # The very first trade of the recording.
        assert (
            entered["input"]["signal"]["entry_price"]
            == daemon.get("/api/events", position="plan-1", type="EntryFilled")["events"][0][
                "fill"
            ]["price"]
        )


def test_the_end_of_the_data_ends_everything(tmp_path: Path, recording: Path) -> None:
    plan = json.dumps(
        [
            {"arm": {"symbol": "BTCUSDT", "strategy": "delay", "stop_distance": "10%"}},
            {"arm": {"symbol": "BTCUSDT", "strategy": "delay", "stop_distance": "1%",
                     "params": {"seconds": 100000}}},
        ]
    )  # fmt: skip
    daemon = player(tmp_path / "a", recording)
    daemon.settings["ROBSON_PLAN"] = plan
    with daemon:
        status = daemon.until_played()
        assert (status["open"], status["armed"], status["closed"]) == (0, 0, 2)
        assert daemon.position("plan-1")["close_reason"] == "end_of_data"
        assert daemon.position("plan-1")["exit_price"] is not None
        assert daemon.position("plan-2")["close_reason"] == "end_of_data"
        refused = daemon.post("/api/positions", {**BODY})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "PLAYBACK_FINISHED")
        assert_sound(daemon, "plan-1")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_playback_killed_on_the_way_trades_the_same(
    tmp_path: Path, recording: Path, seed: int
) -> None:
    """At full speed the recording's time stands still while nobody plays it."""
    wide = PLAN.replace("0.1%", "0.15%")
    with player(tmp_path / "whole", recording, ROBSON_PLAN=wide) as daemon:
        daemon.until_played()
        expected = [trade_of(daemon, name) for name in ("plan-1", "plan-2")]
    dice = random.Random(seed)
    with player(tmp_path / "killed", recording, "20", ROBSON_PLAN=wide) as daemon:
        time.sleep(dice.uniform(0, 1))
        daemon.until("plan-1", "Active")
        daemon.kill()
        daemon.settings["ROBSON_PLAYBACK_SPEED"] = "max"
        daemon.start()
        daemon.until_played()
        assert [trade_of(daemon, name) for name in ("plan-1", "plan-2")] == expected
        assert_sound(daemon, "plan-1")


def trade_of(daemon: Robsond, name: str) -> tuple[Any, ...]:
    found = daemon.position(name)
    return tuple(found[key] for key in ("entry_price", "quantity", "exit_price", "realized_pnl"))
