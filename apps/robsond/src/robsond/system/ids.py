"""Identity: random in the daemon, repeatable where a run must be."""

from __future__ import annotations

import hashlib
import random
import secrets
from typing import Final

_LETTERS: Final = 16
_PREFIX: Final = {"position": "p"}


def _named(kind: str, digits: str) -> str:
    return f"{_PREFIX.get(kind, kind)}-{digits[:_LETTERS]}"


class RandomIds:
    """Ids from the machine's source of randomness."""

    def new_id(self, kind: str) -> str:
        """Return a new id such as ``p-5f0c…``: the kind and 64 random bits."""
        return _named(kind, secrets.token_hex(_LETTERS // 2))


class SeededIds:
    """Ids that are a function of a seed and of how many were asked for before.

    A restart begins counting anew, so it must :meth:`resume` with something that has changed
    since (the head of the log), or ids would repeat.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._salt = ""
        self._count = 0

    def resume(self, salt: str) -> None:
        """Derive the following ids from ``salt`` too."""
        self._salt = salt
        self._count = 0

    def new_id(self, kind: str) -> str:
        """Return the next id of this seed."""
        self._count += 1
        text = "\n".join((self._seed, self._salt, kind, str(self._count)))
        return _named(kind, hashlib.sha256(text.encode()).hexdigest())


def jitter() -> float:
    """Return a number in [0, 1), so that many do not repeat at the same moment."""
    return random.random()  # noqa: S311 (not for secrets)


def new_token() -> str:
    """Return a new secret of 256 random bits, 43 characters that are safe in a header."""
    return secrets.token_urlsafe(32)
