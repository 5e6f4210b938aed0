"""The most frequent event by far, on a way of its own.

A stop follows the price and is logged every 200 ms; nothing else happens in such a step. When one
position is all its side of the pair has, everything in the event follows from integers of the
trigger index. :class:`~robson_engine.turn.Turn` comes to the same step by the general way (property
test), at several times the cost.
"""

from __future__ import annotations

from robson_domain import TradeTick, TrailingStopUpdated, cause_of
from robson_domain.identity import event_id
from robson_engine.evolve import evolve_position
from robson_engine.evolve_ledger import evolve_ledger
from robson_engine.state import EngineState
from robson_engine.trailing import is_tighter
from robson_engine.trigger_index import TriggerIndex
from robson_engine.turn import Step


def summary_alone(state: EngineState, index: TriggerIndex, tick: TradeTick) -> Step | None:
    """Return the step that logs the only stop that is due at ``tick``, which hit nobody.

    None when there is no such one, or nothing to log of it: then the general way decides.
    """
    found = index.due_alone(tick.ts_received)
    if found is None:
        return None
    key, best, stop = found
    before = state.positions[key]
    after_stop = before.instrument.price(max(1, stop))
    assert before.stop is not None  # who is in the index has one
    if not is_tighter(before.side, after_stop, before.stop):
        return None
    sequence = state.ledger.sequence + 1
    event = TrailingStopUpdated(
        event_id=event_id(state.config.epoch, sequence),
        sequence=sequence,
        position_id=key,
        ts_event=tick.ts_event,
        ts_received=tick.ts_received,
        cause_id=cause_of(tick),
        mark=index.mark,
        best=before.instrument.price(best),
        stop=after_stop,
        previous_stop=before.stop,
    )
    ledger = evolve_ledger(state.ledger, before, event)
    return Step((evolve_position(before, event), ledger), (event,))
