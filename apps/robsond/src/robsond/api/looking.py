"""How it stands: status, positions, orders, risk."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from litestar import Request, get
from litestar.params import FromPath, FromQuery, QueryParameter

from robson_domain import Position, PositionId
from robsond import dto, risk_view, views
from robsond.api.context import facade_of
from robsond.api.failures import RESPONSES
from robsond.api.problems import api_error
from robsond.facade import Facade

StatusWord = Literal[
    "Armed", "Entering", "Active", "Exiting", "Closed", "Error",
    "armed", "entering", "active", "exiting", "closed", "error", "open",
]  # fmt: skip


async def found(facade: Facade, position_id: str) -> Position:
    """Return a position.

    Raises:
        ApiError: 404 when there is none of that id.
    """
    position = await facade.position(PositionId(position_id))
    if position is None:
        message = f"There is no position {position_id[:40]}; see /api/positions."
        raise api_error(404, "NOT_FOUND", message, "position_id")
    return position


PositionFilter = Annotated[
    str | None, QueryParameter(description="Only what belongs to the position of this id.")
]
PositionAlias = Annotated[
    str | None, QueryParameter(name="position", description="The same as position_id.")
]


def one_of(position_id: str | None, position: str | None) -> str | None:
    """Return the position that is asked for under either name.

    Raises:
        ApiError: When both names are given.
    """
    if position_id is not None and position is not None:
        message = "position_id and position are the same; give one of them."
        raise api_error(400, "BAD_VALUE", message, "position")
    return position if position_id is None else position_id


def _fits(position: Position, status: str | None) -> bool:
    if status is None:
        return True
    if status == "open":
        return not position.is_closed
    return position.status.value.lower() == status.lower()


@get(
    "/api/status", summary="What runs here and how it stands", tags=["looking"], responses=RESPONSES
)
async def status(request: Request[Any, Any, Any]) -> dto.StatusReply:
    """Return mode, counts, equity, last prices and the end of the log."""
    return views.status(facade_of(request))


@get(
    "/api/positions",
    summary="Positions in the order of arming",
    tags=["looking"],
    responses=RESPONSES,
)
async def positions(
    request: Request[Any, Any, Any],
    status: Annotated[
        StatusWord | None,
        QueryParameter(description="Only those in this status; open = all but Closed."),
    ] = None,
) -> dto.PositionsReply:
    """Return positions as last made durable."""
    facade = facade_of(request)
    prices = facade.prices()
    kept = [one for one in facade.positions() if _fits(one, status)]
    return dto.PositionsReply(positions=[views.position(one, prices) for one in kept])


@get(
    "/api/positions/{position_id:str}",
    summary="One position",
    tags=["looking"],
    responses=RESPONSES,
)
async def position(
    request: Request[Any, Any, Any], position_id: FromPath[str]
) -> dto.PositionReply:
    """Return one position as last made durable."""
    facade = facade_of(request)
    one = await found(facade, position_id)
    return dto.PositionReply(position=views.position(one, facade.prices()))


@get("/api/orders", summary="Our orders, oldest first", tags=["looking"], responses=RESPONSES)
async def orders(
    request: Request[Any, Any, Any],
    position_id: PositionFilter = None,
    alias: PositionAlias = None,
    pending: FromQuery[bool] = False,
) -> dto.OrdersReply:
    """Return orders of one position or of all, or only those still working."""
    facade = facade_of(request)
    name = one_of(position_id, alias)
    if name is not None:
        all_ = views.orders_of(await found(facade, name))
    else:
        all_ = facade.orders()
    kept = [one for one in all_ if not (pending and one.status.is_terminal)]
    return dto.OrdersReply(orders=[views.order(one) for one in kept])


@get("/api/risk", summary="What can be lost now", tags=["looking"], responses=RESPONSES)
async def risk(request: Request[Any, Any, Any]) -> dto.RiskReply:
    """Return how much of each limit is used, and what each position loses at its stop."""
    return risk_view.risk(facade_of(request))


HANDLERS: Final = (status, positions, position, orders, risk)
