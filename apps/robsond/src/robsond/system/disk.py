"""What the disk under a folder is like: room, speed of a sync, and who may look at its files."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from pathlib import Path
from typing import Final

_PROBE: Final = ".robson-sync-probe"
_PROBE_BYTES: Final = 4096
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def nearest_folder(path: str | Path) -> Path:
    """Return ``path`` if it is a folder, else the nearest folder above it that is there."""
    wanted = Path(path).absolute()
    return next(one for one in (wanted, *wanted.parents) if one.is_dir())


def free_bytes(folder: str | Path) -> int:
    """Return how many bytes this user may still write below ``folder``.

    Raises:
        OSError: When it cannot be asked.
    """
    return shutil.disk_usage(folder).free


def others_may(path: str | Path) -> str:
    """Return the mode of a file or folder when other users may touch it, such as ``644``.

    Empty when they may not, or nothing is there.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return ""
    return f"{stat.S_IMODE(mode):03o}" if mode & _OTHERS else ""


def sync_durations(folder: str | Path, times: int) -> list[int]:
    """Write a page into ``folder`` and bring it to the disk, several times; nothing is left.

    Returns:
        How long each write with its sync took, ns.

    Raises:
        OSError: When the folder or the disk refuses.
    """
    place = Path(folder) / f"{_PROBE}-{os.getpid()}"
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        return [_synced(handle, number) for number in range(times)]
    finally:
        os.close(handle)
        with contextlib.suppress(OSError):
            place.unlink()


def _synced(handle: int, number: int) -> int:
    begun = time.monotonic_ns()
    if os.pwrite(handle, bytes(_PROBE_BYTES), number * _PROBE_BYTES) != _PROBE_BYTES:
        raise OSError(28, "the page did not fit")
    os.fsync(handle)
    return time.monotonic_ns() - begun


def is_there(path: str | Path) -> bool:
    """Say whether there is something at ``path``."""
    return os.path.lexists(path)


def files_in(folder: str | Path) -> list[Path]:
    """Return the files of a folder by name, none when it is not there.

    Raises:
        OSError: When it cannot be looked into.
    """
    place = Path(folder)
    return sorted(one for one in place.iterdir() if one.is_file()) if place.is_dir() else []
