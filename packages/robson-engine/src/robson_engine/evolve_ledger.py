"""How events change the account-wide figures: the only code that does. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from robson_domain import (
    AnotherRobsonSeen,
    EntryOrderPlaced,
    Event,
    Ledger,
    PairQuarantined,
    PairRule,
    PairRuleSet,
    Position,
    PositionClosed,
    RiskLimitsSet,
    SafetyNetSet,
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
    said = _SAYS.get(type(event))
    if said is None:  # most events say nothing of the account
        return evolved(ledger, sequence=event.sequence)
    return evolved(ledger, sequence=event.sequence, **said(ledger, before, event))


def _entered(ledger: Ledger, _: Position | None, event: EntryOrderPlaced) -> dict[str, Any]:
    since = event.timestamp - ENTRY_WINDOW_NS
    recent = tuple(ts for ts in ledger.entries if ts > since)
    return {"entries": (*recent, event.timestamp)}


def _closed(ledger: Ledger, before: Position | None, event: PositionClosed) -> dict[str, Any]:
    if before is None or before.is_guard:
        return {}
    gain = event.realized_pnl - before.realized_pnl
    total = ledger.realized_total + gain
    return {
        "realized_total": total,
        "realized_today": ledger.realized_on(event.timestamp) + gain,
        "day": event.timestamp // DAY_NS,
        "peak_equity": max(ledger.peak_equity, ledger.capital + total),
    }


def _limited(ledger: Ledger, _: Position | None, event: RiskLimitsSet) -> dict[str, Any]:
    # What is put in or taken out is no gain and no drawdown: the peak moves along.
    peak = ledger.peak_equity + (event.capital - ledger.capital)
    equity = event.capital + ledger.realized_total
    return {"capital": event.capital, "limits": event.limits, "peak_equity": max(peak, equity)}


def _netted(_: Ledger, __: Position | None, event: SafetyNetSet) -> dict[str, Any]:
    return {"safety_net": event.mode}


def _ruled(ledger: Ledger, _: Position | None, event: PairRuleSet) -> dict[str, Any]:
    others = tuple(rule for rule in ledger.rules if rule[0] != event.symbol)
    # To watch is what is done with every pair nobody spoke of.
    mine = () if event.rule is PairRule.WATCH else ((event.symbol, event.rule),)
    return {"rules": (*others, *mine)}


def _quarantined(ledger: Ledger, _: Position | None, event: PairQuarantined) -> dict[str, Any]:
    others = tuple(pair for pair in ledger.quarantined if pair[0] != event.symbol)
    return {"quarantined": (*others, (event.symbol, event.problem))}


def _another(_: Ledger, __: Position | None, event: AnotherRobsonSeen) -> dict[str, Any]:
    return {"another_robson": event.client_order_id}


def _cleared(ledger: Ledger, _: Position | None, event: WarningCleared) -> dict[str, Any]:
    if event.symbol is None:
        return {"another_robson": ""}
    return {"quarantined": tuple(pair for pair in ledger.quarantined if pair[0] != event.symbol)}


_SAYS: Final[dict[type, Callable[[Ledger, Position | None, Any], dict[str, Any]]]] = {
    EntryOrderPlaced: _entered,
    PositionClosed: _closed,
    RiskLimitsSet: _limited,
    SafetyNetSet: _netted,
    PairRuleSet: _ruled,
    PairQuarantined: _quarantined,
    AnotherRobsonSeen: _another,
    WarningCleared: _cleared,
}
"""What an event says of the account, as fields of the ledger."""
