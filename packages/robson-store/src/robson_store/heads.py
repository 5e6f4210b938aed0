"""The head of the log, kept outside the database.

Written after every durable batch, so that a cut or rewritten log is found. Plain write, no
sync: after a power cut it may lag behind the database, which is normal; ahead of it, it is
evidence.
"""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from robson_domain import Head, StoreError
from robson_domain.codec import JsonValue, canonical, loads

_FIELDS = {"epoch", "sequence", "hash"}


def read_head(path: str | os.PathLike[str]) -> Head | None:
    """Return the exported head, or None when there is no such file.

    Raises:
        StoreError: When the file cannot be read or holds something else.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise StoreError(f"the exported head cannot be read ({type(error).__name__})") from None
    return _parsed(text)


def _parsed(text: str) -> Head:
    body = loads(text)
    if not isinstance(body, dict) or body.keys() != _FIELDS:
        raise StoreError("the exported head is not {epoch, sequence, hash}")
    epoch, sequence, digest = body["epoch"], body["sequence"], body["hash"]
    if type(sequence) is not int or not isinstance(epoch, str) or not isinstance(digest, str):
        raise StoreError("the exported head has a field of the wrong type")
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
        """Replace the file by ``head``."""
        if self.path is None:
            return
        body: JsonValue = {"epoch": head.epoch, "sequence": head.sequence, "hash": head.hash}
        try:
            _replace(self.path, canonical(body).encode())
        except OSError as error:
            self.problem = f"the head of the log is not exported: {type(error).__name__}"
        else:
            self.problem = ""


def _replace(path: Path, content: bytes) -> None:
    beside = f"{path}.new"
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, content)
    finally:
        os.close(handle)
    os.replace(beside, path)
