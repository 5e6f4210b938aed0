"""What a command needs of the machine: small files, new ids, pauses, a folder, a process."""

from __future__ import annotations

import pathlib
import subprocess
import tempfile
import threading
import time
import uuid

import platformdirs


def default_data_dir() -> str:
    """Return the data directory when none is named."""
    return platformdirs.user_data_dir("robson")


def read_text(*parts: str) -> str | None:
    """Return the text of a small file, or None when it cannot be read."""
    try:
        return pathlib.Path(*parts).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def new_id() -> str:
    """Return a new unique id."""
    return str(uuid.uuid4())


def now_ns() -> int:
    """Return UTC time, ns."""
    return time.time_ns()


def pause(seconds: float) -> None:
    """Return after ``seconds``; Ctrl-C ends it at once."""
    threading.Event().wait(seconds)


def make_folder(path: str | None) -> str:
    """Return ``path`` as a folder that exists, or a fresh temporary one."""
    if path is None:
        return tempfile.mkdtemp(prefix="robson-demo-")
    pathlib.Path(path).mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def is_file(path: str) -> bool:
    """Say whether ``path`` is a file."""
    return pathlib.Path(path).is_file()


def is_empty(path: str) -> bool:
    """Say whether ``path`` is no folder, or one without anything in it."""
    folder = pathlib.Path(path)
    return not folder.is_dir() or not any(folder.iterdir())


def spawn(
    arguments: list[str], environment: dict[str, str], *, log: str, folder: str
) -> subprocess.Popen[bytes]:
    """Start a process in its own session, in ``folder``, its output in the file ``log``."""
    with pathlib.Path(log).open("wb") as sink:
        return subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            arguments,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
