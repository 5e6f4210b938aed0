"""Who is connected: those who showed a token, and strangers, who make room for each other.

There is no telling a newcomer with a token from one without until it has spoken. So nobody is
turned away at the door: the stranger who has been here longest goes.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

STRANGERS_MAX: Final = 256
"""Connections that have not shown a token."""
CONNECTIONS_MAX: Final = 384
"""Connections in all."""
_KNOWN: Final = "robsond.known"


def vouch(scope: Any) -> None:
    """Note that the caller of an ASGI scope showed a good token."""
    scope[_KNOWN] = True


class Visitor(Protocol):
    """A connection."""

    @property
    def is_known(self) -> bool:
        """Whether it showed a good token."""
        ...

    def drop(self) -> None:
        """End it at once."""
        ...


def is_known(scope: Any) -> bool:
    """Say whether somebody vouched for the caller of a scope; None is a scope nobody asked in."""
    return bool(scope) and _KNOWN in scope


class Crowd:
    """All connections of one address."""

    def __init__(self) -> None:
        self._strangers: dict[Visitor, None] = {}
        self._known: dict[Visitor, None] = {}

    def enter(self, visitor: Visitor) -> None:
        """Let a connection in, and send strangers away when there are too many."""
        self._strangers[visitor] = None
        if self._is_full():
            self._look_around()
        while self._is_full() and self._strangers:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.drop()

    def _is_full(self) -> bool:
        strangers = len(self._strangers)
        return strangers > STRANGERS_MAX or strangers + len(self._known) > CONNECTIONS_MAX

    def _look_around(self) -> None:
        for visitor in [one for one in self._strangers if one.is_known]:
            del self._strangers[visitor]
            self._known[visitor] = None

    def leave(self, visitor: Visitor) -> None:
        """Forget a connection; idempotent."""
        self._strangers.pop(visitor, None)
        self._known.pop(visitor, None)
