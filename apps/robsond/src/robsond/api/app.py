"""The ASGI application: handlers, and the gate in front of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from robsond.api import (
    acting,
    failures,
    health,
    history,
    looking,
    metrics,
    openapi,
    protecting,
    socket,
)
from robsond.api.context import Door
from robsond.api.gate import Doorkeeper, Gate
from robsond.hub import Hub

BODY_BYTES_MAX: Final = 64 * 1024
HANDLERS: Final[tuple[ControllerRouterHandler, ...]] = (
    *health.HANDLERS,
    *looking.HANDLERS,
    *acting.HANDLERS,
    *protecting.HANDLERS,
    *history.HANDLERS,
    *metrics.HANDLERS,
    *openapi.HANDLERS,
    *socket.HANDLERS,
)


@functools.cache
def description() -> bytes:
    """Return the OpenAPI document as JSON text; made when first asked for."""
    return msgspec.json.encode(openapi.document(HANDLERS))


def litestar_app(
    door: Door, hub: Hub, keeper: Doorkeeper, new_id: Callable[[str], str]
) -> Litestar:
    """Return the application behind the gate."""
    return Litestar(
        route_handlers=list(HANDLERS),
        exception_handlers={Exception: failures.handler(new_id)},
        after_exception=[failures.note_socket],
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
        state=State({"door": door, "hub": hub, "keeper": keeper, "describe": description}),
    )


def application(
    door: Door, hub: Hub, keeper: Doorkeeper, new_id: Callable[[str], str]
) -> Callable[[Any, Any, Any], Any]:
    """Return the whole application, gate first."""
    return Gate(litestar_app(door, hub, keeper, new_id), keeper)
