"""Ends the daemons that tests leave running, also when the tests themselves are killed.

A daemon of ``robson demo`` has a session of its own and outlives whoever started it. So a second
process watches: it waits for the end of its input, which comes with the end of the tests,
however they end, and then ends every daemon below the tests' folder. A daemon is known by the
lock it holds on its data directory: that one cannot be somebody else's reused process id.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ORDERLY = "done\n"
"""What the tests say before they close the input; without it they were killed."""
START_SECONDS = 15
"""A daemon that was just being started takes its lock within this time."""


def is_held(lock: Path) -> bool:
    """Say whether a living process holds the lock."""
    with contextlib.suppress(FileNotFoundError), lock.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def end_daemons(folder: Path) -> list[Path]:
    """Kill every daemon below ``folder`` and return the data directories they had."""
    ended = []
    for lock in sorted(folder.rglob("robsond.lock")):
        with contextlib.suppress(OSError, ValueError, KeyError):
            pid = json.loads(lock.with_name("daemon.json").read_text())["pid"]
            if is_held(lock) and pid != os.getppid():
                os.kill(pid, signal.SIGKILL)
                ended.append(lock.parent)
    return ended


@contextmanager
def none_left(folder: Path) -> Iterator[None]:
    """Fail at the end when a daemon below ``folder`` still runs; it does not run after that."""
    watch = subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    yield
    left, _ = watch.communicate(ORDERLY)
    assert left == "", f"tests left daemons running on:\n{left}"


def main() -> None:
    """Wait for the end of the tests, then do what they did not."""
    was_orderly = sys.stdin.read() == ORDERLY
    end = time.monotonic() + (0 if was_orderly else START_SECONDS)
    while True:
        for data in end_daemons(Path(sys.argv[1])):
            print(data, flush=was_orderly)
        if time.monotonic() >= end:
            return
        time.sleep(0.2)


if __name__ == "__main__":
    main()
