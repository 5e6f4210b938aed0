"""Programs as they are started: full disks, closed pipes, signals, and files of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from robsond import system
from tests.robsond.cli_fake import FakeDaemon, fake_daemon
from tests.robsond.daemon_process import Robsond
from tests.robsond.test_cli_process import PROGRAM, environment

FULL = Path("/dev/full")


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with fake_daemon() as running:
        yield running


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full here")
@pytest.mark.parametrize("arguments", [("positions",), ("positions", "--json"), ("--help",)])
def test_a_full_disk_is_one_line(
    daemon: FakeDaemon, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with FULL.open("w") as full:
        ended = subprocess.run(
            [*PROGRAM, *arguments],
            env=environment(daemon, tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr
    if "--json" not in arguments:
        assert b"OUTPUT_FAILED): The output cannot be written: No space left" in ended.stderr


@pytest.mark.parametrize("wait", [0.0, 0.15, 0.3, 0.45, 0.6, 0.9])
def test_follow_ends_well_whenever_ctrl_c_comes(
    daemon: FakeDaemon, tmp_path: Path, wait: float
) -> None:
    script = "from robsond.cli import main; print('up', flush=True); main()"
    with subprocess.Popen(
        [sys.executable, "-c", script, "events", "--follow"],
        env=environment(daemon, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        time.sleep(0.01 + wait)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0, process.stderr.read()


def test_the_log_of_a_child_is_for_us_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        process = system.spawn(
            [sys.executable, "-c", ""], dict(os.environ), log=str(tmp_path / "log"), folder="/"
        )
        assert process.wait(20) == 0
    finally:
        os.umask(before)
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_said_once(tmp_path: Path) -> None:
    with fake_daemon() as other:
        code, said = Robsond(tmp_path, ROBSON_HTTP_PORT=str(other.port)).finish()
    assert code == 2
    lines = [line for line in said.splitlines() if "listen" in line or "address" in line]
    assert len(lines) == 1
    assert "ROBSON_HTTP_PORT" in lines[0]


def test_migrating_beside_a_daemon_is_not_a_broken_log(tmp_path: Path) -> None:
    with Robsond(tmp_path) as daemon:
        code, said = daemon.finish("migrate")
        assert code == 3
        assert "in use by another process" in said
