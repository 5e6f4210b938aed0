"""What an event says, in one line of plain English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from robsond.cli import format as fmt

Json = Mapping[str, Any]

ACCOUNT: Final = "account"
"""Stands where a position's id would, for events of none."""


def sentence(event: Json) -> str:
    """Return what happened; an unknown type is named, never left out."""
    kind = str(event.get("type") or event.get("event_type") or "event")
    teller = _TELLERS.get(kind)
    try:
        return teller(event) if teller else kind
    except (KeyError, TypeError, AttributeError):
        return kind


def owner_of(event: Json) -> str:
    """Return whose event it is: a position's id, or that it is the account's."""
    return str(event.get("position_id") or ACCOUNT)


def _armed(event: Json) -> str:
    command = event["command"]
    name = command["detector"]["name"]
    return f"armed {command['side'].lower()} {command['symbol']}, {name} decides when"


def _signal(event: Json) -> str:
    signal = event["signal"]
    entry, stop = fmt.figure(signal["entry_price"]), fmt.figure(signal["technical_stop"])
    return f"signal at {entry}, technical stop {stop}"


def _denied(event: Json) -> str:
    return f"entry denied, {event['code']}: {event['message']}"


def _entry_placed(event: Json) -> str:
    intent = event["intent"]
    risk = fmt.figure(event["risk_amount"], 2)
    return f"entry: {intent['side']} {fmt.figure(intent['quantity'])}, risking {risk}"


def _filled(event: Json) -> str:
    fill = event["fill"]
    return f"{fmt.figure(fill['quantity'])} at {fmt.figure(fill['price'])}"


def _entry_filled(event: Json) -> str:
    return f"entered {_filled(event)}, stop {fmt.figure(event['stop'])}"


def _trailed(event: Json) -> str:
    return f"stop {fmt.figure(event['stop'])}, best {fmt.figure(event['best'])}"


def _triggered(event: Json) -> str:
    price = event["price"]
    at = f" at {fmt.figure(price)}" if price else ""
    return f"exit: {fmt.words(event['reason'])}{at}, stop {fmt.figure(event['stop'])}"


def _exit_placed(event: Json) -> str:
    intent = event["intent"]
    return f"exit order: {intent['side']} {fmt.figure(intent['quantity'])}"


def _exit_filled(event: Json) -> str:
    return f"exited {_filled(event)}"


def _closed(event: Json) -> str:
    return f"closed: {fmt.words(event['reason'])}, PnL {fmt.gain(event['realized_pnl'])}"


def _rejected(event: Json) -> str:
    return f"order rejected by the venue, {event['code']}: {event['message']}"


def _in_doubt(event: Json) -> str:
    return f"order in doubt, asking the venue: {event['message'] or event['code']}"


def _resolved(event: Json) -> str:
    return f"order is {event['order_status'].lower()}: {event['evidence']}"


def _limits_set(event: Json) -> str:
    limits = event["limits"]
    return (
        f"risk limits: capital {fmt.figure(event['capital'], 2)}, "
        f"up to {limits['max_open_positions']} positions"
    )


def _stop_placed(event: Json) -> str:
    intent = event["intent"]
    return (
        f"stop order at the venue: {intent['side']} {fmt.figure(intent['quantity'])} at "
        f"{fmt.figure(intent['stop_price'])}"
    )


def _reduced(event: Json) -> str:
    by = "explained by trades" if event["is_explained"] else "not explained"
    return (
        f"the account holds {fmt.figure(event['quantity'])} less, at "
        f"{fmt.figure(event['price'])}, {by}: {event['evidence']}"
    )


def _guard_opened(event: Json) -> str:
    seen = "first seen" if event["is_estimated"] else "opened by you"
    return (
        f"guarded: {event['side'].lower()} {event['symbol']}, {fmt.figure(event['quantity'])} "
        f"{seen} at {fmt.figure(event['entry_price'])}, stop {fmt.figure(event['stop'])}"
    )


def _guard_followed(event: Json) -> str:
    return (
        f"guard follows: {fmt.figure(event['quantity'])} from "
        f"{fmt.figure(event['entry_price'])}, stop {fmt.figure(event['stop'])}"
    )


def _guard_breached(event: Json) -> str:
    return (
        f"safety stop {fmt.figure(event['stop'])} reached at {fmt.figure(event['price'])}; "
        "only observing, nothing sent"
    )


def _handed_over(event: Json) -> str:
    return (
        f"handed over to Robson: stop {fmt.figure(event['stop'])} trails "
        f"{fmt.figure(event['stop_distance'])} behind"
    )


def _cleared(event: Json) -> str:
    return f"you cleared the warning about {event['symbol'] or 'another Robson'}"


_TELLERS: Final[dict[str, Callable[[Json], str]]] = {
    "PositionArmed": _armed,
    "PositionDisarmed": lambda event: f"ended before entering: {fmt.words(event['reason'])}",
    "EntrySignalReceived": _signal,
    "EntryDenied": _denied,
    "EntryOrderPlaced": _entry_placed,
    "EntryFilled": _entry_filled,
    "TrailingStopUpdated": _trailed,
    "PositionCloseRequested": lambda event: f"to be closed: {fmt.words(event['reason'])}",
    "ExitTriggered": _triggered,
    "ExitOrderPlaced": _exit_placed,
    "ExitFilled": _exit_filled,
    "OrderRejected": _rejected,
    "OrderInDoubt": _in_doubt,
    "OrderResolved": _resolved,
    "PositionClosed": _closed,
    "PositionErrored": lambda event: f"needs a person: {event['problem']}",
    "RiskLimitsSet": _limits_set,
    "VenueStopPlaced": _stop_placed,
    "CancelRequested": lambda event: f"canceling stop order {event['client_order_id']}",
    "InterestAccrued": lambda event: f"interest so far: {fmt.figure(event['interest'])}",
    "RepayRequested": lambda event: f"repaying {fmt.figure(event['amount'])} {event['asset']}",
    "PositionReduced": _reduced,
    "GuardOpened": _guard_opened,
    "GuardFollowed": _guard_followed,
    "GuardBreached": _guard_breached,
    "GuardReleased": lambda event: f"guard ends, nothing sent: {fmt.words(event['why'])}",
    "GuardHandedOver": _handed_over,
    "GuardDebtSeen": lambda event: f"owed before: {fmt.figure(event['owed'])} {event['asset']}",
    "SafetyNetSet": lambda event: f"Safety Net: {event['mode']}",
    "PairRuleSet": lambda event: f"{event['symbol']}: {event['rule']} what you hold",
    "PairQuarantined": lambda event: f"{event['symbol']} quarantined: {event['problem']}",
    "AnotherRobsonSeen": lambda event: (
        f"another Robson: order {event['client_order_id']} on {event['symbol']}"
    ),
    "WarningCleared": _cleared,
}
