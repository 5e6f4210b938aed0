"""Copies of frozen records with some fields changed, at a fifth of the cost of ``attrs.evolve``.

A frozen record sets each field by a call that goes around its own lock, and ``attrs.evolve`` names
every field to it again; a record of 45 fields feels both at every event.

A copy begins as a draft here: an object of the same layout without the lock, whose fields are set
as fast as any. When it is complete it becomes a record by its class, and is locked.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs

R = TypeVar("R")


def evolved(record: R, **changes: Any) -> R:
    """Return a copy of a frozen attrs record with ``changes``: what ``attrs.evolve`` returns.

    Raises:
        AttributeError: For a name that is no field (TypeError where ``attrs.evolve`` does it).
    """
    kind = type(record)
    read, draft = _DRAFTS[kind]
    if draft is None:
        return attrs.evolve(record, **changes)  # type: ignore[misc]
    made = draft(*read(record))
    for name, value in changes.items():
        setattr(made, name, value)
    made.__class__ = kind
    sealed: R = made
    return sealed


def completed(record: R, whole: R, **changes: Any) -> R:
    """Return ``record`` with ``changes``, without a second copy when it is one of ``whole`` itself.

    For whoever made ``record`` and has shown it to nobody: what nobody else holds cannot change
    behind anybody's back. ``whole`` itself is copied as ever.
    """
    if record is whole:
        return evolved(record, **changes)
    for name, value in changes.items():
        object.__setattr__(record, name, value)
    return record


def can_be_drafted(kind: type) -> bool:
    """Say whether records of this class can begin as drafts.

    Their fields neither convert nor validate, so that nothing has to run again for what a copy
    takes over, and the class has ``weakref_slot=False``: Python turns one class into another only
    when nothing stands beside the fields.
    """
    fields = attrs.fields(kind)
    checks = any(field.validator or field.converter for field in fields)
    return not checks and not kind.__weakrefoffset__


class _Drafts(dict[type, tuple[Callable[[Any], Any], Callable[..., Any] | None]]):
    """What reads all fields of each class, and its draft class; made when it is first met."""

    def __missing__(self, kind: type) -> tuple[Callable[[Any], Any], Callable[..., Any] | None]:
        names = [field.name for field in attrs.fields(kind)]
        draft = _draft_of(kind, names) if can_be_drafted(kind) else None
        made = self[kind] = operator.attrgetter(*names), draft
        return made


def _draft_of(kind: type, names: list[str]) -> type:
    return attrs.make_class(
        f"{kind.__name__}Draft", names, slots=True, weakref_slot=False, eq=False, repr=False
    )


_DRAFTS: Final = _Drafts()


def prepare(*kinds: type) -> None:
    """Make the drafts of these classes now, in a program's start, not at its first event."""
    for kind in kinds:
        _DRAFTS.__getitem__(kind)
