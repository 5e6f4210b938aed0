"""What changes something: arm, disarm, close, acknowledge, panic; each takes effect once."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath, HeaderParameter, JSONBody

from robson_domain import Position, PositionId, PositionStatus, Reply
from robsond import arming, dto, views
from robsond.api.context import Door, door_of
from robsond.api.failures import RESPONSES
from robsond.api.looking import found
from robsond.api.problems import api_error
from robsond.dto import ArmBody, EmptyBody
from robsond.facade import Facade
from robsond.idempotency import Asked, checked_key, reused

T = TypeVar("T")

Key = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="The same key and request again has no second effect.",
    ),
]
_STATUS: Final = {"NOT_FOUND": 404}


def fingerprint(path: str, body: msgspec.Struct) -> str:
    """Return what tells two requests under one key apart."""
    text = msgspec.json.encode(body, order="sorted")
    return f"POST {path} {hashlib.sha256(text).hexdigest()}"


def accepted(reply: Reply) -> Reply:
    """Return a reply that means yes.

    Raises:
        ApiError: 404 or 409 with the code of one that means no.
    """
    if reply.code:
        raise api_error(_STATUS.get(reply.code, 409), reply.code, _sentence(reply.message))
    return reply


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _require_own(position: Position) -> None:
    if position.is_guard:
        message = (
            f"{position.position_id} guards what you opened yourself on {position.symbol}, and "
            "Robson does not close that on command. Close it at the venue, or hand it over first: "
            f"robson safety-net hand-over {position.symbol}."
        )
        raise api_error(409, "IS_GUARD", message, "position_id")


async def _shown(facade: Facade, position_id: str) -> dto.PositionReply:
    position = await found(facade, position_id)
    return dto.PositionReply(position=views.position(position, facade.prices()))


@post(
    "/api/positions",
    summary="Arm a position",
    tags=["acting"],
    responses=RESPONSES,
    status_code=201,
)
async def arm(
    request: Request[Any, Any, Any], data: JSONBody[ArmBody], idempotency_key: Key = None
) -> Response[dto.PositionReply | dto.EstimateReply]:
    """Arm a position, or with ``dry_run`` estimate what arming it would lead to."""
    door = door_of(request)
    facade = door.open()
    if data.dry_run:
        return Response(await _estimated(facade, data), status_code=200)
    key = checked_key(idempotency_key)
    asked = Asked(
        key=key,
        request=fingerprint("/api/positions", data),
        shape=dto.PositionReply,
        look="GET /api/positions",
        is_repeatable=True,
    )
    reply = await door.once.run(asked, lambda: _armed(facade, data, key))
    return Response(reply, status_code=201)


def _account(facade: Facade) -> arming.Account:
    return arming.Account(
        capital=facade.ledger().capital, strategy=facade.default_strategy(), now=facade.now()
    )


async def _armed(facade: Facade, body: ArmBody, key: str | None) -> dto.PositionReply:
    name = arming.position_id_for(key) if key else PositionId(facade.new_id("position"))
    request = arming.request_of(body, name, _account(facade))
    before = await facade.position(name)
    if before is None:
        accepted(await facade.arm(request))
    elif not arming.is_same(before, request, body):
        raise reused()
    return await _shown(facade, name)


async def _estimated(facade: Facade, body: ArmBody) -> dto.EstimateReply:
    name = PositionId(facade.new_id("estimate"))
    request = arming.request_of(body, name, _account(facade))
    return dto.EstimateReply(estimate=views.estimate(request, await facade.estimate(request)))


@post("/api/positions/{position_id:str}/disarm", summary="Take an armed position back",
      tags=["acting"], responses=RESPONSES, status_code=200)  # fmt: skip
async def disarm(
    request: Request[Any, Any, Any],
    position_id: FromPath[str],
    data: JSONBody[EmptyBody],
    idempotency_key: Key = None,
) -> dto.PositionReply:
    """Take an armed position back; one that is entering must be closed instead."""
    facade = door_of(request).open()

    async def act() -> dto.PositionReply:
        _require_own(await found(facade, position_id))
        accepted(await facade.disarm(PositionId(position_id)))
        return await _shown(facade, position_id)

    return await _once(request, (idempotency_key, data), dto.PositionReply, act)


@post("/api/positions/{position_id:str}/close", summary="Close a position",
      tags=["acting"], responses=RESPONSES, status_code=200)  # fmt: skip
async def close(
    request: Request[Any, Any, Any],
    position_id: FromPath[str],
    data: JSONBody[EmptyBody],
    idempotency_key: Key = None,
) -> dto.PositionReply:
    """Close a position at the market; while it is entering, as soon as it has a fill."""
    facade = door_of(request).open()

    async def act() -> dto.PositionReply:
        _require_own(await found(facade, position_id))
        accepted(await facade.close(PositionId(position_id)))
        return await _shown(facade, position_id)

    return await _once(request, (idempotency_key, data), dto.PositionReply, act)


@post("/api/positions/{position_id:str}/ack", summary="Let a settled position in Error go",
      tags=["acting"], responses=RESPONSES, status_code=200)  # fmt: skip
async def acknowledge(
    request: Request[Any, Any, Any],
    position_id: FromPath[str],
    data: JSONBody[EmptyBody],
    idempotency_key: Key = None,
) -> dto.PositionReply:
    """Say that a person has dealt with a position in Error that is flat and settled."""
    facade = door_of(request).open()

    async def act() -> dto.PositionReply:
        await found(facade, position_id)
        accepted(await facade.acknowledge(PositionId(position_id)))
        return await _shown(facade, position_id)

    return await _once(request, (idempotency_key, data), dto.PositionReply, act)


@post("/api/panic", summary="End everything", tags=["acting"], responses=RESPONSES, status_code=200)
async def panic(
    request: Request[Any, Any, Any], data: JSONBody[EmptyBody], idempotency_key: Key = None
) -> dto.PanicReply:
    """Disarm what is armed and close what is open."""
    facade = door_of(request).open()

    async def act() -> dto.PanicReply:
        reply = accepted(await facade.panic())
        touched = [await facade.position(name) for name in reply.positions]
        return _panicked([one for one in touched if one is not None])

    return await _once(request, (idempotency_key, data), dto.PanicReply, act)


def _panicked(touched: list[Position]) -> dto.PanicReply:
    disarmed = [one.position_id for one in touched if _never_entered(one)]
    closing = [one.position_id for one in touched if not _never_entered(one)]
    return dto.PanicReply(closing=list(closing), disarmed=list(disarmed))


def _never_entered(position: Position) -> bool:
    return position.status is PositionStatus.CLOSED and position.entry_order is None


async def _once(
    request: Request[Any, Any, Any],
    given: tuple[str | None, EmptyBody],
    shape: type[T],
    act: Callable[[], Awaitable[T]],
) -> T:
    door: Door = door_of(request)
    path, (key, body) = request.url.path, given
    position = request.path_params.get("position_id")
    asked = Asked(
        key=checked_key(key),
        request=fingerprint(path, body),
        shape=shape,
        look=f"GET /api/positions/{position}" if position else "GET /api/positions",
    )
    return await door.once.run(asked, act)


HANDLERS: Final = (arm, disarm, close, acknowledge, panic)
