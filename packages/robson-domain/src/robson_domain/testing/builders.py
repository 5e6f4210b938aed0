"""One plausible object of every kind; a test names only what it is about.

All of them tell one story on one pair: 10,000 capital, 1 % at risk, a signal at 100.00 with a
distance of 2.00, so 50 units entered, and left again at the stop for a loss of 100 (the budget).
Every builder takes the fields of what it makes as keywords.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import attrs

from robson_domain.account import AccountSnapshot
from robson_domain.batch import DetectorState, Snapshot
from robson_domain.identity import (
    CORE_PREFIX,
    ClientOrderId,
    IntentId,
    PositionId,
    SignalId,
    TradeId,
    client_order_id,
)
from robson_domain.inputs import ArmPosition
from robson_domain.instrument import Instrument
from robson_domain.intents import Intent, IntentKind
from robson_domain.ledger import DAY_NS, Ledger
from robson_domain.market import Bar, TradeTick
from robson_domain.orders import Fill, Order, OrderStatus
from robson_domain.ports import NewOrder
from robson_domain.position import CloseReason, DetectorSpec, Position, PositionStatus
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.risk import RiskConfig
from robson_domain.signals import DetectorSignal
from robson_domain.symbols import OrderSide, Side, Symbol
from robson_domain.values import Money, Notional, Price, PriceDelta, Quantity

T0: Final = 20_000 * DAY_NS
"""Where the story begins: midnight UTC of 2024-10-04, ns."""
SECOND: Final = 1_000_000_000
EPOCH: Final = "epoch-1"
ACCOUNT: Final = "account-1"
POSITION: Final = PositionId("position-1")
SYMBOL: Final = Symbol("BTCUSDT")
SIGNAL: Final = SignalId("position-1-signal")
ENTRY: Final = Price(100)
DISTANCE: Final = PriceDelta(2)
QUANTITY: Final = Quantity(50)
VENUE_STOP: Final = Price("97.02")
"""Where the stop of a long rests at the venue: 1 % beyond the first trailing stop."""

_WHY_AND_WHEN: Final = {
    IntentKind.ENTRY: (str(SIGNAL), 6),
    IntentKind.EXIT: ("trailing_stop", 60),
    IntentKind.VENUE_STOP: ("disaster_stop", 8),
}


def an_instrument(**fields: Any) -> Instrument:
    """Return the pair of the story: tick 0.01, step 0.00001, at least 5 of quote."""
    plain = Instrument(
        symbol=SYMBOL,
        tick_size=Decimal("0.01"),
        step_size=Decimal("0.00001"),
        quantity_min=Quantity("0.00001"),
        quantity_max=Quantity(9000),
        notional_min=Notional(5),
    )
    return attrs.evolve(plain, **fields)


def a_risk(**fields: Any) -> RiskConfig:
    """Return 1 % of a capital of 10,000."""
    return attrs.evolve(RiskConfig(capital=Money(10_000)), **fields)


def a_stop_for(side: Side) -> Price:
    """Return the first stop of the story: 98 for a long, 102 for a short."""
    return ENTRY.minus(DISTANCE) if side is Side.LONG else ENTRY.plus(DISTANCE)


def a_signal(**fields: Any) -> DetectorSignal:
    """Return the detector's signal of the story; the stop follows the side."""
    side = fields.get("side", Side.LONG)
    plain = DetectorSignal(
        signal_id=SIGNAL,
        position_id=POSITION,
        symbol=SYMBOL,
        side=side,
        entry_price=ENTRY,
        technical_stop=a_stop_for(side),
        timestamp=T0 + 5 * SECOND,
    )
    return attrs.evolve(plain, **fields)


def a_fill(**fields: Any) -> Fill:
    """Return the whole entry in one execution, without commission."""
    plain = Fill(trade_id=TradeId("7001"), price=ENTRY, quantity=QUANTITY, ts_event=T0 + 6 * SECOND)
    return attrs.evolve(plain, **fields)


def an_id_for(kind: IntentKind, n: int = 1) -> ClientOrderId:
    """Return the client order id of the story's ``n``-th order of ``kind``."""
    return client_order_id(
        CORE_PREFIX, account=ACCOUNT, epoch=EPOCH, position_id=POSITION, kind=kind, n=n
    )


def an_intent(**fields: Any) -> Intent:
    """Return the entry intent of a long, or with another ``kind`` its first exit or venue stop."""
    kind = fields.get("kind", IntentKind.ENTRY)
    reason, seconds = _WHY_AND_WHEN[kind]
    is_entry = kind is IntentKind.ENTRY
    plain = Intent(
        intent_id=IntentId(SIGNAL if is_entry else f"{POSITION}-{kind}-1"),
        position_id=POSITION,
        kind=kind,
        n=1,
        symbol=SYMBOL,
        side=OrderSide.BUY if is_entry else OrderSide.SELL,
        quantity=QUANTITY,
        client_order_id=an_id_for(kind),
        reason=reason,
        ts_created=T0 + seconds * SECOND,
        stop_price=VENUE_STOP if kind is IntentKind.VENUE_STOP else None,
    )
    return attrs.evolve(plain, **fields)


def an_order(**fields: Any) -> Order:
    """Return the entry order, just submitted; with ``status=OrderStatus.FILLED`` executed."""
    plain = Order(
        client_order_id=an_id_for(IntentKind.ENTRY),
        position_id=POSITION,
        symbol=SYMBOL,
        side=OrderSide.BUY,
        kind=IntentKind.ENTRY.value,
        order_qty=QUANTITY,
        ts_created=T0 + 6 * SECOND,
    )
    order = attrs.evolve(plain, **fields)
    if order.status is OrderStatus.FILLED and not order.filled_qty:
        return attrs.evolve(order, status=OrderStatus.SUBMITTED).with_fill(
            a_fill(quantity=order.order_qty)
        )
    return order


def a_new_order(**fields: Any) -> NewOrder:
    """Return the entry as it is handed to the execution port."""
    plain = NewOrder(
        client_order_id=an_id_for(IntentKind.ENTRY),
        symbol=SYMBOL,
        side=OrderSide.BUY,
        quantity=QUANTITY,
        reduces=False,
    )
    return attrs.evolve(plain, **fields)


def a_report(**fields: Any) -> OrderReport:
    """Return the report of the whole entry; with another status, a report without fills."""
    status = fields.get("status", ReportStatus.FILLED)
    is_filled = status is ReportStatus.FILLED
    plain = OrderReport(
        client_order_id=an_id_for(IntentKind.ENTRY),
        symbol=SYMBOL,
        status=status,
        ts_event=T0 + 6 * SECOND,
        ts_received=T0 + 6 * SECOND + 1,
        filled_qty=QUANTITY if is_filled else Quantity(0),
        fills=(a_fill(),) if is_filled else (),
        venue_order_id="4711",
        ts_signed=T0 + 6 * SECOND,
    )
    return attrs.evolve(plain, **fields)


def an_account(**fields: Any) -> AccountSnapshot:
    """Return a flat, debt-free account with room for the entry of the story, long or short."""
    plain = AccountSnapshot(
        symbol=SYMBOL,
        ts_event=T0 + 6 * SECOND,
        ts_received=T0 + 6 * SECOND,
        collateral=Notional(10_000),
        borrowable_base=Quantity(1_000),
        borrowable_quote=Notional(100_000),
        taker_fee_rate=Decimal(0),
        leverage_max=10,
    )
    return attrs.evolve(plain, **fields)


def a_tick(price: Price = ENTRY, **fields: Any) -> TradeTick:
    """Return a trade of the story's instrument at ``price`` (a multiple of its tick)."""
    plain = TradeTick(
        symbol=SYMBOL,
        ticks=an_instrument().ticks(price),
        trade_id=900,
        ts_event=T0 + 5 * SECOND,
        ts_received=T0 + 5 * SECOND,
        steps=1_000,
    )
    return plain._replace(**fields)


def a_bar(**fields: Any) -> Bar:
    """Return one minute around the entry price."""
    plain = Bar(
        symbol=SYMBOL,
        ts_open=T0,
        interval=60 * SECOND,
        open=Price(99),
        high=Price(101),
        low=Price(98),
        close=ENTRY,
        volume=Quantity(12),
    )
    return attrs.evolve(plain, **fields)


def a_ledger(**fields: Any) -> Ledger:
    """Return the ledger of a new account with 10,000."""
    return attrs.evolve(Ledger.opening(Money(10_000)), **fields)


def a_detector_state(**fields: Any) -> DetectorState:
    """Return the memory of a waiting detector."""
    plain = DetectorState(position_id=POSITION, name="test", version=1, data="{}", mark=899)
    return attrs.evolve(plain, **fields)


def a_snapshot(**fields: Any) -> Snapshot:
    """Return a whole state with one active position."""
    active = a_position(status=PositionStatus.ACTIVE)
    plain = Snapshot(sequence=4, ledger=a_ledger(sequence=4), positions=(active,))
    return attrs.evolve(plain, **fields)


def an_arm_command(**fields: Any) -> ArmPosition:
    """Return the person's command that starts the story."""
    plain = ArmPosition(
        command_id="command-1",
        position_id=POSITION,
        symbol=SYMBOL,
        side=Side.LONG,
        risk=a_risk(),
        instrument=an_instrument(),
        detector=DetectorSpec(name="test", params=(("stop_distance", "2"),)),
        ts_received=T0,
    )
    return attrs.evolve(plain, **fields)


def a_position(
    status: PositionStatus = PositionStatus.ACTIVE, side: Side = Side.LONG, **fields: Any
) -> Position:
    """Return the story's position as it is in ``status``, consistent in all its figures.

    Args:
        status: Error is an active position that needs a person.
        side: The quantities are the same for both; stops and order sides are mirrored.
        fields: Further fields of :class:`Position`, set as they are.
    """
    facts: dict[str, Any] = {}
    for reached, part in _HISTORY.items():
        if reached in _PAST[status]:
            facts |= part(side)
    command = an_arm_command()
    plain = Position(
        position_id=POSITION,
        symbol=SYMBOL,
        side=side,
        status=status,
        risk=command.risk,
        instrument=command.instrument,
        detector=command.detector,
        armed_at=command.ts_received,
        **facts,
    )
    return attrs.evolve(plain, **fields)


def _entering(side: Side) -> dict[str, Any]:
    return {
        "signal": a_signal(side=side),
        "signal_at": T0 + 5 * SECOND,
        "stop_distance": DISTANCE,
        "entry_order": an_order(side=side.entry_side),
        "sequence": 3,
    }


def _active(side: Side) -> dict[str, Any]:
    return {
        "entry_order": an_order(side=side.entry_side, status=OrderStatus.FILLED),
        "open_qty": QUANTITY,
        "entry_qty": QUANTITY,
        "entry_cost": QUANTITY * ENTRY,
        "best": ENTRY,
        "stop": a_stop_for(side),
        "sequence": 4,
    }


def _exit_order(side: Side) -> Order:
    return an_order(
        client_order_id=an_id_for(IntentKind.EXIT),
        kind=IntentKind.EXIT.value,
        side=side.exit_side,
        ts_created=T0 + 60 * SECOND,
    )


def _exiting(side: Side) -> dict[str, Any]:
    return {
        "exit_reason": CloseReason.TRAILING_STOP,
        "exit_order": _exit_order(side),
        "exits": 1,
        "sequence": 6,
    }


def _closed(side: Side) -> dict[str, Any]:
    fill = a_fill(trade_id=TradeId("7002"), price=a_stop_for(side), ts_event=T0 + 61 * SECOND)
    return {
        "exit_order": _exit_order(side).with_fill(fill),
        "open_qty": Quantity(0),
        "exit_qty": QUANTITY,
        "exit_value": fill.notional,
        "close_reason": CloseReason.TRAILING_STOP,
        "closed_at": T0 + 61 * SECOND,
        "realized_pnl": Money(-100),
        "sequence": 8,
    }


def _error(_: Side) -> dict[str, Any]:
    return {"error": "the venue shows less than the ledger", "sequence": 5}


_S = PositionStatus
_HISTORY: Final = {
    _S.ENTERING: _entering,
    _S.ACTIVE: _active,
    _S.EXITING: _exiting,
    _S.CLOSED: _closed,
    _S.ERROR: _error,
}
_PAST: Final[dict[PositionStatus, frozenset[PositionStatus]]] = {
    _S.ARMED: frozenset(),
    _S.ENTERING: frozenset({_S.ENTERING}),
    _S.ACTIVE: frozenset({_S.ENTERING, _S.ACTIVE}),
    _S.EXITING: frozenset({_S.ENTERING, _S.ACTIVE, _S.EXITING}),
    _S.CLOSED: frozenset({_S.ENTERING, _S.ACTIVE, _S.EXITING, _S.CLOSED}),
    _S.ERROR: frozenset({_S.ENTERING, _S.ACTIVE, _S.ERROR}),
}
