"""The head of the log, kept outside the database.

Written after every durable batch, so that a cut or rewritten log is found. Plain write, no
sync: after a power cut it may lag behind the database, which is normal; ahead of it, it is
evidence.

Written in place, padded to one length inside one page: a reader sees the old head or the new
one. Replacing the file would cost as much as the commit itself (some file systems flush then).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import attrs

from robson_domain import Head, StoreError
from robson_domain.codec import JsonValue, canonical, loads


class HeadDamaged(StoreError):
    """The file of the exported head cannot be read or holds something else."""


_FIELDS: Final = {"epoch", "sequence", "hash"}
_LENGTH: Final = 256
"""Bytes; longer than any head with an epoch of 36 characters."""


def read_head(path: str | os.PathLike[str]) -> Head | None:
    """Return the exported head, or None when nothing was exported yet.

    Raises:
        HeadDamaged: When the file cannot be read or holds something else; it is named.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise HeadDamaged(
            f"the exported head {path} cannot be read ({type(error).__name__})"
        ) from None
    try:
        # Empty after a power cut right after the file was made.
        return _parsed(text) if text else None
    except StoreError as error:
        raise HeadDamaged(f"the exported head {path}: {error}") from None


def _parsed(text: str) -> Head:
    body = loads(text)
    if not isinstance(body, dict) or body.keys() != _FIELDS:
        raise StoreError("it is not {epoch, sequence, hash}")
    epoch, sequence, digest = body["epoch"], body["sequence"], body["hash"]
    if type(sequence) is not int or not isinstance(epoch, str) or not isinstance(digest, str):
        raise StoreError("it has a field of the wrong type")
    return Head(epoch=epoch, sequence=sequence, hash=digest)


@attrs.define
class HeadFile:
    """Where a store exports its head.

    Attributes:
        path: None exports nothing.
        problem: Why the last export failed; empty while it works. Never an error: the batch is
            durable, and the next export makes up for it.
    """

    path: Path | None
    problem: str = ""

    def write(self, head: Head) -> None:
        """Write ``head`` over the one before."""
        if self.path is None:
            return
        body: JsonValue = {"epoch": head.epoch, "sequence": head.sequence, "hash": head.hash}
        try:
            _overwrite(self.path, canonical(body).encode().ljust(_LENGTH - 1) + b"\n")
        except OSError as error:
            self.problem = f"the head of the log is not exported: {type(error).__name__}"
        else:
            self.problem = ""


def _overwrite(path: Path, content: bytes) -> None:
    # Opened each time: a file that somebody moved away is made again.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        if os.fstat(handle).st_size > len(content):
            os.ftruncate(handle, 0)
        os.pwrite(handle, content, 0)
    finally:
        os.close(handle)
