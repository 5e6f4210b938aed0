"""What a command needs of the machine: small files, new ids, pauses, a folder, a process.

A thin layer over :mod:`robsond.system`, which is imported when it is first needed.
"""

from __future__ import annotations

import os
import pathlib
import threading
from functools import cache
from typing import TYPE_CHECKING

from robsond.cli.errors import usage

if TYPE_CHECKING:
    from robsond.system import RealClock


def default_data_dir() -> str:
    """Return the data directory when none is named; the daemon's own default."""
    import platformdirs

    return platformdirs.user_data_dir("robson", appauthor=False)


def text_of(*parts: str) -> str | None:
    """Return the text of a small file, or None when it cannot be read."""
    from robsond.system import read_text

    try:
        return read_text(pathlib.Path(*parts))
    except (OSError, UnicodeDecodeError):
        return None


def read_secret(field: str, path: str) -> str:
    """Return the secret in a file.

    Args:
        field: Option or setting that named the file.

    Raises:
        CliError: When it cannot be read, or others can read it too.
    """
    from robson_domain import ConfigurationError
    from robsond import system

    try:
        return system.read_secret(path)
    except ConfigurationError as error:
        raise usage(field, str(error)) from None


def new_id(kind: str) -> str:
    """Return a new unique id that begins with ``kind``."""
    from robsond import system

    return system.RandomIds().new_id(kind)


@cache
def _clock() -> RealClock:
    from robsond import system

    return system.RealClock()


def now_ns() -> int:
    """Return UTC time, ns; never goes back."""
    return _clock().now_ns()


def pause(seconds: float) -> None:
    """Return after ``seconds``; Ctrl-C ends it at once."""
    threading.Event().wait(seconds)


def drop_output() -> None:
    """Write nothing more to standard output: it is gone, and a last flush would complain."""
    from robsond import system

    system.drop_output()


def is_folder(path: str) -> bool:
    """Say whether ``path`` is a folder."""
    return pathlib.Path(path).is_dir()


def is_file(path: str) -> bool:
    """Say whether ``path`` is a file."""
    return pathlib.Path(path).is_file()


def is_vacant(path: str) -> bool:
    """Say whether nothing is at ``path``, or a folder without anything in it."""
    place = pathlib.Path(path)
    return not place.exists() or (place.is_dir() and not any(place.iterdir()))


def temporary_name(kind: str) -> str:
    """Return the path of a new folder where this machine keeps what need not last."""
    root = next((os.environ[name] for name in ("TMPDIR", "TEMP") if os.environ.get(name)), "/tmp")  # noqa: S108 (a private folder of random name is made in it)
    return os.path.join(root, new_id(kind))


def make_folder(field: str, path: str) -> str:
    """Make a folder for this user alone and return its absolute path.

    Raises:
        CliError: When it cannot be made or written to.
    """
    from robsond import system

    try:
        return str(system.ensure_private_dir(os.path.abspath(path)))
    except OSError as error:
        raise usage(field, f"cannot use {path}: {error.strerror or error}") from None
