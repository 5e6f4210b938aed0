"""The demonstration as it is started: its daemon begins, is watched, and always ends."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.robsond.cli_person import robson
from tests.robsond.leftovers import is_held

ROBSON = [sys.executable, "-c", "from robsond.cli import main; main()"]
SECONDS = 90


def recording(path: Path) -> Path:
    """Prices that rise by a percent and fall back, so that a long and a short both end."""
    ticks = [*range(10_000, 10_100), *range(10_100, 9_900, -1), *range(9_900, 10_000)]
    rows = [f"{1_723_161_255_000 + n * 250},{t / 100:.2f},1,0" for n, t in enumerate(ticks)]
    path.write_text("\n".join(["ts,price,qty,is_buyer_maker", *rows, ""]))
    return path


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROBSON_")}
    return {**kept, "TERM": "xterm", **more}


def arguments(folder: Path) -> list[str]:
    path = recording(folder / "abcusdt.csv")
    return [
        "demo", "--trades", str(path), "--tick-size", "0.01", "--step-size", "0.001",
        "--data-dir", str(folder / "data"), "--fee-rate", "0",
    ]  # fmt: skip


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def daemon_pid(data: Path) -> int:
    def told() -> bool:
        return (data / "daemon.json").exists()

    eventually(told)
    pid: int = json.loads((data / "daemon.json").read_text())["pid"]
    return pid


@contextmanager
def demonstration(*typed: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A demonstration in a process of its own; asked to end, it takes its daemon with it."""
    with subprocess.Popen(
        [*ROBSON, *typed], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment(**env),
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=SECONDS)


@pytest.fixture
def slow_demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A demonstration at real speed: it would run for a minute and a half."""
    typed = (*arguments(tmp_path), "--speed", "1")
    with demonstration(*typed, PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        while "armed long" not in process.stdout.readline():
            assert process.poll() is None
        yield process


def end_daemon(data: Path) -> None:
    """End the daemon that stayed, if one did, and wait until it has."""
    with contextlib.suppress(FileNotFoundError):
        os.kill(json.loads((data / "daemon.json").read_text())["pid"], signal.SIGTERM)
    eventually(lambda: not is_held(data / "robsond.lock"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_however_it_is_ended_its_daemon_ends_too(
    tmp_path: Path, slow_demo: subprocess.Popen[str], number: signal.Signals
) -> None:
    pid = daemon_pid(tmp_path / "data")
    slow_demo.send_signal(number)
    assert slow_demo.wait(SECONDS) == 130
    assert not is_alive(pid)
    assert "stopped" in (tmp_path / "data" / "robsond.log").read_text()


def test_a_daemon_that_dies_is_told_with_its_own_words(
    tmp_path: Path, slow_demo: subprocess.Popen[str]
) -> None:
    os.kill(daemon_pid(tmp_path / "data"), signal.SIGKILL)
    assert slow_demo.wait(SECONDS) in (1, 3)
    assert slow_demo.stderr is not None
    assert "DAEMON_" in slow_demo.stderr.read()


@pytest.fixture(scope="module")
def stayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The data directory of a demonstration whose daemon was left running, and what it printed."""
    folder = tmp_path_factory.mktemp("stayed")
    data = folder / "data"
    try:
        with demonstration(*arguments(folder), "--stay", COLUMNS="80") as process:
            shown, told = process.communicate(timeout=SECONDS)
        assert (process.returncode, told) == (0, "")
        yield data, shown
    finally:
        end_daemon(data)


def test_lines_tell_the_whole_life_then_why_then_the_proof(stayed: tuple[Path, str]) -> None:
    _, shown = stayed
    parts = (
        "armed long ABCUSDT", "signal at", "entered", "long   stop", "exit: trailing stop",
        "exited", "closed: trailing stop", "armed short ABCUSDT", "Why plan-1", "✓ same",
        "The log verifies",
        "Stop it with: kill",
    )  # fmt: skip
    at = [shown.find(part) for part in parts]
    assert -1 not in at
    assert at == sorted(at)
    assert "\x1b[" not in shown
    assert max(len(line) for line in shown.splitlines() if "--data-dir" not in line) <= 120


LOOKS = ["status", "positions", "orders", "risk", "events", "verify-log", "replay"]


@pytest.mark.parametrize("command", [*LOOKS, "why plan-1"])
def test_the_real_daemon_answers_every_look(stayed: tuple[Path, str], command: str) -> None:
    data, _ = stayed
    shown = robson(*command.split(), "--data-dir", str(data))
    assert (shown.code, shown.err) == (0, "")
    document = robson(*command.split(), "--data-dir", str(data), "--json")
    assert (document.code, document.err) == (0, "")
    assert document.json


def refusal(data: Path, *typed: str) -> tuple[int, dict[str, Any]]:
    ended = robson(*typed, "--data-dir", str(data), "--json")
    return ended.code, ended.error


def test_the_real_daemon_refuses_with_code_field_and_fix(stayed: tuple[Path, str]) -> None:
    data, _ = stayed
    code, error = refusal(data, "disarm", "plan-1")
    assert (code, error["code"]) == (1, "ALREADY_CLOSED")
    code, error = refusal(data, "close", "plan-9")
    assert (code, error["code"]) == (4, "NOT_FOUND")
    code, error = refusal(data, "arm", "ABCUSDT", "--stop-distance", "1%")
    assert (code, error["code"]) == (1, "PLAYBACK_FINISHED")


def test_panic_with_nothing_open_is_no_failure(stayed: tuple[Path, str]) -> None:
    data, _ = stayed
    ended = robson("panic", "--yes", "--data-dir", str(data), "--json")
    assert ended.json == {"closing": [], "disarmed": []}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a demonstration that has ended."""
    folder = tmp_path_factory.mktemp("finished")
    ended = robson(*arguments(folder), "--json")
    assert ended.code == 0, ended.out
    assert ended.err == ""
    document = ended.json
    assert document["ok"] is True
    assert document["data_dir"] == str(folder / "data")
    assert [position["really_closed"] for position in document["positions"]] == [True, True]
    return folder / "data"


@pytest.mark.parametrize("command", ["verify-log", "replay"])
def test_proofs_work_on_the_files_alone(finished: Path, command: str) -> None:
    before = sorted((path.name, path.stat().st_size) for path in finished.iterdir())
    ended = robson(command, "--data-dir", str(finished), "--json")
    document = ended.json
    assert (ended.code, document["ok"], document["source"]) == (0, True, "files")
    after = sorted((path.name, path.stat().st_size) for path in finished.iterdir())
    assert after == before
    assert robson(command, "--data-dir", str(finished)).code == 0


def test_a_database_set_for_something_else_is_not_the_one_that_is_meant(finished: Path) -> None:
    elsewhere = f"sqlite:///{finished.parent / 'elsewhere.db'}"
    ended = robson("verify-log", "--data-dir", str(finished), "--json", DATABASE_URL=elsewhere)
    assert (ended.code, ended.json["ok"]) == (0, True)
    assert ended.json["checked"] > 10


def test_replay_tells_each_position_from_armed_to_closed(finished: Path) -> None:
    timeline = robson("replay", "--data-dir", str(finished), "--json").json["timeline"]
    assert [(entry["symbol"], entry["side"]) for entry in timeline] == [
        ("ABCUSDT", "long"),
        ("ABCUSDT", "short"),
    ]
    for entry in timeline:
        assert entry["steps"][0]["event_type"] == "PositionArmed"
        assert entry["steps"][-1]["event_type"] == "PositionClosed"


def test_an_altered_log_is_found_and_the_row_named(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in finished.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    with sqlite3.connect(copy / "robson.db") as database:
        for statement in database.execute(
            "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(statement[0])
        changed = database.execute(
            "UPDATE events SET body = replace(body, 'LONG', 'SHORT') WHERE sequence = 2"
        ).rowcount
    database.close()
    assert changed == 1
    ended = robson("verify-log", "--data-dir", str(copy), "--json")
    document = ended.json
    assert (ended.code, document["ok"], document["sequence"]) == (5, False, 2)
    shown = robson("verify-log", "--data-dir", str(copy))
    assert shown.code == 5
    assert "DOES NOT VERIFY" in shown.out
    assert robson("replay", "--data-dir", str(copy)).code == 5


def test_proofs_without_any_log_say_so(tmp_path: Path) -> None:
    for command in ("verify-log", "replay"):
        code, error = refusal(tmp_path, command)
        assert (code, error["code"]) == (4, "NO_LOG")


def test_without_stay_the_daemon_ends_and_the_page_says_where_to_look(tmp_path: Path) -> None:
    ended = robson(*arguments(tmp_path), COLUMNS="300")
    data = tmp_path / "data"
    assert (ended.code, ended.err) == (0, "")
    assert not is_held(data / "robsond.lock")
    for part in (
        "armed long ABCUSDT", "exit: trailing stop", "stop moved", "Why plan-1", "The log verifies",
        f"robson verify-log --data-dir {data}", "robson demo --stay",
    ):  # fmt: skip
        assert part in ended.out, part
    assert "goes on running" not in ended.out


def test_a_demonstration_that_did_not_succeed_says_so_and_ends_with_1(tmp_path: Path) -> None:
    ended = robson(*arguments(tmp_path), "--fee-rate", "0.002")
    assert (ended.code, ended.err) == (1, "")
    assert "NOT A SUCCESS" in ended.out
    assert "COSTS EAT RISK" in ended.out or "COSTS_EAT_RISK" in ended.out
    assert not is_held(tmp_path / "data" / "robsond.lock")


def test_a_folder_with_something_in_it_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    ended = robson("demo", "--data-dir", str(tmp_path), "--json")
    assert (ended.code, ended.json["error"]["field"]) == (2, "--data-dir")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_terminal_shows_each_position_on_its_way(tmp_path: Path) -> None:
    screen, child = pty.openpty()
    typed = [*ROBSON, *arguments(tmp_path), "--speed", "40"]
    process = subprocess.Popen(
        typed, stdin=child, stdout=child, stderr=child, env=environment(COLUMNS="80", LINES="40")
    )
    os.close(child)
    seen = b""
    try:
        while select.select([screen], [], [], SECONDS)[0]:
            try:
                seen += os.read(screen, 65536)
            except OSError:  # the last writer has left
                break
    finally:
        os.close(screen)
        process.terminate()
        assert process.wait(SECONDS) == 0
    shown = seen.decode()
    for part in ("PAPER", "● active", "✓ closed", "ABCUSDT long", "ABCUSDT short", "moves"):
        assert part in shown, part


@pytest.mark.slow
def test_the_main_job_on_the_simulated_market(tmp_path: Path) -> None:
    """What ``make demo`` does: within a minute a long and a short, opened, trailed and closed."""
    began = time.monotonic()
    ended = robson("demo", "--json", "--data-dir", str(tmp_path / "data"))
    assert (ended.code, ended.err) == (0, "")
    assert time.monotonic() - began < 60
    document = ended.json
    assert [(p["symbol"], p["side"]) for p in document["positions"]] == [
        ("BTCUSDT", "long"),
        ("ETHUSDT", "short"),
    ]
    for position in document["positions"]:
        assert position["really_closed"]
        assert position["exit_reason"] == "trailing_stop"
        assert len(position["stop_moves"]) > 20
    assert document["verify"]["ok"]
    assert all(step["same"] is not False for step in document["why"]["steps"])
