"""The members of the unions that protect: holdings, debt, guards, venue stops, warnings.

Mappings by type; :mod:`robson_domain.testing.unions` puts them in the order of their union.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from robson_domain import account_events, commands, guard_events, inputs, venue_events
from robson_domain import protection_inputs as protection
from robson_domain.identity import NO_POSITION, ClientOrderId
from robson_domain.intents import IntentKind
from robson_domain.market import TradeTick
from robson_domain.protection import PairRule, SafetyNetMode
from robson_domain.symbols import Side
from robson_domain.testing.builders import (
    DISTANCE,
    ENTRY,
    POSITION,
    QUANTITY,
    SECOND,
    SYMBOL,
    T0,
    an_id_for,
    an_instrument,
    an_intent,
)
from robson_domain.testing.builders_protection import (
    GUARD,
    LOOKED,
    a_core_seen,
    a_debt_report,
    an_external_seen,
)
from robson_domain.values import Price, Quantity

FOREIGN: Final = ClientOrderId("robson_core_2222222222222222aa")
"""Carries our prefix, and no database of the story knows it."""

EventParts = dict[type, tuple[dict[str, Any], type | None]]
"""Type of an event to its own fields, and to the type of the input that caused it."""


def protection_inputs() -> dict[type, inputs.Input]:
    """Return one of each input about holdings, and of each command of the person about them."""
    later = T0 + 30 * SECOND
    return {
        protection.ExternalSeen: an_external_seen(),
        protection.CoreSeen: a_core_seen(),
        protection.DebtReported: a_debt_report(),
        protection.ForeignOrderSeen: protection.ForeignOrderSeen(
            symbol=SYMBOL, client_order_id=FOREIGN, ts_received=later
        ),
        protection.DebtUnknown: protection.DebtUnknown(
            position_id=GUARD, problem="12 questions without an answer", ts_received=later
        ),
        protection.PairDoubted: protection.PairDoubted(
            symbol=SYMBOL,
            problem="robson_safety_2222222222222222 sold 2 BTC more than was left of your long",
            ts_received=later,
        ),
        protection.NoTraceSeen: protection.NoTraceSeen(
            symbol=SYMBOL,
            client_order_id=an_id_for(IntentKind.EXIT),
            ts_event=LOOKED,
            ts_received=later,
        ),
        protection.BeyondFlatSeen: protection.BeyondFlatSeen(
            position_id=POSITION,
            symbol=SYMBOL,
            quantity=QUANTITY,
            evidence="by order web_1",
            ts_event=LOOKED,
            ts_received=later,
        ),
        protection.SetSafetyNet: protection.SetSafetyNet(
            command_id="command-7", mode=SafetyNetMode.ACT, ts_received=later
        ),
        protection.SetPairRule: protection.SetPairRule(
            command_id="command-8", symbol=SYMBOL, rule=PairRule.ADOPT, ts_received=later
        ),
        protection.HandOver: protection.HandOver(
            command_id="command-9", symbol=SYMBOL, stop_distance=DISTANCE, ts_received=later
        ),
        protection.ClearWarning: protection.ClearWarning(
            command_id="command-10", symbol=SYMBOL, ts_received=later
        ),
    }


def protection_commands() -> dict[type, commands.Command]:
    """Return one of each command about venue stops, debt and the person's holdings."""
    return {
        commands.PlaceVenueStop: commands.PlaceVenueStop(
            intent=an_intent(kind=IntentKind.VENUE_STOP)
        ),
        commands.QueryDebt: commands.QueryDebt(
            symbol=SYMBOL, position_id=POSITION, side=Side.LONG, since=T0 + 6 * SECOND
        ),
        commands.RepayDebt: commands.RepayDebt(
            symbol=SYMBOL,
            position_id=POSITION,
            side=Side.LONG,
            since=T0 + 6 * SECOND,
            asset="USDT",
            amount="1250.5",
        ),
        commands.QueryExternal: commands.QueryExternal(symbol=SYMBOL, position_id=GUARD),
    }


def protection_events() -> EventParts:
    """Return the parts of each event of venue stops, debt, guards and the account."""
    return _venue_events() | _guard_events() | _account_events()


def _venue_events() -> EventParts:
    stop = an_intent(kind=IntentKind.VENUE_STOP)
    reduced: dict[str, Any] = {
        "quantity": Quantity(10),
        "price": Price("99.5"),
        "is_explained": True,
        "evidence": a_core_seen().evidence,
    }
    return {
        venue_events.VenueStopPlaced: ({"intent": stop}, inputs.OrderReported),
        venue_events.CancelRequested: (
            {"client_order_id": an_id_for(IntentKind.VENUE_STOP), "retry_at": T0 + 65 * SECOND},
            inputs.TimePassed,
        ),
        venue_events.InterestAccrued: ({"interest": Decimal("0.012")}, protection.CoreSeen),
        venue_events.RepayRequested: (
            {
                "asset": "USDT",
                "amount": Decimal("1250.5"),
                "owed": Decimal(1300),
                "n": 1,
                "retry_at": T0 + 70 * SECOND,
            },
            protection.DebtReported,
        ),
        venue_events.PositionReduced: (reduced, protection.CoreSeen),
    }


def _guard_events() -> EventParts:
    opened: dict[str, Any] = {
        "symbol": SYMBOL,
        "side": Side.LONG,
        "instrument": an_instrument(),
        "quantity": QUANTITY,
        "entry_price": ENTRY,
        "is_estimated": False,
        "stop": Price(98),
    }
    followed: dict[str, Any] = {
        "quantity": Quantity(60),
        "entry_price": Price("100.25"),
        "is_estimated": True,
        "stop": Price("98.25"),
    }
    handed: dict[str, Any] = {"stop_distance": DISTANCE, "best": Price("100.5")}
    guards: EventParts = {
        guard_events.GuardOpened: (opened, protection.ExternalSeen),
        guard_events.GuardFollowed: (followed, protection.ExternalSeen),
        guard_events.GuardBreached: ({"price": Price("97.9"), "stop": Price(98)}, TradeTick),
        guard_events.GuardReleased: ({"why": "gone"}, protection.ExternalSeen),
        guard_events.GuardHandedOver: (handed | {"stop": Price("98.5")}, protection.HandOver),
        guard_events.GuardDebtSeen: (
            {"asset": "USDT", "owed": Decimal("1250.5")},
            protection.DebtReported,
        ),
    }
    return {kind: ({"position_id": GUARD} | own, by) for kind, (own, by) in guards.items()}


def _account_events() -> EventParts:
    problem = "the account holds 40 of what the log says are 50; no trade explains it"
    account: EventParts = {
        account_events.SafetyNetSet: ({"mode": SafetyNetMode.ACT}, protection.SetSafetyNet),
        account_events.PairRuleSet: (
            {"symbol": SYMBOL, "rule": PairRule.ADOPT},
            protection.SetPairRule,
        ),
        account_events.PairQuarantined: (
            {"symbol": SYMBOL, "problem": problem},
            protection.CoreSeen,
        ),
        account_events.AnotherRobsonSeen: (
            {"symbol": SYMBOL, "client_order_id": FOREIGN},
            protection.ForeignOrderSeen,
        ),
        account_events.WarningCleared: ({"symbol": SYMBOL}, protection.ClearWarning),
    }
    nobody: dict[str, Any] = {"position_id": NO_POSITION, "mark": 0}
    return {kind: (nobody | own, by) for kind, (own, by) in account.items()}
