"""Events of protection in plain words: stops at the venue, debt, guards, the account's warnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from robson_domain import (
    AnotherRobsonSeen,
    CancelRequested,
    GuardBreached,
    GuardDebtSeen,
    GuardFollowed,
    GuardHandedOver,
    GuardOpened,
    GuardReleased,
    InterestAccrued,
    PairQuarantined,
    PairRule,
    PairRuleSet,
    PositionReduced,
    RepayRequested,
    SafetyNetMode,
    SafetyNetSet,
    VenueStopPlaced,
    WarningCleared,
    decimals,
)

RELEASES: Final[Mapping[str, str]] = {
    "gone": "nothing of yours is left to guard on the pair",
    "turned": "your position turned to the other side",
    "core_opened": "Robson itself enters the pair",
    "core_managed": "Robson itself holds a position on the pair",
    "ignored": "you said to leave the pair alone",
    "own_stop": "a stop order of your own covers it",
    "observing": "you said to observe only",
}


def _stop_placed(event: VenueStopPlaced) -> str:
    intent = event.intent
    which = "A stop order" if intent.n == 1 else f"Stop order number {intent.n}"
    return (
        f"{which} is to rest at the venue: {intent.side.value.lower()} {intent.quantity} "
        f"{intent.symbol.base} once the price reaches {intent.stop_price}, should Robson not be "
        "there to exit before."
    )


def _cancel_requested(event: CancelRequested) -> str:
    return (
        f"The venue is asked to take back stop order {event.client_order_id}; nothing else is sent "
        "for its quantity before it has ended."
    )


def _interest(event: InterestAccrued) -> str:
    return (
        f"The venue has charged {decimals.text(event.interest)} of interest so far, in the "
        "borrowed asset."
    )


def _repay(event: RepayRequested) -> str:
    again = f" (repayment number {event.n})" if event.n > 1 else ""
    return (
        f"Flat, but still owing: {decimals.text(event.amount)} {event.asset} is paid back{again}."
    )


def _reduced(event: PositionReduced) -> str:
    why = "trades of the account explain it" if event.is_explained else "nothing explains it"
    return (
        f"The account holds {event.quantity} less of it than the log, taken off at {event.price}: "
        f"{why} ({event.evidence})."
    )


def _guard_opened(event: GuardOpened) -> str:
    side = "long" if event.side.value == "LONG" else "short"
    price = "first seen" if event.is_estimated else "opened"
    return (
        f"Your {side} of {event.quantity} {event.symbol.base} on {event.symbol}, {price} at "
        f"{event.entry_price}, is guarded from now on by a fixed stop at {event.stop}."
    )


def _guard_followed(event: GuardFollowed) -> str:
    seen = "the price it was seen at, " if event.is_estimated else ""
    return (
        f"You changed the position: {event.quantity} is guarded now, counted from {seen}"
        f"{event.entry_price}, with the stop at {event.stop}."
    )


def _guard_breached(event: GuardBreached) -> str:
    return (
        f"The price {event.price} reached the safety stop at {event.stop}. The Safety Net only "
        "observes, so nothing was sent."
    )


def _guard_released(event: GuardReleased) -> str:
    why = RELEASES.get(event.why, event.why.replace("_", " "))
    return f"Not guarded any more, and nothing was sent, because {why}."


def _handed_over(event: GuardHandedOver) -> str:
    return (
        f"You handed it over to Robson: from now on its stop trails {event.stop_distance} behind "
        f"the best price, beginning at {event.stop} with the best at {event.best}."
    )


def _debt_seen(event: GuardDebtSeen) -> str:
    return (
        f"Before its exit the pair owes {decimals.text(event.owed)} {event.asset}, which the venue "
        "is to repay out of it."
    )


def _net_set(event: SafetyNetSet) -> str:
    if event.mode is SafetyNetMode.ACT:
        return (
            "From here on the Safety Net acts: what you opened by hand is closed at market once it "
            "reaches its stop."
        )
    return "From here on the Safety Net observes: it shows what it would guard and sends nothing."


_RULES: Final[Mapping[PairRule, str]] = {
    PairRule.WATCH: "what trades explain of your holding is guarded, the rest is collateral",
    PairRule.ADOPT: "your collateral is guarded too, from the price it has now, until the pair is "
    "flat",
    PairRule.IGNORE: "your holding is left alone",
}


def _rule_set(event: PairRuleSet) -> str:
    return f"From here on, on {event.symbol}: {_RULES[event.rule]}."


def _quarantined(event: PairQuarantined) -> str:
    return (
        f"{event.symbol} needs you to look at it: {event.problem}. Nothing is entered there until "
        "you clear it."
    )


def _another_robson(event: AnotherRobsonSeen) -> str:
    return (
        f"Order {event.client_order_id} on {event.symbol} is a Robson's and not in this log: "
        "another one trades on this account. Nothing is entered anywhere until you clear it."
    )


def _cleared(event: WarningCleared) -> str:
    if event.symbol is None:
        return "You cleared the warning about another Robson."
    return f"You cleared the warning about {event.symbol}; it may be entered again."


SAFETY_SENTENCES: Final[Mapping[type, Callable[[Any], str]]] = {
    VenueStopPlaced: _stop_placed,
    CancelRequested: _cancel_requested,
    InterestAccrued: _interest,
    RepayRequested: _repay,
    PositionReduced: _reduced,
    GuardOpened: _guard_opened,
    GuardFollowed: _guard_followed,
    GuardBreached: _guard_breached,
    GuardReleased: _guard_released,
    GuardHandedOver: _handed_over,
    GuardDebtSeen: _debt_seen,
    SafetyNetSet: _net_set,
    PairRuleSet: _rule_set,
    PairQuarantined: _quarantined,
    AnotherRobsonSeen: _another_robson,
    WarningCleared: _cleared,
}
"""One for every kind of event of protection."""
