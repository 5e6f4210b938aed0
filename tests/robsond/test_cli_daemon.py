"""The first steps a person takes by hand, on a real paper daemon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.robsond.cli_person import Ended, robson

SECONDS = 60


@attrs.frozen
class Desk:
    """A person in front of one data directory."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {n: value for n, value in os.environ.items() if not n.startswith("ROBSON_")}
        return {**kept, "ROBSON_DATA_DIR": str(self.folder), "ROBSON_HTTP_PORT": "0"}

    def start(self) -> subprocess.Popen[bytes]:
        """Start the daemon and wait until it answers."""
        log = self.folder / "robsond.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "robsond.program", "run"],
                env=self.environment,
                stdout=sink,
                stderr=sink,
            )
        end = time.monotonic() + SECONDS
        while self.robson("status", "--json").code != 0:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end
        return process

    def robson(self, *typed: str) -> Ended:
        return robson(*typed, ROBSON_DATA_DIR=str(self.folder))

    def armed(self, *typed: str) -> str:
        ended = self.robson("arm", *typed, "--json")
        assert ended.code == 0, ended.out
        position_id: str = ended.json["position"]["position_id"]
        return position_id

    def view(self, position_id: str) -> dict[str, Any]:
        views = self.robson("positions", "--json").json["positions"]
        found: dict[str, Any] = next(v for v in views if v["position_id"] == position_id)
        return found

    def until(self, position_id: str, status: str) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while (view := self.view(position_id))["status"] != status:
            assert time.monotonic() < end, view
        return view


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("paper"))
    process = desk.start()
    yield desk
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0


def test_the_bare_arm_waits_and_can_be_taken_back(desk: Desk) -> None:
    name = desk.armed("SOLUSDT")
    assert desk.view(name)["status"] == "Armed"
    assert name in desk.robson("status").out
    ended = desk.robson("disarm", name, "--json")
    assert (ended.code, ended.json["position"]["close_reason"]) == (0, "disarmed")
    assert desk.robson("disarm", name, "--json").code == 1


def test_a_position_goes_from_armed_to_closed_by_hand(desk: Desk) -> None:
    name = desk.armed("BTCUSDT", "--strategy", "delay", "--delay", "0", "--stop-distance", "1%")
    view = desk.until(name, "Active")
    assert float(view["stop"]) < float(view["entry_price"])
    risk = desk.robson("risk", "--json").json
    assert any(row["position_id"] == name for row in risk["per_position"])
    assert desk.robson("disarm", name, "--json").code == 1
    assert desk.robson("close", name).code == 0
    assert desk.until(name, "Closed")["close_reason"] == "close"
    told = desk.robson("why", name)
    assert told.code == 0
    assert "you asked for it" in told.out
    kinds = [event["type"] for event in desk.robson(
        "events", "--position", name, "--json").json["events"]]  # fmt: skip
    assert kinds[0] == "PositionArmed"
    assert kinds[-1] == "PositionClosed"


def test_a_dry_run_estimates_and_arms_nothing(desk: Desk) -> None:
    before = desk.robson("positions", "--json").json
    ended = desk.robson("arm", "ETHUSDT", "--side", "short", "--dry-run", "--json")
    estimate = ended.json["estimate"]
    assert (ended.code, estimate["is_estimate"]) == (0, True)
    assert 0 < float(estimate["loss_max"]) <= float(estimate["risk_amount"])
    assert "estimate" in desk.robson("arm", "ETHUSDT", "--dry-run").out
    assert desk.robson("positions", "--json").json == before


def test_the_same_key_arms_once(desk: Desk) -> None:
    typed = ("SOLUSDT", "--idempotency-key", "only-one-of-these")
    first, second = desk.armed(*typed), desk.armed(*typed)
    assert first == second
    other = desk.robson("arm", "SOLUSDT", "--side", "short", "--idempotency-key", typed[2])
    assert other.code == 1
    assert desk.robson("disarm", first).code == 0


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (("XYZUSDT",), "SYMBOL"),
        (("BTCUSDT", "--strategy", "nobody"), "--strategy"),
        (("BTCUSDT", "--param", "fasst=3"), "--param fasst"),
        (("BTCUSDT", "--param", "fast=x"), "--param fast"),
        (("BTCUSDT", "--capital", "999999"), "--capital"),
        (("BTCUSDT", "--expires", "2020-01-01T00:00:00Z"), "--expires"),
    ],
    ids=str,
)
def test_what_only_the_daemon_can_know_is_refused_by_option(
    desk: Desk, typed: tuple[str, ...], field: str
) -> None:
    before = desk.robson("status", "--json").json["status"]["armed"]
    assert desk.robson("arm", *typed, "--json").error["field"] == field
    assert desk.robson("status", "--json").json["status"]["armed"] == before


def test_more_risk_passes_with_the_phrase(desk: Desk) -> None:
    typed = ("SOLUSDT", "--risk-percent", "6", "--confirm-risk", "I accept 6% risk")
    name = desk.armed(*typed)
    assert desk.view(name)["risk_percent"] == "6"
    assert desk.robson("disarm", name).code == 0


def test_panic_ends_everything(desk: Desk) -> None:
    waiting = desk.armed("SOLUSDT", "--stop-distance", "1%")
    open_one = desk.armed("ETHUSDT", "--strategy", "delay", "--stop-distance", "1%")
    desk.until(open_one, "Active")
    assert desk.robson("panic", "--yes", "--json").json == {
        "closing": [open_one],
        "disarmed": [waiting],
    }
    assert desk.until(open_one, "Closed")["close_reason"] == "panic"
    assert desk.view(waiting)["close_reason"] == "panic"


def test_proofs_hold_while_it_runs(desk: Desk) -> None:
    for command in ("verify-log", "replay"):
        document = desk.robson(command, "--json")
        assert (document.code, document.json["ok"]) == (0, True)
        assert document.json["source"] == "daemon"
        assert desk.robson(command, "--offline").code != 0


def test_a_daemon_that_was_killed_is_not_reachable_and_says_how_to_start_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    process = desk.start()
    process.kill()
    process.wait(SECONDS)
    ended = desk.robson("status", "--json")
    assert (ended.code, ended.error["code"]) == (3, "DAEMON_NOT_REACHABLE")
    assert "robsond run" in ended.error["message"]
    assert desk.robson("verify-log", "--json").json["source"] == "files"
