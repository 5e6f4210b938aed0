"""When a stop should rest at the venue, and where: the disaster stop, as pure questions.

It bounds the loss while this process is down. While it lives the trailing stop acts first, since
the disaster stop lies beyond it; it follows at a distance, seldom, because every move leaves the
venue without it for a moment.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final

from robson_domain import (
    AccountSnapshot,
    Order,
    OrderStatus,
    Position,
    PositionStatus,
    Price,
    RiskLimits,
    Side,
    decimals,
)
from robson_engine.quantities import exit_quantity
from robson_engine.trigger_index import FAR

_QUARTER: Final = Decimal("0.25")
_STANDING: Final = frozenset({PositionStatus.ACTIVE, PositionStatus.ERROR})
_ANSWERED: Final = frozenset({OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED})


class Change(StrEnum):
    """What is to be done about the stop at the venue."""

    PLACE = "place"
    TAKE_BACK = "take_back"
    """To place another, or none."""
    ASK_AGAIN = "ask_again"
    """It was asked to be canceled and still works."""


def level_of(position: Position, limits: RiskLimits) -> Price | None:
    """Return where the venue stop belongs, None when it should not be there.

    A share beyond the trailing stop, rounded towards the market.
    """
    stop, share = position.stop, limits.disaster_stop
    if share is None or stop is None or position.is_guard or not position.open_qty:
        return None
    beyond = decimals.mul(stop.value, share)
    long = position.side is Side.LONG
    level = decimals.sub(stop.value, beyond) if long else decimals.add(stop.value, beyond)
    if level <= 0:
        return None
    rounded = position.instrument.round_stop_tighter(
        Price(decimals.rounded(level, 20)), position.side
    )
    is_tradable = position.instrument.is_tradable(exit_quantity(position), rounded)
    return rounded if is_tradable else None


def change_of(position: Position, limits: RiskLimits) -> Change | None:
    """Return what is to be done now about the stop of a position that is not leaving."""
    working = position.working_stop
    if position.status not in _STANDING or position.exit_reason is not None:
        return None
    level = level_of(position, limits)
    if working is None:
        return None if level is None else Change.PLACE
    if working.status is OrderStatus.PENDING_CANCEL:
        return Change.ASK_AGAIN
    if working.status not in _ANSWERED:
        return None
    if level is None or working.leaves_qty != exit_quantity(position):
        return Change.TAKE_BACK
    return Change.TAKE_BACK if _lags(position, working.stop_price, level) else None


def _lags(position: Position, at: Price | None, level: Price) -> bool:
    """Say whether the stop at the venue is a quarter of the distance behind."""
    distance = position.stop_distance
    if at is None or distance is None:
        return False
    behind = decimals.mul((level - at).value, Decimal(position.side.sign))
    return behind >= decimals.mul(distance.value, _QUARTER)


def due_of(position: Position, limits: RiskLimits) -> int:
    """Return the input time (UTC ns) from which the stop at the venue is to be changed."""
    if position.venue_stop is None and limits.disaster_stop is None:
        return FAR
    if position.exit_reason is not None:
        working = position.working_stop
        asked = working is not None and working.status is OrderStatus.PENDING_CANCEL
        return position.stop_retry_at if asked else FAR
    change = change_of(position, limits)
    if change is None:
        return FAR
    if change is Change.PLACE and not position.stop_rejections:
        return 0
    return position.stop_retry_at


def needs_no_wait(position: Position, stop: Order, account: AccountSnapshot) -> bool:
    """Say whether an exit may go out beside a stop whose fate nobody knows.

    When what the pair holds is enough for one of them only, and a resting sale reserves it, the
    venue executes one and refuses the other. With more on the pair, a deposit perhaps, both could
    be executed; so could two purchases that close a short.
    """
    if position.side is not Side.LONG or not account.reserves:
        return False
    needed = exit_quantity(position).value
    both = decimals.add(needed, stop.leaves_qty.value)
    return needed <= account.net_qty < both
