"""Watching a demonstration that does not go well: it ends, and says what happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from robsond import dto
from robsond.cli.client import Api
from robsond.cli.output import Output
from robsond.cli.target import Target
from robsond.demo import watch
from robsond.demo.child import Daemon
from robsond.demo.plan import DemoPlan
from robsond.demo.screen import screen_for
from tests.robsond.cli_fake import HEAD, MOMENT, TOKEN, FakeDaemon, event, fake_daemon, status

LATER = "2024-08-08T13:00:00.000000000Z"


class Elsewhere(Daemon):
    """A daemon that somebody else runs."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = str(folder)

    def check(self) -> None:
        """It does not end."""


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with fake_daemon() as running:
        yield running


def verdict(daemon: FakeDaemon, folder: Path, *, recording: bool) -> str:
    plan = DemoPlan(
        trades="file" if recording else "", pairs=("BTCUSDT",), stop_distance="1%", delay="0",
        speed="max", latency_ms=0, fee_rate="0", capital="10000",
    )  # fmt: skip
    target = Target(url=daemon.url, source="test", token=TOKEN, data_dir=str(folder))
    with Api(target) as api:
        return watch.Watch(api, Elsewhere(folder), plan, screen_for(Output(True))).run()


def playback(state: str, now: str) -> dto.PlaybackView:
    view = {"state": state, "market_time": now, "first": MOMENT, "last": LATER, "trades": 3}
    return msgspec.convert(view, dto.PlaybackView)


ENDED = [
    event(1, "PositionArmed", command={"symbol": "BTCUSDT", "side": "LONG"}),
    event(2, "PositionDisarmed", reason="end_of_data"),
]


def log(daemon: FakeDaemon, events: list[dict[str, object]]) -> None:
    reply = dto.EventsReply(events=events, head=HEAD, next_after=None)
    daemon.answer("GET", "/api/events", reply)


def test_a_plan_that_is_refused_ends_it_at_once(daemon: FakeDaemon, tmp_path: Path) -> None:
    plan = dto.PlanView(steps=2, done=1, problems=["step 1: strategy: write manual"])
    now = status(plan=plan, playback=playback("running", MOMENT))
    daemon.answer("GET", "/api/status", now)
    assert "armed: strategy: write manual" in verdict(daemon, tmp_path, recording=True)


def test_a_step_that_came_too_late_is_no_failure(daemon: FakeDaemon, tmp_path: Path) -> None:
    plan = dto.PlanView(steps=2, done=2, problems=["step 2: whatever"])
    daemon.answer("GET", "/api/status", status(plan=plan, playback=playback("finished", LATER)))
    log(daemon, ENDED)
    assert verdict(daemon, tmp_path, recording=True) == ""


@pytest.mark.parametrize("state", ["running", "finished"])
def test_a_position_that_does_not_end_with_the_recording(
    daemon: FakeDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(watch, "_SETTLE_SECONDS", 0)
    daemon.answer("GET", "/api/status", status(playback=playback(state, LATER)))
    assert "still open" in verdict(daemon, tmp_path, recording=True)


def test_a_simulated_market_that_takes_too_long(
    daemon: FakeDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SIMULATED_SECONDS", 0)
    assert "not everything closed" in verdict(daemon, tmp_path, recording=False)
