"""The program as it is started: terminals, pipes, signals, letters, and how fast it answers."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.robsond.cli_fake import TOKEN, FakeDaemon, fake_daemon

PROGRAM = [sys.executable, "-c", "from robsond.cli import main; main()"]
ONE = "p-0123456789abcdef"


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with fake_daemon() as running:
        yield running


def environment(daemon: FakeDaemon, folder: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    own = {
        "ROBSON_API_URL": daemon.url,
        "ROBSON_API_TOKEN": TOKEN,
        "ROBSON_DATA_DIR": str(folder),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }
    return {**kept, **own, **more}


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self.screen, child = pty.openpty()
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments], env=env, stdin=child, stdout=child, stderr=child
        )
        os.close(child)
        self.text = ""

    def until(self, wanted: str, seconds: float = 20) -> str:
        """Read until ``wanted`` was printed."""
        end = time.monotonic() + seconds
        while wanted not in self.text:
            left = end - time.monotonic()
            assert left > 0, f"never saw {wanted!r} in {self.text!r}"
            if select.select([self.screen], [], [], left)[0]:
                self.text += self._read()
        return self.text

    def _read(self) -> str:
        try:
            return os.read(self.screen, 65536).decode("utf-8", "replace")
        except OSError:  # how a terminal says that its last reader is gone
            return "\x04"

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def end(self, seconds: float = 20) -> int:
        """Return the exit code, reading what is still printed."""
        end = time.monotonic() + seconds
        while "\x04" not in self.text[-1:]:
            if not select.select([self.screen], [], [], max(0, end - time.monotonic()))[0]:
                self.process.kill()
            self.text += self._read()
        os.close(self.screen)
        return self.process.wait(20)


def call(
    arguments: list[str], env: dict[str, str], **options: object
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, *arguments], env=env, capture_output=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_phrase_is_asked_for_and_taken_on_a_terminal(
    daemon: FakeDaemon, tmp_path: Path
) -> None:
    terminal = Terminal(["arm", "BTCUSDT", "--risk-percent", "8"], environment(daemon, tmp_path))
    terminal.until('Type "I accept 8% risk"')
    assert daemon.posts == []
    terminal.type("I accept 8% risk\n")
    assert terminal.end() == 0
    assert daemon.posts[0].body["confirm_risk_percent"] == "8"


def test_another_phrase_arms_nothing(daemon: FakeDaemon, tmp_path: Path) -> None:
    terminal = Terminal(["arm", "BTCUSDT", "--risk-percent", "8"], environment(daemon, tmp_path))
    terminal.until("to go on")
    terminal.type("yes\n")
    assert terminal.end() == 1
    assert "RISK_NOT_CONFIRMED" in terminal.text
    assert daemon.posts == []


def test_panic_lists_what_ends_and_takes_no_for_an_answer(
    daemon: FakeDaemon, tmp_path: Path
) -> None:
    terminal = Terminal(["panic"], environment(daemon, tmp_path))
    terminal.until("[y/N]")
    assert ONE in terminal.text
    terminal.type("\n")
    assert terminal.end() == 1
    assert daemon.posts == []


def test_panic_does_it_after_yes(daemon: FakeDaemon, tmp_path: Path) -> None:
    terminal = Terminal(["panic"], environment(daemon, tmp_path))
    terminal.until("[y/N]")
    terminal.type("y\n")
    assert terminal.end() == 0
    assert [request.path for request in daemon.posts] == ["/api/panic"]


def test_watching_refreshes_and_ctrl_c_ends_it_cleanly(daemon: FakeDaemon, tmp_path: Path) -> None:
    terminal = Terminal(["status", "--watch", "--interval", "0.1"], environment(daemon, tmp_path))
    terminal.until("PAPER")
    before = len(daemon.seen)
    while len(daemon.seen) < before + 9:
        time.sleep(0.02)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0
    assert "Traceback" not in terminal.text


def test_watching_into_a_pipe_works_and_ends_cleanly(daemon: FakeDaemon, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "status", "--watch", "--interval", "0.1"],
        env=environment(daemon, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while len(daemon.seen) < 12:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
    assert out.decode().count("PAPER") >= 3
    assert b"\x1b[" not in out


def test_following_events_prints_new_ones_until_ctrl_c(daemon: FakeDaemon, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "events", "--follow"],
        env=environment(daemon, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while sum(request.path == "/api/events" for request in daemon.seen) < 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
    assert "armed long BTCUSDT" in out.decode()
    assert daemon.seen[1].params["after"] == "3"


def test_color_is_for_terminals_and_can_be_refused(daemon: FakeDaemon, tmp_path: Path) -> None:
    colored = Terminal(["positions"], environment(daemon, tmp_path))
    assert colored.end() == 0
    assert "\x1b[32m" in colored.text
    plain = Terminal(["positions"], environment(daemon, tmp_path, NO_COLOR="1"))
    assert plain.end() == 0
    assert "\x1b[32m" not in plain.text
    assert "▲ +21.4" in plain.text
    assert b"\x1b[" not in call(["positions"], environment(daemon, tmp_path)).stdout


def test_a_terminal_without_these_letters_is_no_reason_to_fail(
    daemon: FakeDaemon, tmp_path: Path
) -> None:
    env = environment(daemon, tmp_path, PYTHONIOENCODING="ascii", LANG="C")
    ended = call(["positions"], env)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"+21.4" in ended.stdout


def test_a_reader_that_leaves_early_sees_no_traceback(daemon: FakeDaemon, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "events", "--follow"],
        env=environment(daemon, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    for number in range(4, 400):  # more lines, until the pipe is found closed
        daemon.answers["GET", "/api/events"][1]["events"][-1]["sequence"] = number
        if process.poll() is not None:
            break
        time.sleep(0.05)
    assert process.wait(20) == 0
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_exit_codes_and_documents_reach_a_script(daemon: FakeDaemon, tmp_path: Path) -> None:
    env = environment(daemon, tmp_path)
    good = call(["risk", "--json"], env)
    assert (good.returncode, good.stderr) == (0, b"")
    assert json.loads(good.stdout)["worst_case_loss"] == "61.655"
    missing = call(["why", "p-9", "--json"], env)
    assert (missing.returncode, missing.stderr) == (4, b"")
    assert json.loads(missing.stdout)["error"]["code"] == "NOT_FOUND"
    gone = call(["risk", "--url", "http://127.0.0.1:9"], env)
    assert (gone.returncode, gone.stdout) == (3, b"")
    assert b"robsond run" in gone.stderr


def test_help_answers_at_once(daemon: FakeDaemon, tmp_path: Path) -> None:
    """What it does not import is what makes it fast; seconds would depend on the machine."""
    script = (
        "import sys; from robsond.cli.app import run; run(['--help']);"
        "heavy = {'httpx', 'litestar', 'msgspec', 'sqlalchemy', 'robson_domain', 'asyncio'};"
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(daemon, tmp_path),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_the_environments_proxy_never_sees_the_token(daemon: FakeDaemon, tmp_path: Path) -> None:
    env = environment(daemon, tmp_path, HTTP_PROXY="http://127.0.0.1:9", ALL_PROXY="")
    assert call(["risk", "--json"], env).returncode == 0


def test_a_document_nobody_reads_is_no_defect(daemon: FakeDaemon, tmp_path: Path) -> None:
    many = daemon.answers["GET", "/api/events"][1]["events"] * 2000
    daemon.answers["GET", "/api/events"][1]["events"] = many
    process = subprocess.Popen(
        [*PROGRAM, "events", "--json"],
        env=environment(daemon, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(20) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
