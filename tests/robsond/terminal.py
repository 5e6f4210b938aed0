"""A program on a terminal of its own, and the person who sits there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

SECONDS = 30


class Terminal:
    """One process on a new pseudo-terminal; what it showed is in ``shown``."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        kind: str = "dumb",
    ) -> None:
        self.shown = ""
        self._master, slave = pty.openpty()
        try:
            self._process = subprocess.Popen(
                arguments,
                env=dict(environment) | {"TERM": kind, "COLUMNS": "100"},
                cwd=folder,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
            )
        finally:
            os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(SECONDS)
        os.close(self._master)

    @property
    def pid(self) -> int:
        return self._process.pid

    def until(self, words: str, seconds: float = SECONDS) -> str:
        """Return everything shown so far once ``words`` are among it."""
        deadline = time.monotonic() + seconds
        while words not in self.shown and time.monotonic() < deadline:
            if not self._read(0.1) and self._process.poll() is not None:
                break
        if words in self.shown:
            return self.shown
        raise AssertionError(f"{words!r} was not shown: {self.shown}")

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            found = os.read(self._master, 65_536)
        except OSError:  # the other end was closed
            return False
        self.shown += found.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(found)

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._master, f"{line}\n".encode())

    def ended(self, seconds: float = SECONDS) -> int:
        """Return the exit code; what was still shown is read."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < deadline:
            self._read(0.1)
        while self._read(0.1):
            pass
        if self._process.returncode is None:
            raise AssertionError(f"it did not end: {self.shown}")
        return self._process.returncode
