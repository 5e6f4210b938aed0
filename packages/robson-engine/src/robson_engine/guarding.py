"""Guards of what the person opened by hand: opened, following, hit, released, handed over.

What of a pair is the person's, and whether core has a say in it, was asked before it comes in
here; what may be done about it is decided here.

Invariants:
    1. A guard sends nothing unless acting was confirmed, and then only for what a fresh answer to
       its own question shows to be the person's, and never more than it guarded.
    2. There is at most one guard a pair; core's entry ends it in the same step.
"""

from __future__ import annotations

from typing import Final

from robson_domain import (
    ZERO_QUANTITY,
    CloseReason,
    ExternalSeen,
    GuardBreached,
    GuardFollowed,
    GuardHandedOver,
    GuardOpened,
    GuardReleased,
    HandOver,
    Position,
    PositionId,
    Price,
    PriceDelta,
    Quantity,
    Reply,
    SafetyNetMode,
    decimals,
)
from robson_engine import exits
from robson_engine.protection import External, Guard, follow
from robson_engine.turn import Turn

NO_GUARD: Final = "NO_GUARD"
ENDING: Final = frozenset({"core_managed", "ignored"})
"""Reasons for which a guard ends. Others (doubt, core closed just now) leave it as it is: its stop
stays where it is, and it sends nothing while they last."""


def on_external(turn: Turn, seen: ExternalSeen) -> None:
    """Open, follow or end the guard of a pair; or answer a guard that is about to send."""
    if seen.guard:
        _answer(turn, seen)
        return
    guard = turn.state.guard_of(seen.symbol)
    if guard is not None and guard.exit_reason is not None:
        return  # it asks for itself
    if seen.excluded:
        if guard is not None and seen.excluded in ENDING:
            _release(turn, guard, seen.excluded)
    elif seen.side is None or not seen.quantity:
        if guard is not None:
            _release(turn, guard, "own_stop" if seen.own_stop else "gone")
    elif guard is None:
        _open(turn, seen)
    elif guard.side is not seen.side:
        _release(turn, guard, "turned")
        _open(turn, seen)
    else:
        _follow(turn, guard, seen)


def hit(turn: Turn, guard: Position, price: Price) -> None:
    """A price is at the stop of a guard or beyond it."""
    stop = guard.stop
    assert stop is not None  # who is in the index has one
    if turn.ledger.safety_net is SafetyNetMode.ACT:
        exits.trigger_exit(turn, guard, CloseReason.SAFETY_STOP, price)
    else:
        turn.emit(GuardBreached, guard.position_id, price=price, stop=stop)


def hand_over(turn: Turn, entry: HandOver) -> None:
    """Make a guarded position core's: its stop trails from where it stands."""
    guard = turn.state.guard_of(entry.symbol)
    if guard is None or guard.exit_reason is not None or guard.stop is None:
        message = f"nothing of yours is guarded on {entry.symbol}, or it is being closed"
        turn.command(Reply(command_id=entry.command_id, code=NO_GUARD, message=message))
        return
    distance = entry.stop_distance or _distance_of(guard, guard.stop)
    turn.emit(
        GuardHandedOver,
        guard.position_id,
        stop_distance=distance,
        # The stop stands where it stood; from there it follows every better price.
        best=guard.stop.plus(distance) if guard.side.sign > 0 else guard.stop.minus(distance),
        stop=guard.stop,
    )
    turn.command(Reply(command_id=entry.command_id, positions=(guard.position_id,)))


def _distance_of(guard: Position, stop: Price) -> PriceDelta:
    entry = guard.average_entry_price or stop
    return PriceDelta(decimals.absolute((entry - stop).value))


def _release(turn: Turn, guard: Position, why: str) -> None:
    turn.emit(GuardReleased, guard.position_id, why=why)


def _external(seen: ExternalSeen, *, is_anew: bool = False) -> External:
    entry = None if is_anew else seen.entry_price
    return External(symbol=seen.symbol, side=seen.side, quantity=seen.quantity, entry_price=entry)


def _open(turn: Turn, seen: ExternalSeen) -> None:
    guard = follow(None, _external(seen), seen.instrument, seen.price, turn.now)
    assert guard is not None  # there is a side
    index = turn.state.index_of(seen.symbol)
    turn.emit(
        GuardOpened,
        PositionId(f"guard-{seen.symbol.lower()}-{turn.ledger.sequence + 1}"),
        symbol=seen.symbol,
        side=guard.side,
        instrument=seen.instrument,
        quantity=guard.quantity,
        entry_price=guard.entry_price,
        is_estimated=guard.is_estimated,
        stop=guard.stop,
        # Trades shown before are none of it.
        mark=index.mark,
    )


def _follow(turn: Turn, guard: Position, seen: ExternalSeen) -> None:
    acts = turn.ledger.safety_net is SafetyNetMode.ACT
    if guard.breached_at and not acts:
        return  # passed, and nothing may be done about it
    is_anew = bool(guard.breached_at)
    before = None if is_anew else _guard_of(guard)
    external = _external(seen, is_anew=is_anew)
    after = follow(before, external, seen.instrument, seen.price, turn.now)
    if after is None or after == before:
        return
    turn.emit(
        GuardFollowed,
        guard.position_id,
        quantity=after.quantity,
        entry_price=after.entry_price,
        is_estimated=after.is_estimated,
        stop=after.stop,
    )


def _guard_of(position: Position) -> Guard:
    entry, stop = position.average_entry_price, position.stop
    assert entry is not None  # a guard is opened with both
    assert stop is not None
    return Guard(
        symbol=position.symbol,
        side=position.side,
        quantity=position.open_qty,
        entry_price=entry,
        is_estimated=position.is_estimated,
        stop=stop,
        since=position.armed_at,
    )


def _answer(turn: Turn, seen: ExternalSeen) -> None:
    """Send the exit of a guard for what a fresh look shows, or end it, or wait to ask again."""
    guard = turn.find(seen.guard)
    if guard is None or not guard.is_guard or guard.is_closed or guard.exit_reason is None:
        return
    if guard.is_unresolved or not exits.is_due(guard, turn.now):
        return
    if turn.ledger.safety_net is not SafetyNetMode.ACT:
        _release(turn, guard, "observing")  # the next look begins anew, and only shows it
        return
    if seen.excluded:
        if seen.excluded in ENDING:
            _release(turn, guard, seen.excluded)
        return
    if seen.side is not guard.side:
        _finish(turn, guard, "own_stop" if seen.own_stop else "gone")
        return
    _send(turn, guard, seen)


def _send(turn: Turn, guard: Position, seen: ExternalSeen) -> None:
    quantity = guard.instrument.round_qty_down(min(guard.open_qty, seen.quantity).value)
    if not guard.instrument.is_tradable(quantity, seen.price):
        _finish(turn, guard, "gone")
        return
    guard = _shrunk(turn, guard, quantity)
    exits.place_exit(turn, guard, quantity)


def _finish(turn: Turn, guard: Position, why: str) -> None:
    """Nothing is left to close: the end, but for the debt that an exit was to repay."""
    if guard.exit_qty and guard.debt:
        exits.settle(turn, _shrunk(turn, guard, ZERO_QUANTITY))
    else:
        _release(turn, guard, why)


def _shrunk(turn: Turn, guard: Position, quantity: Quantity) -> Position:
    """Follow a position that became smaller before what is left of it is closed."""
    entry, stop = guard.average_entry_price, guard.stop
    if quantity >= guard.open_qty or entry is None or stop is None:
        return guard
    return turn.emit(
        GuardFollowed,
        guard.position_id,
        quantity=quantity,
        entry_price=entry,
        is_estimated=guard.is_estimated,
        stop=stop,
    )
