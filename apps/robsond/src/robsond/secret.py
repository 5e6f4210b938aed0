"""A secret that does not show itself."""

from __future__ import annotations

import hashlib
from typing import Final, NoReturn

MASK: Final = "*****"


class Secret:
    """Text that is shown as ``*****`` everywhere; :meth:`reveal` is the one way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself, to be handed on and not kept."""
        return self._text

    def digest(self) -> bytes:
        """Return its SHA-256, to compare with ``hmac.compare_digest``."""
        return hashlib.sha256(self._text.encode()).digest()

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not copied into other formats")
