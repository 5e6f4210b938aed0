"""A file of lines that only grows, each on the disk before its writer goes on."""

from __future__ import annotations

import os
from pathlib import Path

from robsond.system.files import write_private


class LineFile:
    """Readable by this user alone.

    Its writer keeps what it holds in memory too: a file that was removed or replaced is then
    made anew instead of growing where nobody finds it.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._handle = -1

    def read(self) -> list[bytes]:
        """Return the lines without their ends; what follows the last end is torn or empty.

        Raises:
            OSError: When it cannot be read.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return []
        return content.split(b"\n")

    def replace(self, lines: list[str]) -> None:
        """Let the file hold these lines and no others; whole or not at all.

        Raises:
            OSError: When it cannot be written; the old content stays.
        """
        self.close()
        write_private(self._path, "".join(f"{line}\n" for line in lines))
        self._handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        _sync_folder(self._path.parent)

    def append(self, line: str) -> None:
        """Add a line and return once it is on the disk.

        Raises:
            OSError: When that is not certain; a part of the line may be there.
        """
        content = f"{line}\n".encode()
        written = os.write(self._handle, content)
        if written != len(content):
            raise OSError(28, "the line did not fit")
        os.fsync(self._handle)

    @property
    def is_in_place(self) -> bool:
        """Whether what is appended goes into the file that is at the path."""
        try:
            there, ours = os.stat(self._path), os.fstat(self._handle)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def close(self) -> None:
        """Let go of the file; idempotent."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _sync_folder(folder: Path) -> None:
    # The name of a new file is durable only with its folder; Windows cannot and need not.
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
