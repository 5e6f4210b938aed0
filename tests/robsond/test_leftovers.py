"""No daemon stays behind, whatever happens to the tests."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.robsond.daemon_process import Robsond
from tests.robsond.leftovers import is_held, none_left

ROOT = Path(__file__).parents[2]
TESTS = """
import sys, time
from pathlib import Path
from tests.robsond.daemon_process import Robsond
from tests.robsond.leftovers import none_left
folder = Path(sys.argv[1])
with none_left(folder):
    Robsond(folder / "data").start()
    print("started", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data directory on which no daemon runs any more when the test is over."""
    folder = tmp_path / "data"
    folder.mkdir()
    yield folder
    end = time.monotonic() + 30
    while is_held(folder / "robsond.lock"):
        assert time.monotonic() < end, "it runs"
        time.sleep(0.05)


def test_a_daemon_that_was_forgotten_fails_the_tests_and_ends(data: Path) -> None:
    with Robsond(data) as daemon:
        with pytest.raises(AssertionError, match=str(data)), none_left(data.parent):
            assert is_held(data / "robsond.lock")
        assert daemon._process is not None
        assert daemon._process.wait(10) < 0


def test_a_daemon_that_was_ended_is_no_leftover(data: Path) -> None:
    with none_left(data.parent), Robsond(data) as daemon:
        assert daemon.stop() == 0


def test_tests_that_are_killed_leave_no_daemon(data: Path) -> None:
    command = [sys.executable, "-c", TESTS, str(data.parent)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        assert is_held(data / "robsond.lock")
        process.kill()
