"""What is wrong with what is stored, as a stable word for scripts and a way out for people."""

from __future__ import annotations

from typing import Final

import attrs

from robson_domain import ChainBroken, HeadMismatch, StoreError, UnknownSchema
from robsond.compose import HeadDamaged, InUse, Unreadable

IN_USE: Final = "STORE_IN_USE"
UNREADABLE: Final = "STORE_UNREADABLE"


@attrs.frozen
class Trouble:
    """One kind of trouble.

    Attributes:
        code: Stable, for scripts.
        advice: What to do; a sentence.
    """

    code: str
    advice: str


_KEEP: Final = "Keep a copy of the data directory and do not trade on it."
_TROUBLES: Final[tuple[tuple[type[StoreError], Trouble], ...]] = (
    (ChainBroken, Trouble("LOG_BROKEN", _KEEP)),
    (HeadMismatch, Trouble("LOG_BROKEN", _KEEP)),
    (
        HeadDamaged,
        Trouble(
            "HEAD_DAMAGED",
            "Put the file back from a backup; or move it away, then the end of the log is "
            "compared with the stored states alone.",
        ),
    ),
    (UnknownSchema, Trouble("SCHEMA_UNKNOWN", "Use the version of Robson that wrote it.")),
    (Unreadable, Trouble(UNREADABLE, "Nothing was found to be wrong with it.")),
    (InUse, Trouble(IN_USE, "A daemon has it open: ask that one, or stop it first.")),
)
_OTHERWISE: Final = Trouble("STORE_UNUSABLE", "Check disk, rights and DATABASE_URL.")


def trouble_of(error: StoreError) -> Trouble:
    """Return what kind of trouble ``error`` is."""
    return next((found for kind, found in _TROUBLES if isinstance(error, kind)), _OTHERWISE)
