"""What protects the story of :mod:`robson_domain.testing.builders`: venue stops, guards, debt.

The guard is of the same 50 units at 100, opened by hand; its fixed 2 % is the story's distance.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from robson_domain.identity import PositionId
from robson_domain.intents import IntentKind
from robson_domain.orders import Order, OrderStatus
from robson_domain.ports import Debt
from robson_domain.position import DetectorSpec, Position, PositionKind, PositionStatus
from robson_domain.protection_inputs import CoreSeen, DebtReported, ExternalSeen
from robson_domain.symbols import Side
from robson_domain.testing.builders import (
    ENTRY,
    POSITION,
    QUANTITY,
    SECOND,
    SYMBOL,
    T0,
    VENUE_STOP,
    a_position,
    a_risk,
    a_stop_for,
    an_id_for,
    an_instrument,
    an_order,
)
from robson_domain.values import Money, Price

GUARD: Final = PositionId("guard-btcusdt-5")
"""Opened by the fifth event of a log."""
LOOKED: Final = T0 + 20 * SECOND
"""When holdings were looked at, UTC ns."""


def a_venue_stop(side: Side = Side.LONG, **fields: Any) -> Order:
    """Return the stop that rests at the venue for the story's position of ``side``."""
    plain = an_order(
        client_order_id=an_id_for(IntentKind.VENUE_STOP),
        kind=IntentKind.VENUE_STOP.value,
        side=side.exit_side,
        status=OrderStatus.ACCEPTED,
        venue_order_id="4712",
        stop_price=VENUE_STOP if side is Side.LONG else Price("103.02"),
        ts_created=T0 + 8 * SECOND,
    )
    return attrs.evolve(plain, **fields)


def a_protected_position(side: Side = Side.LONG, **fields: Any) -> Position:
    """Return the story's active position with its stop at the venue, known there by its entry."""
    plain = a_position(
        PositionStatus.ACTIVE,
        side,
        borrows=True,
        venue_position_ref=f"{SYMBOL}:4711",
        venue_stop=a_venue_stop(side),
        stops=1,
    )
    return attrs.evolve(plain, **fields)


def a_guard(side: Side = Side.LONG, **fields: Any) -> Position:
    """Return the guard of what the person opened by hand: active, without an order of ours."""
    plain = Position(
        position_id=GUARD,
        symbol=SYMBOL,
        side=side,
        status=PositionStatus.ACTIVE,
        kind=PositionKind.GUARD,
        risk=a_risk(capital=Money(5_000), risk_percent=2),
        instrument=an_instrument(),
        detector=DetectorSpec(name="safety_net"),
        armed_at=LOOKED,
        opened_at=LOOKED,
        stop=a_stop_for(side),
        open_qty=QUANTITY,
        entry_qty=QUANTITY,
        entry_cost=QUANTITY * ENTRY,
        sequence=5,
    )
    return attrs.evolve(plain, **fields)


def an_external_seen(**fields: Any) -> ExternalSeen:
    """Return a look at a pair on which the person holds the story's quantity."""
    plain = ExternalSeen(
        instrument=an_instrument(),
        side=Side.LONG,
        quantity=QUANTITY,
        entry_price=ENTRY,
        price=Price("100.5"),
        ts_event=LOOKED,
        ts_received=LOOKED + 1,
    )
    return attrs.evolve(plain, **fields)


def a_core_seen(**fields: Any) -> CoreSeen:
    """Return what the account shows of the story's position: 10 less than the log says."""
    plain = CoreSeen(
        position_id=POSITION,
        symbol=SYMBOL,
        held=40,
        interest="0.012",
        price=Price("99.5"),
        last_price=Price("99.4"),
        evidence="trade 7003 of the account: sold 10 at 99.5",
        ts_event=LOOKED,
        ts_received=LOOKED + 1,
    )
    return attrs.evolve(plain, **fields)


def a_debt_report(**fields: Any) -> DebtReported:
    """Return that the story's long still owes quote after its end."""
    plain = DebtReported(
        position_id=POSITION,
        asset="USDT",
        amount="1250.5",
        free=9_000,
        interest="0.5",
        ts_event=LOOKED,
        ts_received=LOOKED + 1,
    )
    return attrs.evolve(plain, **fields)


def a_debt(**fields: Any) -> Debt:
    """Return the same debt as the lending port tells it."""
    said = a_debt_report()
    plain = Debt(
        asset=said.asset,
        amount=said.amount,
        free=said.free,
        interest=said.interest,
        ts_event=said.ts_event,
        ts_received=said.ts_received,
    )
    return attrs.evolve(plain, **fields)
