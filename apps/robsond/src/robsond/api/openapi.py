"""The description of the API, made from the handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from litestar import Litestar, Request, Response, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from robsond.dto import ArmBody, EmptyBody
from robsond.safety_dto import ClearBody, HandOverBody, PairRuleBody, SafetyNetBody

CONFIG: Final = OpenAPIConfig(
    title="Robson",
    version="1.0.0",
    description=(
        "Arms, watches and explains positions. Amounts are exact decimal text; times are UTC. "
        "Every error has one shape."
    ),
    components=Components(
        security_schemes={"token": SecurityScheme(type="http", scheme="bearer")},
    ),
    security=[{"token": []}],
    use_handler_docstrings=True,
)
_CLOSED: Final = tuple(
    body.__name__
    for body in (ArmBody, EmptyBody, SafetyNetBody, PairRuleBody, HandOverBody, ClearBody)
)
"""Bodies with a fixed set of fields; the generator does not say so by itself."""


def document(handlers: Iterable[ControllerRouterHandler]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of ``handlers``.

    An application of its own is made for it: with a description configured, Litestar also
    serves pages that show it, and nothing here answers that is not in the policy.
    """
    schema = Litestar(
        list(handlers), openapi_config=CONFIG, logging_config=None
    ).openapi_schema.to_schema()
    for name, body in schema["components"]["schemas"].items():
        if name.endswith(_CLOSED):
            body["additionalProperties"] = False
    return schema


@get("/api/openapi.json", include_in_schema=False)
async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the OpenAPI document."""
    describe: Callable[[], bytes] = request.app.state.describe
    return Response(describe(), media_type="application/json")


HANDLERS: Final = (openapi,)
