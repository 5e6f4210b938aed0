"""How events change the account-wide figures: the only code that does. Pure."""

from __future__ import annotations

from typing import Any, Final

from robson_domain import (
    AnotherRobsonSeen,
    EntryOrderPlaced,
    Event,
    Ledger,
    Money,
    PairQuarantined,
    PairRule,
    PairRuleSet,
    Position,
    PositionClosed,
    RiskLimitsSet,
    SafetyNetSet,
    TrailingStopUpdated,
    WarningCleared,
)
from robson_domain.copying import evolved
from robson_domain.ledger import DAY_NS

ENTRY_WINDOW_NS: Final = 60_000_000_000


def evolve_ledger(ledger: Ledger, before: Position | None, event: Event) -> Ledger:
    """Return the ledger after ``event``.

    Args:
        before: Its position before it; None for one that begins and for events of the account.
    """
    match event:
        case TrailingStopUpdated():
            # Asked first: by far the most frequent event, and it says nothing of the account.
            return evolved(ledger, sequence=event.sequence)
        case EntryOrderPlaced():
            since = event.timestamp - ENTRY_WINDOW_NS
            recent = tuple(ts for ts in ledger.entries if ts > since)
            return evolved(ledger, entries=(*recent, event.timestamp), sequence=event.sequence)
        case PositionClosed() if before is not None and not before.is_guard:
            gain = event.realized_pnl - before.realized_pnl
            return _realized(ledger, gain, event)
        case RiskLimitsSet():
            return _limited(ledger, event)
        case _:
            return evolved(ledger, sequence=event.sequence, **_said(ledger, event))


def _said(ledger: Ledger, event: Event) -> dict[str, Any]:
    """Return what an event says of the Safety Net and of contradictions."""
    match event:
        case SafetyNetSet():
            return {"safety_net": event.mode}
        case PairRuleSet():
            others = tuple(rule for rule in ledger.rules if rule[0] != event.symbol)
            # To watch is what is done with every pair nobody spoke of.
            mine = () if event.rule is PairRule.WATCH else ((event.symbol, event.rule),)
            return {"rules": (*others, *mine)}
        case PairQuarantined():
            others_ = tuple(pair for pair in ledger.quarantined if pair[0] != event.symbol)
            return {"quarantined": (*others_, (event.symbol, event.problem))}
        case AnotherRobsonSeen():
            return {"another_robson": event.client_order_id}
        case WarningCleared(symbol=None):
            return {"another_robson": ""}
        case WarningCleared():
            kept = tuple(pair for pair in ledger.quarantined if pair[0] != event.symbol)
            return {"quarantined": kept}
        case _:
            return {}


def _limited(ledger: Ledger, event: RiskLimitsSet) -> Ledger:
    # What is put in or taken out is no gain and no drawdown: the peak moves along.
    after = evolved(ledger, capital=event.capital, limits=event.limits, sequence=event.sequence)
    peak = ledger.peak_equity + (event.capital - ledger.capital)
    return evolved(after, peak_equity=max(peak, after.equity))


def _realized(ledger: Ledger, gain: Money, event: PositionClosed) -> Ledger:
    total = ledger.realized_total + gain
    equity = ledger.capital + total
    return evolved(
        ledger,
        realized_total=total,
        realized_today=ledger.realized_on(event.timestamp) + gain,
        day=event.timestamp // DAY_NS,
        peak_equity=max(ledger.peak_equity, equity),
        sequence=event.sequence,
    )
