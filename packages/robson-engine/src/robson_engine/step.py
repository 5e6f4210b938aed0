"""The one door into the engine: ``step(state, input) -> Step``.

It dispatches; the arithmetic lives in the modules it calls. It never asks: no clock, log, id,
random or file. It changes nothing but, for a price, the best of a trigger-index group.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from robson_domain import (
    AccountReported,
    AcknowledgeError,
    ArmPosition,
    BeyondFlatSeen,
    ClearWarning,
    ClosePosition,
    CloseReason,
    CoreSeen,
    DebtReported,
    DisarmPosition,
    ExternalSeen,
    ForeignOrderSeen,
    HandOver,
    Input,
    LinkChanged,
    NoTraceSeen,
    OrderReported,
    OrderStatus,
    Panic,
    Position,
    PositionDisarmed,
    PositionId,
    PositionStatus,
    PriceOrigin,
    SetPairRule,
    SetRiskLimits,
    SetSafetyNet,
    SignalFired,
    TimePassed,
    TradeTick,
)
from robson_engine import (
    commands,
    doubt,
    entries,
    exits,
    guarding,
    reconciling,
    reports,
    settling,
    venue_stops,
)
from robson_engine.config import SIGNAL_AGE_MAX_NS
from robson_engine.state import EngineState, is_stuck, reach_of
from robson_engine.summary import summary_alone
from robson_engine.trigger_index import TriggerIndex
from robson_engine.turn import NOTHING, Step, Turn


def step(state: EngineState, entry: Input) -> Step:
    """Decide what ``entry`` leads to.

    The driver applies ``Step.changed`` at once, makes the events durable, and only then
    carries out the commands. A price that concerns nobody costs two comparisons and one of time.
    """
    if type(entry) is TradeTick:
        index = state.indexes.get(entry.symbol)
        if index is None:
            index = state.index_of(entry.symbol)
        if entry.trade_id > index.mark:
            index.mark = entry.trade_id
        elif entry.origin is PriceOrigin.GAP and entry.trade_id:
            return NOTHING  # back-filled, but shown before: its stop may have risen since
        if index.low < entry.ticks < index.high and entry.ts_received < index.due:
            return NOTHING
        return on_price(state, entry)
    turn = Turn(state, entry)
    _HANDLERS[type(entry)](turn, entry)
    return turn.step()


def on_price(state: EngineState, tick: TradeTick) -> Step:
    """Decide on a price that concerns somebody: exits by the old stops first, then raises."""
    index = state.index_of(tick.symbol)
    if tick.origin is PriceOrigin.GAP and _is_old(tick, index.mark_max, index.opened_max):
        turn = Turn(state, tick)
        _replay_price(turn, index, tick)
        _summarize_due(turn, index)
        return turn.step()
    taken = index.offer(tick.ticks, may_raise=tick.origin is not PriceOrigin.REST)
    is_due = tick.ts_received >= index.due
    if not taken:
        alone = summary_alone(state, index, tick) if is_due else NOTHING
        if alone is not None:
            return alone
    turn = Turn(state, tick)
    hits = {key: best for best, key in taken}
    for key in _in_order(state, hits):
        _exit_at(turn, key, hits[key], tick)
    if is_due:
        _summarize_due(turn, index)
    return turn.step()


def _is_old(tick: TradeTick, mark: int, opened_at: int) -> bool:
    """Say whether a back-filled price is part of a state, or from before there was a position."""
    return 0 < tick.trade_id <= mark or tick.ts_event < opened_at


def _in_order(state: EngineState, keys: Collection[PositionId]) -> Collection[PositionId]:
    """Return ``keys`` by arming: the order inside the index does not survive a restart."""
    if len(keys) < 2:
        return keys
    wanted = set(keys)
    return [key for key in state.live if key in wanted]


def _exit_at(turn: Turn, key: PositionId, best: int, tick: TradeTick) -> None:
    position = turn.get(key)
    if position.is_guard:
        guarding.hit(turn, position, position.instrument.price(tick.ticks))
        return
    # The stop that is hit is from before this trade, which is therefore no part of its summary.
    turn.follow(key, best, tick.trade_id - 1 if tick.trade_id else None)
    position = turn.get(key)
    crossed = tick.origin is PriceOrigin.GAP
    reason = CloseReason.CROSSED_IN_GAP if crossed else CloseReason.TRAILING_STOP
    exits.trigger_exit(turn, position, reason, position.instrument.price(tick.ticks))


def _replay_price(turn: Turn, index: TriggerIndex, tick: TradeTick) -> None:
    """Apply a back-filled price to those positions only whose state does not contain it."""
    for position in list(turn.state.live.values()):
        if position.symbol != tick.symbol or _is_old(tick, position.mark, position.opened_at):
            continue
        best = index.best_ticks(position.position_id, position.side)
        if best is not None:
            _replay_one(turn, index, position, (best, tick))


def _replay_one(
    turn: Turn, index: TriggerIndex, position: Position, shown: tuple[int, TradeTick]
) -> None:
    key, side, reach = position.position_id, position.side, reach_of(position)
    assert reach is not None  # who is in the index has one
    best, tick = shown
    gain = side.sign * (tick.ticks - best)
    if gain <= -reach:
        _exit_at(turn, key, best, tick)
    elif gain > 0:
        index.lift(key, side, tick.ticks)


def _summarize_due(turn: Turn, index: TriggerIndex) -> None:
    if turn.now >= index.due:
        for key in _in_order(turn.state, index.take_due(turn.now)):
            turn.summarize(key)


def _on_time(turn: Turn, _: TimePassed) -> None:
    for index in turn.state.indexes.values():
        _summarize_due(turn, index)
    for key in list(turn.state.live):
        _on_timer(turn, turn.get(key))


def _on_timer(turn: Turn, position: Position) -> None:
    if position.status is PositionStatus.ARMED:
        if position.signal is not None:
            if abs(turn.now - position.signal_at) > SIGNAL_AGE_MAX_NS:
                entries.deny_stale(turn, position)
        elif position.expires_at and turn.now >= position.expires_at:
            turn.emit(PositionDisarmed, position.position_id, reason=CloseReason.EXPIRED)
    elif position.exit_reason is None:
        venue_stops.tend(turn, position)
    elif _waits_for_time(turn, position):
        exits.continue_exit(turn, position)


def _waits_for_time(turn: Turn, position: Position) -> bool:
    stop = position.working_stop
    if stop is not None and stop.status is OrderStatus.PENDING_CANCEL:
        return turn.now >= position.stop_retry_at
    is_waiting = bool(position.retry_at) or is_stuck(position)
    return is_waiting and exits.is_due(position, turn.now)


def _on_account(turn: Turn, entry: AccountReported) -> None:
    for position in list(turn.state.live.values()):
        if position.symbol != entry.snapshot.symbol:
            continue
        if position.status is PositionStatus.ARMED:
            if position.signal is not None:
                entries.decide_entry(turn, position, entry)
            continue
        if position.order_in_doubt is not None:
            position = doubt.snapshot(turn, position, entry.snapshot)
            if position.order_in_doubt is None:
                reports.after_order(turn, position, entry.last_price)
        exits.leave_beside_stop(turn, turn.get(position.position_id), entry.snapshot)


def _on_no_trace(turn: Turn, entry: NoTraceSeen) -> None:
    key = turn.state.orders.get(entry.client_order_id)
    position = turn.find(key) if key is not None else None
    if position is None or position.order_in_doubt is None:
        return
    after = doubt.no_trace(turn, position, entry)
    if after.order_in_doubt is None:
        reports.after_order(turn, after, None)


def _on_link(turn: Turn, entry: LinkChanged) -> None:
    """A lost market link denies entries that wait for their snapshot: the price is unknown."""
    if entry.up:
        return
    for position in list(turn.state.live.values()):
        waits = position.status is PositionStatus.ARMED and position.signal is not None
        if waits and position.symbol == entry.symbol:
            entries.deny_stale(turn, position)


def _on_signal(turn: Turn, entry: SignalFired) -> None:
    entries.on_signal(turn, entry.signal)


def _on_report(turn: Turn, entry: OrderReported) -> None:
    reports.on_report(turn, entry.report)


_HANDLERS: Final[dict[type, Callable[[Turn, Any], None]]] = {
    TimePassed: _on_time,
    OrderReported: _on_report,
    AccountReported: _on_account,
    SignalFired: _on_signal,
    LinkChanged: _on_link,
    ArmPosition: commands.arm,
    DisarmPosition: commands.disarm,
    ClosePosition: commands.close,
    Panic: commands.panic,
    AcknowledgeError: commands.acknowledge,
    SetRiskLimits: commands.set_limits,
    SetSafetyNet: commands.set_safety_net,
    SetPairRule: commands.set_rule,
    HandOver: guarding.hand_over,
    ClearWarning: commands.clear_warning,
    ExternalSeen: guarding.on_external,
    CoreSeen: reconciling.on_core,
    ForeignOrderSeen: reconciling.on_foreign_order,
    NoTraceSeen: _on_no_trace,
    BeyondFlatSeen: reconciling.on_beyond_flat,
    DebtReported: settling.on_debt,
}
