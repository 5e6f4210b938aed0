"""How the events of a guard change it: the only code that does. Pure.

A guard has no entry order: what it guards is set to what was seen.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from robson_domain import (
    CloseReason,
    DetectorSpec,
    GuardBreached,
    GuardDebtSeen,
    GuardFollowed,
    GuardHandedOver,
    GuardOpened,
    GuardReleased,
    Money,
    Position,
    PositionKind,
    PositionStatus,
    Quantity,
    RiskConfig,
)
from robson_domain.copying import evolved

GUARD_NAME: Final = "safety_net"
_PERCENT: Final = Decimal(2)


def guard_opened(event: GuardOpened) -> Position:
    """Return the guard that begins with ``event``."""
    value = event.quantity * event.entry_price
    return Position(
        position_id=event.position_id,
        symbol=event.symbol,
        side=event.side,
        status=PositionStatus.ACTIVE,
        kind=PositionKind.GUARD,
        risk=RiskConfig(capital=Money(value.value), risk_percent=_PERCENT),
        instrument=event.instrument,
        detector=DetectorSpec(name=GUARD_NAME),
        armed_at=event.timestamp,
        opened_at=event.ts_event,
        stop=event.stop,
        open_qty=event.quantity,
        entry_qty=event.quantity,
        entry_cost=value,
        is_estimated=event.is_estimated,
        summarized_at=event.timestamp,
        mark=event.mark,
        sequence=event.sequence,
    )


def _followed(before: Position, event: GuardFollowed) -> Position:
    # What was closed of it stays closed: only what is left follows what was seen.
    entered = event.quantity + before.exit_qty
    return evolved(
        before,
        open_qty=event.quantity,
        entry_qty=entered,
        entry_cost=entered * event.entry_price,
        fees_base=Quantity(0),
        is_estimated=event.is_estimated,
        stop=event.stop,
        breached_at=0,
    )


def _breached(before: Position, event: GuardBreached) -> Position:
    return evolved(before, breached_at=event.timestamp)


def _debt_seen(before: Position, event: GuardDebtSeen) -> Position:
    return evolved(before, debt=event.owed)


def _released(before: Position, event: GuardReleased) -> Position:
    return evolved(
        before,
        close_reason=CloseReason.RELEASED,
        closed_at=event.timestamp,
        open_qty=Quantity(0),
        retry_at=0,
    )


def _handed_over(before: Position, event: GuardHandedOver) -> Position:
    return evolved(
        before,
        kind=PositionKind.CORE,
        stop_distance=event.stop_distance,
        best=event.best,
        stop=event.stop,
        borrows=True,
        summarized_at=event.timestamp,
    )


GUARD_HANDLERS: Final[dict[type, Callable[[Position, Any], Position]]] = {
    GuardFollowed: _followed,
    GuardBreached: _breached,
    GuardDebtSeen: _debt_seen,
    GuardReleased: _released,
    GuardHandedOver: _handed_over,
}
