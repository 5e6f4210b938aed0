"""What monitoring reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from litestar import Request, Response, get

from robson_domain import Symbol, decimals
from robsond import views
from robsond.api.context import door_of
from robsond.api.failures import RESPONSES
from robsond.facade import Facade
from robsond.telemetry import CONTENT_TYPE, Metrics


def _refresh(metrics: Metrics, facade: Facade) -> None:
    prices = facade.prices()
    counts: dict[Symbol, int] = {}
    pnl: dict[Symbol, Decimal] = {}
    for position in facade.positions():
        symbol = position.symbol
        is_open = bool(position.open_qty) and not position.is_closed
        counts[symbol] = counts.get(symbol, 0) + is_open
        amount = views.unrealized(position, prices)
        gain = amount.value if amount is not None else decimals.ZERO
        pnl[symbol] = decimals.add(pnl.get(symbol, decimals.ZERO), gain)
    metrics.set_account(counts, pnl, facade.ledger().realized_on(facade.now()).value)


@get(
    "/metrics",
    summary="Metrics for Prometheus",
    tags=["looking"],
    responses=RESPONSES,
    media_type=CONTENT_TYPE,
)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return every metric in the text format."""
    door = door_of(request)
    if door.facade is not None:
        _refresh(door.metrics, door.facade)
    return Response(door.metrics.text(), media_type=CONTENT_TYPE)


HANDLERS: Final = (metrics,)
