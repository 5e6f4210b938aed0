"""The demonstration's own daemon: a real ``robsond run`` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Final

from robsond import system
from robsond.cli import local
from robsond.cli.client import Api
from robsond.cli.errors import EXIT_USAGE, CliError
from robsond.cli.target import Target, find_target, running_port
from robsond.demo.plan import clean_environment

START_SECONDS: Final = 30
"""A cold start imports and creates a database; several times what it takes on a slow machine."""
STOP_SECONDS: Final = 10
LOG_NAME: Final = "robsond.log"
_POLL_SECONDS: Final = 0.05
_LOG_LINES: Final = 15
_BAD_SETTINGS: Final = 2
"""How robsond ends when a setting, or the recording it names, cannot be used."""


class Daemon:
    """One child process; it is ended by :meth:`stop`, unless it is told to stay."""

    def __init__(self, data_dir: str, settings: dict[str, str]) -> None:
        self.data_dir = data_dir
        self.log = os.path.join(data_dir, LOG_NAME)
        self._process = system.spawn(
            [sys.executable, "-m", "robsond.program", "run"],
            clean_environment(settings),
            log=self.log,
            folder=data_dir,
        )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Say whether the process still runs."""
        return self._process.poll() is None

    def wait_ready(self) -> Target:
        """Return how to talk to it, once it is ready.

        Raises:
            CliError: With the daemon's own words when it ended or does not get ready.
        """
        for _ in range(int(START_SECONDS / _POLL_SECONDS)):
            self.check()
            if running_port(self.data_dir):
                target = find_target(None, self.data_dir, {})
                with Api(target) as api:
                    if api.is_ready():
                        return target
            local.pause(_POLL_SECONDS)
        raise CliError(
            "DAEMON_NOT_READY",
            f"The daemon was not ready within {START_SECONDS} s.{self.last_words()}",
        )

    def check(self) -> None:
        """Raise when the process has ended.

        Raises:
            CliError: With the daemon's own words.
        """
        code = self._process.poll()
        if code == _BAD_SETTINGS:
            raise CliError(
                "DAEMON_REFUSED",
                f"The daemon does not start with this:{self.last_words()}",
                exit_code=EXIT_USAGE,
            )
        if code is not None:
            raise CliError("DAEMON_ENDED", f"The daemon ended, code {code}.{self.last_words()}")

    def last_words(self) -> str:
        """Return the end of its log, on lines of their own; empty when it said nothing."""
        text = (local.text_of(self.log) or "").strip()
        lines = text.splitlines()[-_LOG_LINES:]
        return "".join(f"\n  {line}" for line in lines)

    def stop(self) -> int | None:
        """End it by SIGTERM and return its exit code; None when it had to be killed."""
        if self.is_alive():
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None
