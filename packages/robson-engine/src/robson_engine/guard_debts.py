"""What the pair owes around the exit of a guard: whether the venue repaid out of it, or it is said.

The person borrowed, not Robson. But the exit of a guard asks the venue to repay out of what it
brings, and the venue may fail to without a word. So what is owed is noted right before the exit
and asked for after it; what the venue should have repaid and did not is paid back, and no more.

Invariants:
    1. What is paid back is never more than the exit brought, nor more than lies free, nor any debt
       that would be left had the venue repaid out of the exit.
    2. A guard never waits for this for ever: it ends, and what is left is told to the person.
"""

from __future__ import annotations

from decimal import Decimal

from robson_domain import (
    CloseReason,
    DebtReported,
    DebtUnknown,
    GuardDebtSeen,
    PairQuarantined,
    Position,
    PositionStatus,
    Side,
    Symbol,
    decimals,
)
from robson_engine import exits, settling
from robson_engine.config import REPAYS_MAX
from robson_engine.turn import Turn


def on_debt(turn: Turn, guard: Position, entry: DebtReported) -> None:
    """Note what is owed before the exit; after it end the guard, or pay back what was not."""
    if not _is_leaving(guard):
        return
    if settling.is_flat(guard):
        _settle(turn, guard, entry)
    elif not guard.exits and entry.amount != guard.debt:
        turn.emit(GuardDebtSeen, guard.position_id, asset=entry.asset, owed=entry.amount)


def on_unknown(turn: Turn, entry: DebtUnknown) -> None:
    """End a guard of whose debt nobody knows, and say so."""
    guard = turn.find(entry.position_id)
    if guard is None or not guard.is_guard or not _is_leaving(guard):
        return
    if settling.is_flat(guard):
        problem = (
            f"{guard.position_id} closed what you held there, and nobody knows whether the "
            f"exchange repaid your {_asset(guard)} debt out of it ({entry.problem}); look at the "
            f"debt of {guard.symbol} at the exchange and repay what is left"
        )
        _end(turn, guard, decimals.ZERO, problem)


def quarantine(turn: Turn, symbol: Symbol, problem: str) -> None:
    """Say what is wrong on a pair, unless that is what was said of it last."""
    if dict(turn.ledger.quarantined).get(symbol) != problem:
        turn.log(PairQuarantined, symbol=symbol, problem=problem)


def _is_leaving(guard: Position) -> bool:
    return guard.status is PositionStatus.EXITING and not guard.is_unresolved


def _settle(turn: Turn, guard: Position, entry: DebtReported) -> None:
    unpaid = _unpaid(guard, entry)
    if settling.is_small(guard, unpaid):
        # What is owed beyond it is the person's own, of what the exit could not pay.
        _end(turn, guard, entry.amount, "")
        return
    pays = settling.payable(unpaid, entry.free)
    if not pays or guard.repays >= REPAYS_MAX:
        _end(turn, guard, entry.amount, _unpaid_text(guard, entry, unpaid))
    elif exits.is_due(guard, turn.now):
        settling.repay(turn, guard, entry, pays)


def _unpaid(guard: Position, entry: DebtReported) -> Decimal:
    """Return what the venue should have repaid out of the exit and did not."""
    if guard.side is Side.LONG:
        brought = decimals.sub(guard.exit_value.value, guard.fees_quote.value)
    else:
        brought = decimals.sub(guard.exit_qty.value, guard.fees_base.value)
    left = max(decimals.sub(guard.debt, brought), decimals.ZERO)
    return max(min(decimals.sub(entry.amount, left), brought), decimals.ZERO)


def _asset(guard: Position) -> str:
    return guard.symbol.quote if guard.side is Side.LONG else guard.symbol.base


def _unpaid_text(guard: Position, entry: DebtReported, unpaid: Decimal) -> str:
    owed = f"{decimals.text(entry.amount)} {entry.asset}"
    return (
        f"{guard.position_id} closed what you held there, but the exchange did not repay "
        f"{decimals.text(unpaid)} {entry.asset} out of it: {owed} is still owed and costs "
        f"interest; repay it at the exchange (margin account of {guard.symbol}, {entry.asset})"
    )


def _end(turn: Turn, guard: Position, debt: Decimal, problem: str) -> None:
    reason = guard.exit_reason or CloseReason.SAFETY_STOP
    exits.close_flat(turn, guard, reason, debt)
    if problem:
        quarantine(turn, guard.symbol, problem)
