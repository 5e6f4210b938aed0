"""What a demonstration shows: the panels of a terminal, and its daemon when it goes wrong."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from robsond.cli.errors import CliError
from robsond.cli.output import Output
from robsond.demo import child
from robsond.demo.child import Daemon
from robsond.demo.screen import LineScreen, LiveScreen, SilentScreen, screen_for, stage_line
from robsond.demo.story import Stories
from tests.robsond.cli_fake import HEAD, MOMENT, event
from tests.robsond.test_demo_parts import DENIED, LIFE

STATUS = {"mode": "paper", "now": MOMENT, "head": {"sequence": HEAD.sequence, "hash": HEAD.hash}}
SECOND = 1_000_000_000


def terminal(output: Output) -> io.StringIO:
    """Make the output a terminal whose letters are kept."""
    written = io.StringIO()
    output.console = Console(file=written, force_terminal=True, width=80, color_system=None)
    return written


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (1, "● armed → ○ entering → ○ active → ○ exiting → ○ closed"),
        (4, "✓ armed → ✓ entering → ● active → ○ exiting → ○ closed"),
        (6, "✓ armed → ✓ entering → ✓ active → ● exiting → ○ closed"),
        (9, "✓ armed → ✓ entering → ✓ active → ✓ exiting → ✓ closed  trailing stop"),
    ],
)
def test_the_way_of_a_position_is_marked_as_far_as_it_went(length: int, shown: str) -> None:
    stories = Stories()
    for one in LIFE[:length]:
        stories.take(one)
    assert str(stage_line(stories.all[0])) == shown


def test_a_position_that_was_denied_went_no_further() -> None:
    stories = Stories()
    for one in DENIED:
        stories.take(one)
    assert str(stage_line(stories.all[0])) == (
        "✓ armed → ○ entering → ○ active → ○ exiting → ✓ closed  denied, COSTS EAT RISK"
    )


def test_a_terminal_shows_panels_figures_and_the_latest_events() -> None:
    output = Output(as_json=False)
    written = terminal(output)
    screen, stories = screen_for(output), Stories()
    assert isinstance(screen, LiveScreen)
    for one in LIFE:
        screen.event(stories.take(one), one)
    view = {"position_id": "p-0123456789abcdef", "entry_price": "100.1", "quantity": "1"}
    stories.look([view], [{"symbol": "BTCUSDT", "last_price": "99.5"}])
    screen.refresh(stories, STATUS)
    screen.close()
    shown = written.getvalue()
    for part in ("PAPER", "event 3, head abababababab", "BTCUSDT long  p-01", "100.1", "99.5"):
        assert part in shown, part
    # Eight lines of events, the latest: the first of nine has scrolled away.
    assert "armed long" not in shown
    assert "closed: trailing stop" in shown


def moved(number: int, seconds: float) -> dict[str, Any]:
    return event(
        number, "TrailingStopUpdated", best=f"{100 + number}", stop=f"{99 + number}",
        previous_stop="98", ts_received=int(seconds * SECOND),
    )  # fmt: skip


def test_lines_tell_of_a_moving_stop_once_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    screen, stories = LineScreen(Output(as_json=False)), Stories()
    for one in (LIFE[0], moved(2, 10), moved(3, 10.9), moved(4, 11), moved(5, 11.5), LIFE[7]):
        screen.event(stories.take(one), one)
    screen.refresh(stories, STATUS)
    screen.close()
    lines = capsys.readouterr().out.splitlines()
    assert [("101" in line, "103" in line) for line in lines if "stop" in line] == [
        (True, False),
        (False, True),
    ]
    assert len(lines) == 4


def test_a_script_is_shown_nothing_before_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    screen, stories = screen_for(Output(as_json=True)), Stories()
    assert isinstance(screen, SilentScreen)
    screen.event(stories.take(LIFE[0]), LIFE[0])
    screen.refresh(stories, STATUS)
    screen.close()
    assert capsys.readouterr() == ("", "")


# ------------------------------------------------------------- its daemon

Start = Callable[..., Daemon]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Daemon] = []

    def begin(**settings: str) -> Daemon:
        usual = {"ROBSON_DATA_DIR": str(tmp_path), "ROBSON_HTTP_PORT": "0"}
        started.append(Daemon(str(tmp_path), {**usual, **settings}))
        return started[-1]

    yield begin
    for daemon in started:
        daemon.stop()


def test_its_daemon_is_ended_in_order(start: Start) -> None:
    daemon = start()
    assert daemon.wait_ready().data_dir == daemon.data_dir
    assert daemon.is_alive()
    assert daemon.stop() == 0
    assert not daemon.is_alive()
    assert "stopped" in daemon.last_words()


def test_a_daemon_that_does_not_end_is_killed(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STOP_SECONDS", 0.1)
    daemon = start()
    daemon.wait_ready()
    os.kill(daemon.pid, signal.SIGSTOP)
    assert daemon.stop() is None
    assert not daemon.is_alive()


def test_a_daemon_that_refuses_its_settings_says_why(start: Start) -> None:
    with pytest.raises(CliError) as caught:
        start(ROBSON_CAPITAL="much").wait_ready()
    assert (caught.value.code, caught.value.exit_code) == ("DAEMON_REFUSED", 2)
    assert "ROBSON_CAPITAL" in caught.value.message


def test_a_daemon_that_ends_says_its_code(start: Start) -> None:
    daemon = start()
    daemon.wait_ready()
    os.kill(daemon.pid, signal.SIGKILL)
    while daemon.is_alive():
        time.sleep(0.01)
    with pytest.raises(CliError, match=r"code -9") as caught:
        daemon.check()
    assert caught.value.code == "DAEMON_ENDED"


def test_a_daemon_that_takes_too_long_is_given_up(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "START_SECONDS", 0.1)
    with pytest.raises(CliError) as caught:
        start().wait_ready()
    assert caught.value.code == "DAEMON_NOT_READY"
