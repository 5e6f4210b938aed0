"""The database's file goes away while it runs, or is not there at the start: nobody is deceived."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.robsond.daemon_process import Robsond

LIVELY = {"ROBSON_MARKET_SEED": "5", "ROBSON_MARKET_VOLATILITY": "300", "ROBSON_FEE_RATE": "0"}
WAITS = {"symbol": "ETHUSDT", "strategy": "breakout"}


@pytest.fixture
def robsond(tmp_path: Path) -> Iterator[Robsond]:
    with Robsond(tmp_path, **LIVELY) as daemon:
        yield daemon


def taken(folder: Path) -> dict[Path, bytes]:
    """Remove the database's files and return them."""
    found = {file: file.read_bytes() for file in folder.glob("robson.db*")}
    assert found
    for file in found:
        file.unlink()
    return found


def checks(daemon: Robsond) -> tuple[int, str, str]:
    assert daemon._client is not None
    ready = daemon._client.get("/readyz")
    deep = daemon._client.get("/health/deep").json()["checks"]["store"]
    return ready.status_code, ready.json()["checks"]["store"], deep["detail"]


def test_a_database_removed_while_it_runs_is_told_and_nothing_is_acknowledged(
    robsond: Robsond,
) -> None:
    robsond.arm(**WAITS)
    assert checks(robsond)[:2] == (200, "ok")
    taken(robsond.folder)
    # Before anything is written, too.
    status, word, detail = checks(robsond)
    assert (status, word) == (503, "failed")
    assert "robson.db was removed or replaced" in detail
    assert "backup" in detail
    answer = robsond.post("/api/positions", WAITS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "UNCONFIRMED")
    deadline = time.monotonic() + 5
    while "store_failed" not in robsond.drain() and time.monotonic() < deadline:
        time.sleep(0.05)
    (line,) = [text for text in robsond.output.splitlines() if "store_failed" in text]
    assert "robson.db was removed or replaced" in line
    assert not list(robsond.folder.glob("robson.db*"))


def test_a_refused_start_leaves_no_empty_database_behind(robsond: Robsond) -> None:
    name = robsond.arm(**WAITS)
    robsond.kill()
    kept = taken(robsond.folder)
    before = {file.name for file in robsond.folder.iterdir()}
    for command in ("run", "migrate"):
        code, output = robsond.finish(command)
        assert (code, "is gone or empty" in output) == (4, True), output
        assert "nothing was changed" in output
        assert not {file.name for file in robsond.folder.iterdir()} - before
    for file, content in kept.items():
        file.write_bytes(content)
    robsond.start()
    assert robsond.position(name)["status"] == "Armed"
