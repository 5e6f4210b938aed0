"""What a daemon and its files say to people: cut logs, folders, finished recordings, refusals."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from robson_domain import ConfigurationError
from robsond import program, system
from robsond.plan import parse_plan
from robsond.settings import load
from robsond.trouble import trouble_of
from tests.robsond.cli_person import Ended, robson
from tests.robsond.daemon_process import Robsond, write_recording
from tests.robsond.service import serving, until

DELAYED = {"symbol": "BTCUSDT", "strategy": "delay", "params": {"seconds": "1000"}}
BODY = {**DELAYED, "stop_distance": "1%", "accept_costs": True}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(system, "harden", lambda: None)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a daemon that armed and disarmed something, and ended."""
    folder = tmp_path_factory.mktemp("kept")

    async def live() -> None:
        async with serving(folder, ROBSON_HTTP_PORT="0") as client:
            answer = await client.post("/api/positions", json=BODY)
            name = answer.json()["position"]["position_id"]
            await client.post(f"/api/positions/{name}/disarm", json={})

    asyncio.run(live())
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "data"
    copy.mkdir(mode=0o700)
    for file in kept.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
        (copy / file.name).chmod(0o600)
    return copy


def offline(command: str, folder: Path, *more: str) -> Ended:
    return robson(command, "--offline", "--data-dir", str(folder), *more)


def started(folder: Path, command: str = "run", **settings: str) -> int:
    port = {"ROBSON_HTTP_PORT": "0", "ROBSON_DATA_DIR": str(folder)}
    return program.run([command], {**port, **settings})


def cut(folder: Path) -> None:
    with sqlite3.connect(folder / "robson.db") as connection:
        connection.execute("DELETE FROM events WHERE sequence = (SELECT max(sequence) FROM events)")
        connection.execute("DELETE FROM snapshots")
    connection.close()


# ------------------------------------------------------------------ the proof


def test_a_missing_head_is_said_and_is_no_failure(folder: Path) -> None:
    assert offline("verify-log", folder, "--json").json["note"] is None
    (folder / "head.json").unlink()
    ended = offline("verify-log", folder)
    assert ended.code == 0
    assert "the end of the log is not proven by it" in " ".join(ended.out.split())
    assert "no exported head" in offline("verify-log", folder, "--json").json["note"]


def test_a_cut_log_without_its_head_does_not_verify(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut(folder)
    (folder / "head.json").unlink()
    ended = offline("verify-log", folder)
    assert ended.code == 5
    assert "missing from the end of the log" in " ".join(ended.out.split())
    assert started(folder) == 4
    assert f"LOG_BROKEN: {folder}: events" in capsys.readouterr().err


async def test_a_daemon_says_at_its_start_that_the_head_is_gone(
    folder: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "head.json").unlink()
    async with serving(folder) as client:
        # Its own start wrote nothing yet that would have exported a new one.
        found = (await client.get("/api/verify-log")).json()
        assert found["ok"]
        assert found["note"] is None or "no exported head" in found["note"]
    shown = capsys.readouterr()
    assert "the end of the log is not proven" in shown.out + shown.err + caplog.text


def test_proofs_beside_a_running_daemon_do_not_cry_wolf(tmp_path: Path) -> None:
    with Robsond(tmp_path):
        for command in ("verify-log", "replay"):
            ended = offline(command, tmp_path, "--json")
            assert (ended.code, ended.error["code"]) == (3, "STORE_IN_USE")
            assert "trusted" not in ended.error["message"]


def test_offline_proofs_change_no_file(folder: Path) -> None:
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert offline("verify-log", folder).code == 0
    assert offline("replay", folder).code == 0
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_a_damaged_head_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = folder / "head.json"
    head.write_text("{")
    ended = offline("verify-log", folder, "--json")
    assert (ended.code, ended.error["code"]) == (5, "HEAD_DAMAGED")
    assert str(head) in ended.error["message"]
    assert started(folder) == 4
    told = capsys.readouterr().err
    assert "HEAD_DAMAGED" in told
    assert str(head) in told


async def test_a_head_damaged_under_a_daemon_is_named(folder: Path) -> None:
    async with serving(folder) as client:
        (folder / "head.json").write_text("{")
        found = (await client.get("/api/verify-log")).json()
        assert (found["ok"], "head.json" in found["problem"]) == (False, True)


def test_an_emptied_database_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "robson.db").write_bytes(b"")
    ended = offline("verify-log", folder, "--json")
    assert ended.code == 4
    assert "robson.db holds no log" in ended.error["message"]
    assert started(folder) == 4
    assert f"LOG_BROKEN: {folder}" in capsys.readouterr().err


def test_what_is_no_database_has_a_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "robson.db").write_bytes(b"no database " * 99)
    assert offline("verify-log", folder, "--json").error["code"] == "SCHEMA_UNKNOWN"
    assert started(folder) == 4
    assert "SCHEMA_UNKNOWN" in capsys.readouterr().err


def test_every_other_trouble_has_a_code_too() -> None:
    from robson_domain import StoreError

    assert trouble_of(StoreError("x")).code == "STORE_UNUSABLE"


# ------------------------------------------------------------------- settings


def test_a_lock_that_cannot_be_made_is_a_bad_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    (folder / "robsond.lock").mkdir(parents=True)
    assert started(folder) == 2
    assert f"ROBSON_DATA_DIR: cannot use {folder}/robsond.lock" in capsys.readouterr().err


@pytest.mark.parametrize(
    "settings",
    [
        {"ROBSON_DATA_DIR": "/etc/passwd"},
        {"ROBSON_DATA_DIR": "/etc/passwd/below"},
        {"ROBSON_DATA_DIR": "/proc/x"},
        {"DATABASE_URL": "sqlite:///nonexist/a.db"},
        {"ROBSON_PLAN": json.dumps([{"arm": {"symbol": "BTCUSDT"}, "after": "closed:1"}])},
    ],
)
def test_check_config_refuses_what_run_would(
    tmp_path: Path, settings: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    environment = {"ROBSON_DATA_DIR": str(folder), **settings}
    assert program.run(["check-config"], environment) == 2
    assert next(iter(settings)) in capsys.readouterr().err
    assert not folder.exists()


def test_check_config_names_its_file_and_ends_with_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a" / "b"
    assert started(folder, "check-config") == 0
    shown = capsys.readouterr().out
    assert "no file" in shown.splitlines()[0]
    assert shown.splitlines()[-1] == "These settings can be used."
    assert not (tmp_path / "a").exists()
    (tmp_path / "robson.toml").write_text("capital = 777\n")
    assert started(folder, "check-config", ROBSON_API_TOKEN="x" * 43) == 0
    shown = capsys.readouterr().out
    assert "robson.toml" in shown.splitlines()[0]
    assert "*****" in next(line for line in shown.splitlines() if "ROBSON_API_TOKEN " in line)


def test_no_token_is_shown_as_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert started(tmp_path / "data", "check-config") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "(empty)" in next(line for line in lines if line.startswith("ROBSON_API_TOKEN "))


def test_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("robsond ")


def test_a_plan_may_wait_for_what_can_close() -> None:
    def plan(*after: str) -> str:
        return json.dumps([{"arm": {"symbol": "BTCUSDT"}, "after": one} for one in after])

    assert len(parse_plan(plan("closed:1", "start", "closed:2"))) == 3
    for bad in (("start", "closed:2"), ("start", "closed:1", "closed:3")):
        with pytest.raises(ValueError, match="can close before it"):
            parse_plan(plan(*bad))


def said(**environment: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(environment)
    return str(caught.value)


def test_settings_are_refused_in_plain_words(tmp_path: Path) -> None:
    assert "no settings file" in said(ROBSON_CONFIG=str(tmp_path))
    assert "'foo' is no JSON list of steps" in said(ROBSON_PLAN="foo")
    assert "write one above 0, up to" in said(ROBSON_CAPITAL="-1")
    assert "there is no file gone.csv" in said(ROBSON_TRADES_FILE="gone.csv")
    assert "ROBSON_SYMBOL" not in said(ROBSON_TRADES_FILE="gone.csv")
    (tmp_path / "robson.toml").write_text("capital = true\n")
    assert "true is no number" in said()


def test_a_variable_left_empty_is_one_that_was_not_set(tmp_path: Path) -> None:
    assert load({"ROBSON_CAPITAL": ""}).settings.capital == 10_000
    (tmp_path / "robson.toml").write_text("capital = 5\n[limits]\nmax_position_size_usd = 7\n")
    assert load({"ROBSON_CAPITAL": ""}).settings.capital == 5
    # Nothing is a value of its own here: no such limit.
    without = load({"ROBSON_MAX_POSITION_SIZE_USD": ""}).settings
    assert without.limits.max_position_size_usd is None


def test_a_bad_recording_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("ts_ns,price,qty\n1700000000000000000,-5,1\n")
    settings = {"ROBSON_TRADES_FILE": str(path), "ROBSON_SYMBOL": "BTCUSDT"}
    assert started(tmp_path / "data", "check-config", **settings) == 2
    assert f"{path}: price: line 2: -5 is below zero" in capsys.readouterr().err


# --------------------------------------------------------------------- arming


async def refused(client: Any, **changes: Any) -> tuple[int, str, str]:
    body = {name: value for name, value in {**BODY, **changes}.items() if value is not None}
    answer = await client.post("/api/positions", json=body)
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


async def test_a_pair_that_is_not_allowed_is_refused_when_it_is_armed(tmp_path: Path) -> None:
    async with serving(tmp_path, ROBSON_ALLOWED_SYMBOLS="ETHUSDT,SOLUSDT") as client:
        for dry_run in (False, True):
            status, code, message = await refused(client, dry_run=dry_run)
            assert (status, code) == (409, "SYMBOL_NOT_ALLOWED")
            assert "ETHUSDT, SOLUSDT" in message
        assert (await client.get("/api/positions")).json()["positions"] == []
        allowed = await client.post("/api/positions", json={**BODY, "symbol": "ETHUSDT"})
        assert allowed.status_code == 201


async def test_an_estimate_says_what_is_wrong_with_the_stop(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        for side, stop, where in (("long", "900000", "below"), ("short", "1", "above")):
            stops = {"side": side, "stop": stop, "stop_distance": None, "dry_run": True}
            status, code, message = await refused(client, **stops)
            assert (status, code) == (400, "BAD_VALUE")
            assert f"{stop} is not {where} the price" in message


async def test_a_finished_recording_gives_no_estimate(tmp_path: Path) -> None:
    path = str(write_recording(tmp_path / "t", trades=50))
    settings = {"ROBSON_TRADES_FILE": path, "ROBSON_SYMBOL": "BTCUSDT"}
    async with serving(tmp_path / "d", ROBSON_PLAYBACK_SPEED="max", **settings) as client:
        await until(client, "/api/status", lambda s: s["playback"]["state"] == "finished")
        for dry_run in (False, True):
            assert (await refused(client, dry_run=dry_run))[:2] == (409, "PLAYBACK_FINISHED")


async def test_what_the_plan_armed_was_not_armed_by_you(tmp_path: Path) -> None:
    plan = json.dumps([{"arm": BODY}])
    async with serving(tmp_path, ROBSON_PLAN=plan) as client:
        steps = (await client.get("/api/why/plan-1")).json()["steps"]
        assert steps[0]["sentence"].startswith("The plan armed a long")
        name = (await client.post("/api/positions", json={**BODY, "symbol": "ETHUSDT"})).json()
        steps = (await client.get(f"/api/why/{name['position']['position_id']}")).json()["steps"]
        assert steps[0]["sentence"].startswith("You armed a long")
