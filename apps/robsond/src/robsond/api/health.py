"""Is it alive, may it be used: words for machines, public; reasons for the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec

from robsond import dto
from robsond.api.context import Door, door_of
from robsond.api.failures import RESPONSES
from robsond.wire import moment

STARTING: Final[Mapping[str, str]] = {"recovery": "not finished"}

_ALIVE: Final = {400: RESPONSES[400]}
_NOT_READY: Final = {
    **_ALIVE,
    503: ResponseSpec(dto.ReadyReply, description="Not ready", generate_examples=False),
}
_DEEP_NOT_READY: Final = {
    **RESPONSES,
    503: ResponseSpec(dto.DeepHealthReply, description="Not ready", generate_examples=False),
}


def _checks(door: Door) -> Mapping[str, str]:
    return STARTING if door.facade is None else door.facade.checks()


def _word(problem: str) -> Literal["ok", "failed"]:
    return "failed" if problem else "ok"


@get(
    ["/healthz", "/health"],
    summary="The process answers",
    security=[{}],
    tags=["health"],
    responses=_ALIVE,
)
async def health(request: Request[Any, Any, Any]) -> dto.HealthReply:
    """Say that the process answers; nothing else."""
    return dto.HealthReply(status="ok", timestamp=moment(door_of(request).now()))


@get(
    ["/readyz", "/health/ready"],
    summary="May it be used",
    security=[{}],
    tags=["health"],
    responses=_NOT_READY,
)
async def ready(request: Request[Any, Any, Any]) -> Response[dto.ReadyReply]:
    """Say whether it may be used, each check in one word; 503 when not."""
    door = door_of(request)
    checks = _checks(door)
    is_ready = not any(checks.values())
    body = dto.ReadyReply(
        status="ready" if is_ready else "not_ready",
        checks={name: _word(problem) for name, problem in checks.items()},
        timestamp=moment(door.now()),
    )
    return Response(body, status_code=200 if is_ready else 503)


@get(
    "/health/deep",
    summary="Every check with its reason",
    tags=["health"],
    responses=_DEEP_NOT_READY,
)
async def deep(request: Request[Any, Any, Any]) -> Response[dto.DeepHealthReply]:
    """Say what each check found; 503 when one failed."""
    door = door_of(request)
    checks = _checks(door)
    is_ready = not any(checks.values())
    body = dto.DeepHealthReply(
        status="ready" if is_ready else "not_ready",
        checks={
            name: dto.CheckView(status=_word(problem), detail=problem or "fine")
            for name, problem in checks.items()
        },
        timestamp=moment(door.now()),
    )
    return Response(body, status_code=200 if is_ready else 503)


HANDLERS: Final = (health, ready, deep)
