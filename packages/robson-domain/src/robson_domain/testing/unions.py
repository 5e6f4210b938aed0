"""One plausible member of each closed union: every input, event, command and state there is."""

from __future__ import annotations

import typing
from decimal import Decimal
from typing import Any, Final, TypeVar, cast

import attrs

from robson_domain import commands, events, inputs
from robson_domain.account_events import RiskLimitsSet
from robson_domain.batch import DetectorState, Snapshot, State
from robson_domain.identity import NO_POSITION, TradeId, event_id
from robson_domain.intents import IntentKind
from robson_domain.ledger import Ledger
from robson_domain.market import TradeTick
from robson_domain.orders import OrderStatus
from robson_domain.position import CloseReason, Doubt, Position
from robson_domain.risk_limits import RiskLimits
from robson_domain.testing.builders import (
    DISTANCE,
    ENTRY,
    EPOCH,
    POSITION,
    SECOND,
    SYMBOL,
    T0,
    a_detector_state,
    a_fill,
    a_ledger,
    a_position,
    a_report,
    a_signal,
    a_snapshot,
    a_tick,
    an_account,
    an_arm_command,
    an_id_for,
    an_intent,
)
from robson_domain.testing.unions_protection import (
    EventParts,
    protection_commands,
    protection_events,
    protection_inputs,
)
from robson_domain.values import Money, Price, Quantity

T = TypeVar("T")

_LIMITS: Final = RiskLimits(
    max_open_positions=3, symbols_allowed=(SYMBOL,), disaster_stop=Decimal("0.01")
)


def every_input() -> tuple[inputs.Input, ...]:
    """Return one input of each type, in the order of the union."""
    later = T0 + 30 * SECOND
    made: dict[type, inputs.Input] = {
        TradeTick: a_tick(),
        inputs.TimePassed: inputs.TimePassed(ts_received=later),
        inputs.OrderReported: inputs.OrderReported(report=a_report()),
        inputs.AccountReported: inputs.AccountReported(snapshot=an_account(), last_price=ENTRY),
        inputs.SignalFired: inputs.SignalFired(
            signal=a_signal(), ts_event=T0 + 5 * SECOND, ts_received=T0 + 5 * SECOND
        ),
        inputs.ArmPosition: an_arm_command(),
        inputs.DisarmPosition: inputs.DisarmPosition(
            command_id="command-2", position_id=POSITION, ts_received=later
        ),
        inputs.ClosePosition: inputs.ClosePosition(
            command_id="command-3", position_id=POSITION, ts_received=later
        ),
        inputs.Panic: inputs.Panic(command_id="command-4", ts_received=later),
        inputs.AcknowledgeError: inputs.AcknowledgeError(
            command_id="command-5", position_id=POSITION, ts_received=later
        ),
        inputs.LinkChanged: inputs.LinkChanged(symbol=SYMBOL, up=False, ts_received=later),
        inputs.SetRiskLimits: inputs.SetRiskLimits(
            command_id="command-6", capital=Money(12_000), limits=_LIMITS, ts_received=later
        ),
        **protection_inputs(),
    }
    return tuple(made[kind] for kind in typing.get_args(inputs.Input))


def every_command() -> tuple[commands.Command, ...]:
    """Return one command of each type, in the order of the union."""
    id_ = an_id_for(IntentKind.ENTRY)
    made: dict[type, commands.Command] = {
        commands.PlaceEntryOrder: commands.PlaceEntryOrder(intent=an_intent()),
        commands.PlaceExitOrder: commands.PlaceExitOrder(intent=an_intent(kind=IntentKind.EXIT)),
        commands.CancelOrder: commands.CancelOrder(symbol=SYMBOL, client_order_id=id_),
        commands.QueryOrder: commands.QueryOrder(symbol=SYMBOL, client_order_id=id_),
        commands.QueryAccount: commands.QueryAccount(symbol=SYMBOL, position_id=POSITION),
        commands.Backfill: commands.Backfill(symbol=SYMBOL, after_trade_id=899),
        commands.Reply: commands.Reply(
            command_id="command-2",
            code="ALREADY_ENTERING",
            message="the entry is on its way; close it instead",
            positions=(POSITION,),
        ),
        **protection_commands(),
    }
    return tuple(made[kind] for kind in typing.get_args(commands.Command))


def every_state() -> tuple[State, ...]:
    """Return one state of each type, in the order of the union."""
    made: dict[type, State] = {
        Position: a_position(),
        Ledger: a_ledger(entries=(T0 + 6 * SECOND,)),
        DetectorState: a_detector_state(),
        Snapshot: a_snapshot(),
    }
    return tuple(made[kind] for kind in typing.get_args(State))


def an_event(kind: type[T], **fields: Any) -> T:
    """Return the event of type ``kind`` from :func:`every_event`, changed by ``fields``.

    Raises:
        KeyError: When ``kind`` is no event.
    """
    found: Any = {type(event): event for event in every_event()}[cast(Any, kind)]
    made: T = attrs.evolve(found, **fields)
    return made


def every_event() -> tuple[events.Event, ...]:
    """Return one event of each type, in the order of the union, numbered from 1.

    Each has its place in the story; together they are no log that the engine would write.
    """
    kinds = typing.get_args(events.Event)
    return tuple(_event(kind, sequence) for sequence, kind in enumerate(kinds, start=1))


def _event(kind: type, sequence: int) -> events.Event:
    entry, cause = _EVENTS[kind]
    found = next((given for given in every_input() if type(given) is cause), None)
    made: events.Event = kind(
        event_id=event_id(EPOCH, sequence),
        sequence=sequence,
        ts_event=T0 + sequence * SECOND,
        ts_received=T0 + sequence * SECOND + 1,
        cause_id=inputs.cause_of(found) if found else "trade:BTCUSDT:900",
        input=found,
        **({"position_id": POSITION, "mark": 900} | entry),
    )
    return made


_EXIT_FILL: Final = a_fill(trade_id=TradeId("7002"), price=Price(98), ts_event=T0 + 61 * SECOND)
_EVENTS: Final[EventParts] = {
    events.PositionArmed: ({"command": an_arm_command()}, inputs.ArmPosition),
    events.PositionDisarmed: ({"reason": CloseReason.DISARMED}, inputs.DisarmPosition),
    events.EntrySignalReceived: ({"signal": a_signal()}, inputs.SignalFired),
    events.EntryDenied: (
        {"code": "STALE_SIGNAL", "message": "2.1 s passed since the signal"},
        inputs.TimePassed,
    ),
    events.EntryOrderPlaced: (
        {
            "intent": an_intent(),
            "stop_distance": DISTANCE,
            "risk_amount": Money(100),
            "fee_rate": Decimal("0.001"),
            "commission_in_base": True,
            "checks": ("DISTANCE_OUT_OF_RANGE", "STALE_SIGNAL"),
            "borrows": True,
        },
        inputs.AccountReported,
    ),
    events.EntryFilled: (
        {
            "client_order_id": an_id_for(IntentKind.ENTRY),
            "fill": a_fill(commission=Quantity("0.05"), commission_asset="BTC"),
            "order_status": OrderStatus.FILLED,
            "open_qty": Quantity("49.95"),
            "best": ENTRY,
            "stop": Price(98),
            "venue_position_ref": f"{SYMBOL}:4711",
        },
        inputs.OrderReported,
    ),
    events.TrailingStopUpdated: (
        {"best": Price("100.5"), "stop": Price("98.5"), "previous_stop": Price(98)},
        TradeTick,
    ),
    events.PositionCloseRequested: ({"reason": CloseReason.CLOSE}, inputs.ClosePosition),
    events.ExitTriggered: (
        {"reason": CloseReason.PANIC, "price": None, "stop": Price("98.5")},
        inputs.Panic,
    ),
    events.ExitOrderPlaced: ({"intent": an_intent(kind=IntentKind.EXIT)}, None),
    events.ExitFilled: (
        {
            "client_order_id": an_id_for(IntentKind.EXIT),
            "fill": _EXIT_FILL,
            "order_status": OrderStatus.FILLED,
            "open_qty": Quantity(0),
        },
        inputs.OrderReported,
    ),
    events.OrderRejected: (
        {
            "client_order_id": an_id_for(IntentKind.EXIT),
            "code": "-2010",
            "message": "insufficient balance",
            "attempt": 1,
            "retry_at": T0 + 61 * SECOND,
        },
        inputs.OrderReported,
    ),
    events.OrderInDoubt: (
        {
            "client_order_id": an_id_for(IntentKind.ENTRY),
            "doubt": Doubt(since=T0 + 7 * SECOND, ts_signed=T0 + 6 * SECOND, snapshots=1),
            "code": "TIMEOUT",
            "message": "no answer within 5 s",
        },
        inputs.TimePassed,
    ),
    events.OrderResolved: (
        {
            "client_order_id": an_id_for(IntentKind.ENTRY),
            "order_status": OrderStatus.EXPIRED,
            "filled_qty": Quantity(20),
            "evidence": "the venue's answer",
        },
        inputs.AccountReported,
    ),
    events.PositionClosed: (
        {
            "reason": CloseReason.ACKNOWLEDGED,
            "realized_pnl": Money(-100),
            "dust": Decimal("-0.5"),
            "debt": Decimal("0.0002"),
            "interest": Decimal("0.012"),
        },
        inputs.AcknowledgeError,
    ),
    events.PositionErrored: (
        {"problem": "the venue shows less than the ledger"},
        inputs.LinkChanged,
    ),
    RiskLimitsSet: (
        {"position_id": NO_POSITION, "mark": 0, "capital": Money(12_000), "limits": _LIMITS},
        inputs.SetRiskLimits,
    ),
    **protection_events(),
}
