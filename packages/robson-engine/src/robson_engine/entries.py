"""From a signal to an entry order, or to a denial that says why not."""

from __future__ import annotations

from collections.abc import Iterable

from robson_domain import (
    AccountReported,
    CloseReason,
    Denial,
    DenialCode,
    DetectorSignal,
    EntryDenied,
    EntryOrderPlaced,
    EntrySignalReceived,
    GuardReleased,
    Intent,
    IntentId,
    IntentKind,
    PlaceEntryOrder,
    Position,
    PositionDisarmed,
    PositionStatus,
    QueryAccount,
    Symbol,
)
from robson_engine.entry_decision import ENTRY_CHECKS, EntryCase, EntryPlan, decide, distance_of
from robson_engine.exposure import exposure_of
from robson_engine.turn import Turn


def on_signal(turn: Turn, signal: DetectorSignal) -> None:
    """Take a detector's one signal and ask for a fresh account snapshot.

    A signal for a position that is not waiting changes nothing: the first result stands.
    """
    position = turn.find(signal.position_id)
    waits = position is not None and position.status is PositionStatus.ARMED
    if position is None or not waits or position.signal is not None:
        return
    if position.expires_at and turn.now >= position.expires_at:
        turn.emit(PositionDisarmed, position.position_id, reason=CloseReason.EXPIRED)
        return
    position = turn.emit(EntrySignalReceived, position.position_id, signal=signal)
    denial = _unfit(turn, position, signal)
    if denial is not None:
        deny(turn, position, denial)
        return
    turn.command(QueryAccount(symbol=position.symbol, position_id=position.position_id))


def _unfit(turn: Turn, position: Position, signal: DetectorSignal) -> Denial | None:
    distance = distance_of(signal)
    if isinstance(distance, Denial):
        return distance
    if (signal.symbol, signal.side) != (position.symbol, position.side):
        return Denial(
            DenialCode.SIGNAL_MISMATCH,
            f"the signal is for {signal.symbol} {signal.side.value}, "
            f"the position for {position.symbol} {position.side.value}",
        )
    if signal.signal_id in turn.state.spent_signals:
        return Denial(DenialCode.SIGNAL_ALREADY_USED, "an earlier position has used it")
    for other in turn.state.positions.values():
        known = other.signal is not None and other.signal.signal_id == signal.signal_id
        if known and other.position_id != position.position_id:
            return Denial(
                DenialCode.SIGNAL_ALREADY_USED, f"position {other.position_id} has used it"
            )
    return None


def deny(turn: Turn, position: Position, denial: Denial) -> None:
    """End an armed position without an order."""
    turn.emit(EntryDenied, position.position_id, code=denial.code.value, message=denial.message)


def deny_stale(turn: Turn, position: Position) -> None:
    """End a position whose entry could not be decided in time."""
    age = (turn.now - position.signal_at) // 1_000_000
    message = f"no account snapshot and market price within 2000 ms of the signal ({age} ms passed)"
    deny(turn, position, Denial(DenialCode.STALE_SIGNAL, message))


def decide_entry(turn: Turn, position: Position, entry: AccountReported) -> None:
    """Decide a waiting entry on a snapshot taken after its signal."""
    signal = position.signal
    assert signal is not None  # its distance was found good when it came
    others = [p for p in turn.current() if p.position_id != position.position_id]
    case = EntryCase(
        position=position,
        signal=signal,
        distance=signal.stop_distance.distance,
        snapshot=entry.snapshot,
        last_price=entry.last_price,
        exposure=exposure_of(turn.ledger, others),
        now=turn.now,
        pair_owned=is_taken(position.symbol, others),
    )
    verdict = decide(case)
    if isinstance(verdict, Denial):
        deny(turn, position, verdict)
    else:
        place_entry(turn, position, case, verdict)


def is_taken(symbol: Symbol, others: Iterable[Position]) -> bool:
    """Say whether another position owns the pair, or a guard is about to send there."""
    return any(
        p.symbol == symbol and (p.owns_pair or (p.is_guard and p.exit_reason is not None))
        for p in others
    )


def place_entry(turn: Turn, position: Position, case: EntryCase, plan: EntryPlan) -> None:
    """Log the approved entry and order it."""
    intent = Intent(
        intent_id=IntentId(case.signal.signal_id),
        position_id=position.position_id,
        kind=IntentKind.ENTRY,
        n=1,
        symbol=position.symbol,
        side=position.side.entry_side,
        quantity=plan.quantity,
        client_order_id=turn.state.config.order_id(position.position_id, IntentKind.ENTRY, 1),
        reason=f"signal {case.signal.signal_id}",
        ts_created=turn.now,
    )
    guard = turn.state.guard_of(position.symbol)
    if guard is not None:
        # From the durable intent on the pair is core's.
        turn.emit(GuardReleased, guard.position_id, why="core_opened")
    turn.emit(
        EntryOrderPlaced,
        position.position_id,
        intent=intent,
        stop_distance=case.distance,
        risk_amount=position.risk.risk_amount,
        fee_rate=case.snapshot.taker_fee_rate,
        commission_in_base=case.snapshot.commission_in_base,
        checks=(*ENTRY_CHECKS, *plan.approved.checks),
        borrows=case.snapshot.lends,
    )
    turn.command(PlaceEntryOrder(intent=intent))
