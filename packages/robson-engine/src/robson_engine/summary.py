"""The most frequent event by far, on a way of its own.

A stop follows the price and is logged every 200 ms; nothing else happens in such a step. When one
position is all its side of the pair has, everything in the event follows from integers of the
trigger index. :class:`~robson_engine.turn.Turn` comes to the same step by the general way (property
test), at several times the cost.
"""

from __future__ import annotations

from collections.abc import Iterable

from robson_domain import PositionId, TradeTick, TrailingStopUpdated, cause_of
from robson_domain.identity import event_id
from robson_engine.evolve import evolve_position
from robson_engine.evolve_ledger import evolve_ledger
from robson_engine.state import EngineState, reach_of
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
    assert before.stop is not None  # who is in the index has one
    if not is_tighter(before.side, before.instrument.price(max(1, stop)), before.stop):
        return None
    return followed(state, key, ((tick, index.mark, best),))


def followed(
    state: EngineState, key: PositionId, raises: Iterable[tuple[TradeTick, int, int]]
) -> Step:
    """Return the step that logs how the stop of one position has followed its best.

    Args:
        raises: Trades at which it is logged (trade, mark, best in ticks); at least one, and the
            stop is tighter at each than at the one before.
    """
    position, ledger, epoch = state.positions[key], state.ledger, state.config.epoch
    instrument, stop, reach = position.instrument, position.stop, reach_of(position)
    assert stop is not None  # who is in the index has both
    assert reach is not None
    behind, sequence = position.side.sign * reach, ledger.sequence
    events: list[TrailingStopUpdated] = []
    for tick, mark, best in raises:
        sequence, previous_stop = sequence + 1, stop
        stop = instrument.price(best - behind)
        events.append(
            TrailingStopUpdated(
                event_id=event_id(epoch, sequence),
                sequence=sequence,
                position_id=key,
                ts_event=tick.ts_event,
                ts_received=tick.ts_received,
                cause_id=cause_of(tick),
                mark=mark,
                best=instrument.price(best),
                stop=stop,
                previous_stop=previous_stop,
            )
        )
    # Each says all that the one before it said, so that the last one leads to the same.
    last = events[-1]
    changed = evolve_position(position, last), evolve_ledger(ledger, position, last)
    return Step(changed, tuple(events))
