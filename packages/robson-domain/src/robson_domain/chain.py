"""The hash chain over the event log.

Each row's hash covers the row before it, so a changed, removed, swapped or inserted row no
longer fits its successor; a cut tail or a wholly rewritten chain is found by comparing with a
head kept outside the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from robson_domain.batch import Head
from robson_domain.errors import ChainBroken, HeadMismatch


def genesis(epoch: str) -> str:
    """Return the hash before the first event of the database with this ``epoch``."""
    return hashlib.sha256(f"robson event log\n{epoch}".encode()).hexdigest()


def link(previous: str, body: str) -> str:
    """Return the hash of a row: over the previous row's hash and its own canonical text."""
    text = f"{previous}\n{body}"
    # An altered body may hold what is no text at all; it must be named, not crash the check.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def empty_head(epoch: str) -> Head:
    """Return the head of a log without events."""
    return Head(epoch=epoch, sequence=0, hash=genesis(epoch))


def walk(epoch: str, rows: Iterable[tuple[int, str, str]]) -> Iterator[Head]:
    """Verify rows ``(sequence, body, hash)`` in log order and yield the head after each.

    Raises:
        ChainBroken: At the first row that does not fit, named by its sequence.
    """
    head = empty_head(epoch)
    for sequence, body, stored in rows:
        if sequence != head.sequence + 1:
            missing = head.sequence + 1
            raise ChainBroken(missing, f"expected here, found event {sequence}")
        expected = link(head.hash, body)
        if stored != expected:
            raise ChainBroken(sequence, "its content or its predecessor was altered")
        head = Head(epoch=epoch, sequence=sequence, hash=expected)
        yield head


def verify(epoch: str, rows: Iterable[tuple[int, str, str]], exported: Head | None) -> Head:
    """Verify the whole chain, and that it contains the ``exported`` head.

    A log that continues past the exported head is normal (the head is written after the
    commit, without a sync); one that does not contain it was cut or rewritten.

    Returns:
        The head of the log.

    Raises:
        ChainBroken: At the first row that does not fit.
        HeadMismatch: When the exported head is ahead of the log or not part of it.
    """
    head = empty_head(epoch)
    seen = exported is None or head == exported
    for head in walk(epoch, rows):
        seen = seen or head == exported
    if exported is None or seen:
        return head
    if exported.epoch != epoch:
        raise HeadMismatch(f"the exported head belongs to another database ({exported.epoch})")
    if exported.sequence > head.sequence:
        raise HeadMismatch(
            f"events {head.sequence + 1} to {exported.sequence} are missing from the end of the log"
        )
    raise HeadMismatch(
        f"event {exported.sequence} is not the one whose hash was exported: the log was rewritten"
    )
