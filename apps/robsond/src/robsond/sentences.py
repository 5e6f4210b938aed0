"""Events in plain words: one sentence each, with the figures that mattered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from robson_domain import (
    CloseReason,
    EntryDenied,
    EntryFilled,
    EntryOrderPlaced,
    EntrySignalReceived,
    Event,
    ExitFilled,
    ExitOrderPlaced,
    ExitTriggered,
    OrderInDoubt,
    OrderRejected,
    OrderResolved,
    PositionArmed,
    PositionClosed,
    PositionCloseRequested,
    PositionDisarmed,
    PositionErrored,
    RiskLimitsSet,
    TrailingStopUpdated,
    decimals,
)
from robsond.safety_sentences import SAFETY_SENTENCES

PLANNED: Final = "plan-"
"""How the ids of positions begin that the daemon's own plan armed."""

REASONS: Final[Mapping[CloseReason, str]] = {
    CloseReason.TRAILING_STOP: "the price reached the trailing stop",
    CloseReason.CROSSED_IN_GAP: "the price had crossed the stop while Robson was not watching",
    CloseReason.CLOSE: "you asked for it",
    CloseReason.PANIC: "you pressed panic",
    CloseReason.END_OF_DATA: "the recording ended",
    CloseReason.DISARMED: "you took it back",
    CloseReason.EXPIRED: "its time was over",
    CloseReason.DENIED: "the entry was denied",
    CloseReason.NOT_ENTERED: "the entry was not filled",
    CloseReason.LATE_FILL: "a fill came after the end",
    CloseReason.CLOSED_OUTSIDE: "the venue shows that it was closed elsewhere",
    CloseReason.ACKNOWLEDGED: "you acknowledged the error",
    CloseReason.DISASTER_STOP: "the stop order that rested at the venue was executed",
    CloseReason.SAFETY_STOP: "the price reached the safety stop",
    CloseReason.RELEASED: "there was nothing left to guard",
}


def _side(word: str) -> str:
    return "long" if word == "LONG" else "short"


def _armed(event: PositionArmed) -> str:
    command = event.command
    params = ", ".join(f"{name} {value}" for name, value in command.detector.params)
    named = f" ({params})" if params else ""
    who = "The plan" if event.position_id.startswith(PLANNED) else "You"
    return (
        f"{who} armed a {_side(command.side.value)} on {command.symbol}: detector "
        f"{command.detector.name}{named} may enter once and risk "
        f"{command.risk.risk_amount} {command.symbol.quote}, "
        f"{decimals.text(command.risk.risk_percent)} % of {command.risk.capital}."
    )


def _disarmed(event: PositionDisarmed) -> str:
    return f"Disarmed without having entered, because {REASONS[event.reason]}."


def _signal(event: EntrySignalReceived) -> str:
    signal = event.signal
    return (
        f"The detector gave its signal at {signal.entry_price} with the stop at "
        f"{signal.technical_stop}; a fresh look at the account was asked for before deciding."
    )


def _denied(event: EntryDenied) -> str:
    return f"The entry was denied before anything was sent ({event.code}): {event.message}."


def _entry_placed(event: EntryOrderPlaced) -> str:
    intent = event.intent
    return (
        f"Entry decided: {intent.side.value.lower()} {intent.quantity} {intent.symbol.base}, so "
        f"that a stop {event.stop_distance} away loses at most {event.risk_amount} "
        f"{intent.symbol.quote} with commissions; {len(event.checks)} checks passed."
    )


def _entry_filled(event: EntryFilled) -> str:
    return (
        f"The entry was filled: {event.fill.quantity} at {event.fill.price}; {event.open_qty} is "
        f"open now, guarded by a stop at {event.stop}."
    )


def _stop_moved(event: TrailingStopUpdated) -> str:
    return (
        f"The price went as far as {event.best}, so the stop followed from "
        f"{event.previous_stop} to {event.stop}."
    )


def _close_requested(event: PositionCloseRequested) -> str:
    return (
        f"It will be closed with its first fill, because {REASONS[event.reason]} while the entry "
        "was still unfilled."
    )


def _exit_triggered(event: ExitTriggered) -> str:
    figures = f" at {event.price}" if event.price is not None else ""
    stop = f"; the stop stood at {event.stop}" if event.stop is not None else ""
    return f"The exit was triggered{figures}, because {REASONS[event.reason]}{stop}."


def _exit_placed(event: ExitOrderPlaced) -> str:
    intent = event.intent
    which = "Exit" if intent.n == 1 else f"Exit number {intent.n}"
    return f"{which} decided: {intent.side.value.lower()} {intent.quantity} {intent.symbol.base}."


def _exit_filled(event: ExitFilled) -> str:
    return (
        f"The exit was filled: {event.fill.quantity} at {event.fill.price}; "
        f"{event.open_qty} is left open."
    )


def _rejected(event: OrderRejected) -> str:
    again = "; it is tried again" if event.retry_at else ""
    return (
        f"The venue refused order {event.client_order_id} ({event.code}: {event.message}){again}."
    )


def _in_doubt(event: OrderInDoubt) -> str:
    return (
        f"Nobody knows what became of order {event.client_order_id} ({event.code}); it is asked "
        "for and never sent again."
    )


def _resolved(event: OrderResolved) -> str:
    return (
        f"The last word on order {event.client_order_id}: {event.order_status.value.lower()}, "
        f"{event.filled_qty} filled ({event.evidence})."
    )


def _closed(event: PositionClosed) -> str:
    rest = f"; {decimals.text(event.dust)} was too small to trade" if event.dust else ""
    if event.interest:
        rest += f"; {decimals.text(event.interest)} of interest was charged in the borrowed asset"
    if event.debt:
        rest += f"; {decimals.text(event.debt)} is still owed to the venue"
    return f"Closed, because {REASONS[event.reason]}: {event.realized_pnl} after commissions{rest}."


def _errored(event: PositionErrored) -> str:
    return f"A person is needed: {event.problem}. What is open keeps its stop."


def _limits_set(event: RiskLimitsSet) -> str:
    limits = event.limits
    return (
        f"From here on the risk capital is {event.capital}: at most {limits.max_open_positions} "
        f"positions at once, {_percent(limits.total_risk_fraction)} of it at risk in all, "
        f"{_percent(limits.daily_loss_fraction)} lost on a day, "
        f"{_percent(limits.drawdown_fraction)} below the peak, "
        f"{decimals.text(limits.notional_multiple)} times it in value, "
        f"{limits.entries_per_minute} entries a minute{_narrower(event)}."
    )


def _percent(share: Decimal) -> str:
    return f"{decimals.text(decimals.mul(share, Decimal(100)))} %"


def _narrower(event: RiskLimitsSet) -> str:
    limits, parts = event.limits, ""
    if limits.max_position_size_usd is not None:
        parts += f"; one position up to {decimals.text(limits.max_position_size_usd)}"
    if limits.max_budget_per_symbol_pct is not None:
        parts += f"; one pair up to {decimals.text(limits.max_budget_per_symbol_pct)} % of it"
    if limits.disaster_stop is not None:
        parts += f"; a stop at the venue {_percent(limits.disaster_stop)} beyond each trailing stop"
    if limits.symbols_allowed is not None:
        parts += f"; only {', '.join(limits.symbols_allowed) or 'no pair'}"
    return parts


SENTENCES: Final[Mapping[type, Callable[[Any], str]]] = {
    PositionArmed: _armed,
    PositionDisarmed: _disarmed,
    EntrySignalReceived: _signal,
    EntryDenied: _denied,
    EntryOrderPlaced: _entry_placed,
    EntryFilled: _entry_filled,
    TrailingStopUpdated: _stop_moved,
    PositionCloseRequested: _close_requested,
    ExitTriggered: _exit_triggered,
    ExitOrderPlaced: _exit_placed,
    ExitFilled: _exit_filled,
    OrderRejected: _rejected,
    OrderInDoubt: _in_doubt,
    OrderResolved: _resolved,
    PositionClosed: _closed,
    PositionErrored: _errored,
    RiskLimitsSet: _limits_set,
    **SAFETY_SENTENCES,
}
"""One for every kind of event; a test holds it complete."""


def sentence(event: Event) -> str:
    """Return what happened, in one sentence."""
    return SENTENCES[type(event)](event)
