"""This process: what it leaks, and that there is one of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

fcntl: ModuleType | None
resource: ModuleType | None
try:
    import fcntl
    import resource
except ImportError:  # not on Windows; its files are private to the user by default
    fcntl = resource = None


def process_id() -> int:
    """Return the id of this process."""
    return os.getpid()


def drop_output() -> None:
    """Send what is still to be written to standard output nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def harden() -> None:
    """Make new files private to this user and leave no memory image behind after a crash."""
    os.umask(0o077)
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def spawn(
    arguments: list[str], environment: dict[str, str], *, log: str, folder: str
) -> subprocess.Popen[bytes]:
    """Start a process in its own session, in ``folder``, its output in ``log`` for us alone."""
    handle = os.open(Path(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as sink:
        return subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            arguments,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )


class InstanceLock:
    """Held by the one daemon of a data directory; the system frees it when the process dies."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._handle = -1

    def acquire(self) -> bool:
        """Take the lock; False when another process holds it.

        Raises:
            OSError: When the lock file cannot be made.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back; idempotent."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
