"""What handlers find in the application: the facade once it is there, and their helpers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import attrs
from litestar import Request
from litestar.connection import ASGIConnection

from robsond.api.problems import api_error
from robsond.facade import Facade
from robsond.idempotency import Once
from robsond.keys import Keyring, Patience
from robsond.telemetry import Metrics


@attrs.define(kw_only=True)
class Door:
    """Shut until the machine has recovered, and again when it stops.

    Attributes:
        facade: None while nothing may be asked of the machine.
        now: Real time, UTC ns.
        why_shut: What to tell callers meanwhile.
    """

    keyring: Keyring
    patience: Patience
    metrics: Metrics
    now: Callable[[], int]
    facade: Facade | None = None
    why_shut: str = "Robson is starting; try again in a moment."
    once: Once = attrs.field(factory=Once)

    def open(self) -> Facade:
        """Return the facade.

        Raises:
            ApiError: While there is none.
        """
        if self.facade is None:
            raise api_error(503, "NOT_READY", self.why_shut)
        return self.facade


def door_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Door:
    """Return the application's door."""
    return cast(Door, connection.app.state.door)


def facade_of(request: Request[Any, Any, Any]) -> Facade:
    """Return the facade, or answer 503."""
    return door_of(request).open()
