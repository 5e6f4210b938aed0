"""What the person can ask for; every command is answered once its effect is durable.

What the settings say at a start comes the same way, but nobody waits for an answer.
"""

from __future__ import annotations

from robson_domain import (
    AcknowledgeError,
    ArmPosition,
    ClearWarning,
    ClosePosition,
    CloseReason,
    DisarmPosition,
    GuardReleased,
    PairRule,
    PairRuleSet,
    Panic,
    Position,
    PositionArmed,
    PositionCloseRequested,
    PositionDisarmed,
    PositionId,
    PositionStatus,
    Reply,
    RiskLimitsSet,
    SafetyNetSet,
    SetPairRule,
    SetRiskLimits,
    SetSafetyNet,
    WarningCleared,
)
from robson_engine import exits
from robson_engine.quantities import exit_quantity
from robson_engine.turn import Turn

NOT_FOUND = "NOT_FOUND"
ALREADY_ENTERING = "ALREADY_ENTERING"
ALREADY_CLOSED = "ALREADY_CLOSED"
IS_GUARD = "IS_GUARD"
NOTHING_TO_CLEAR = "NOTHING_TO_CLEAR"
NOT_IN_ERROR = "NOT_IN_ERROR"
STILL_OPEN = "STILL_OPEN"
TOO_MANY_ARMED = "TOO_MANY_ARMED"
ARMED_MAX = 500
"""Each is shown every price; many thousand of them would delay the stops of the others."""


def arm(turn: Turn, entry: ArmPosition) -> None:
    """Arm a position; arming the same id again returns the one there is."""
    key = entry.position_id
    if turn.find(key) is None and key not in turn.state.spent_positions:
        armed = sum(p.status is PositionStatus.ARMED for p in turn.state.live.values())
        if armed >= ARMED_MAX:
            message = f"{armed} positions are armed, which is the most; disarm some first"
            _refuse(turn, entry.command_id, TOO_MANY_ARMED, message)
            return
        turn.emit(PositionArmed, key, command=entry)
    turn.command(Reply(command_id=entry.command_id, positions=(entry.position_id,)))


def _refuse(turn: Turn, command_id: str, code: str, message: str) -> None:
    turn.command(Reply(command_id=command_id, code=code, message=message))


def _known(turn: Turn, command_id: str, key: PositionId) -> Position | None:
    position = turn.find(key)
    if position is None:
        _refuse(turn, command_id, NOT_FOUND, f"there is no position {key}")
    return position


def _own(turn: Turn, command_id: str, key: PositionId) -> Position | None:
    position = _known(turn, command_id, key)
    if position is not None and position.is_guard:
        message = (
            f"{key} guards what you opened by hand; close that at the venue, "
            "or hand it over to Robson first"
        )
        _refuse(turn, command_id, IS_GUARD, message)
        return None
    return position


def disarm(turn: Turn, entry: DisarmPosition) -> None:
    """Take an armed position back; later than that is refused, closing is another command."""
    position = _own(turn, entry.command_id, entry.position_id)
    if position is None:
        return
    if position.status is PositionStatus.CLOSED:
        reason = position.close_reason.value if position.close_reason else "closed"
        message = f"position {entry.position_id} has ended already ({reason})"
        _refuse(turn, entry.command_id, ALREADY_CLOSED, message)
    elif position.status is not PositionStatus.ARMED:
        message = f"position {entry.position_id} is {position.status.value}; use close instead"
        _refuse(turn, entry.command_id, ALREADY_ENTERING, message)
    else:
        turn.emit(PositionDisarmed, entry.position_id, reason=CloseReason.DISARMED)
        turn.command(Reply(command_id=entry.command_id, positions=(entry.position_id,)))


def close(turn: Turn, entry: ClosePosition) -> None:
    """Close a position now, or as soon as its first fill is known."""
    position = _own(turn, entry.command_id, entry.position_id)
    if position is None:
        return
    if position.status is PositionStatus.CLOSED:
        message = f"position {entry.position_id} is closed already"
        _refuse(turn, entry.command_id, ALREADY_CLOSED, message)
        return
    end(turn, position, entry.reason)
    turn.command(Reply(command_id=entry.command_id, positions=(entry.position_id,)))


def end(turn: Turn, position: Position, reason: CloseReason) -> None:
    """Bring one position to its end by the shortest way its status allows."""
    key = position.position_id
    if position.status is PositionStatus.ARMED:
        turn.emit(PositionDisarmed, key, reason=reason)
    elif position.status is PositionStatus.ENTERING:
        if position.close_requested is None:
            turn.emit(PositionCloseRequested, key, reason=reason)
    elif position.exit_reason is None and position.open_qty:
        exits.trigger_exit(turn, position, reason, None)


def panic(turn: Turn, entry: Panic) -> None:
    """End everything Robson opened; what the person opened stays theirs, and guarded."""
    live = [position for position in turn.current() if not position.is_guard]
    for position in live:
        end(turn, position, CloseReason.PANIC)
    touched = tuple(position.position_id for position in live)
    turn.command(Reply(command_id=entry.command_id, positions=touched))


def acknowledge(turn: Turn, entry: AcknowledgeError) -> None:
    """Let a position in Error go once it is flat and settled."""
    position = _known(turn, entry.command_id, entry.position_id)
    if position is None:
        return
    if position.status is not PositionStatus.ERROR:
        message = f"position {entry.position_id} is {position.status.value}, not in Error"
        _refuse(turn, entry.command_id, NOT_IN_ERROR, message)
    elif position.is_unresolved or _is_tradable(position):
        message = f"position {entry.position_id} still has an open quantity or order; close it"
        _refuse(turn, entry.command_id, STILL_OPEN, message)
    else:
        exits.close_flat(turn, position, CloseReason.ACKNOWLEDGED)
        turn.command(Reply(command_id=entry.command_id, positions=(entry.position_id,)))


def set_limits(turn: Turn, entry: SetRiskLimits) -> None:
    """Log what the account may risk, when the log does not say so already."""
    ledger = turn.ledger
    is_said = ledger.sequence > 0 and (entry.capital, entry.limits) == (
        ledger.capital,
        ledger.limits,
    )
    if not is_said:
        turn.log(RiskLimitsSet, capital=entry.capital, limits=entry.limits)


def set_safety_net(turn: Turn, entry: SetSafetyNet) -> None:
    """Log what the Safety Net may do, when that is new."""
    if entry.mode is not turn.ledger.safety_net:
        turn.log(SafetyNetSet, mode=entry.mode)
    turn.command(Reply(command_id=entry.command_id))


def set_rule(turn: Turn, entry: SetPairRule) -> None:
    """Log what is to be done with what the person holds on a pair; ignoring ends its guard."""
    if entry.rule is not turn.ledger.rule_of(entry.symbol):
        turn.log(PairRuleSet, symbol=entry.symbol, rule=entry.rule)
    guard = turn.state.guard_of(entry.symbol)
    if entry.rule is PairRule.IGNORE and guard is not None and guard.exit_reason is None:
        turn.emit(GuardReleased, guard.position_id, why="ignored")
    turn.command(Reply(command_id=entry.command_id))


def clear_warning(turn: Turn, entry: ClearWarning) -> None:
    """Let entries go on after the person has looked at what was wrong."""
    ledger = turn.ledger
    there = entry.symbol in dict(ledger.quarantined) if entry.symbol else ledger.another_robson
    if not there:
        what = f"{entry.symbol} is not quarantined" if entry.symbol else "no other Robson was seen"
        _refuse(turn, entry.command_id, NOTHING_TO_CLEAR, what)
        return
    turn.log(WarningCleared, symbol=entry.symbol)
    turn.command(Reply(command_id=entry.command_id))


def _is_tradable(position: Position) -> bool:
    price = position.stop or position.average_entry_price
    if price is None or not position.open_qty:
        return False
    return position.instrument.is_tradable(exit_quantity(position), price)
