"""Why: every decision of a position taken again on the input that is copied in the log.

The state before a decision is the fold of the log up to it; ``step`` on it and the copied input
must give the very events that were logged. Summaries of the stop carry no input: they follow
from best and distance, and are checked against that rule.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import attrs

from robson_domain import (
    Event,
    Input,
    Money,
    PositionArmed,
    PositionId,
    TradeTick,
    codec,
)
from robson_domain import TrailingStopUpdated as StopMoved
from robson_engine import EngineConfig, EngineState, evolve, step, stop_for
from robson_engine.trailing import tighter
from robsond.facade import Explained
from robsond.proofs import PAUSE_EVERY
from robsond.sentences import sentence
from robsond.views import json_object


@attrs.frozen
class _Verdict:
    same: bool | None
    difference: str = ""


_NOTHING = _Verdict(None)


class _Retrial:
    """Walks the log once and takes the decisions of one position again."""

    def __init__(self, config: EngineConfig, capital: Money, position_id: PositionId) -> None:
        self._config = config
        self._capital = capital
        self._id = position_id
        self._state = EngineState.opening(config, capital)
        self._expected: Iterator[Event] = iter(())

    def see(self, event: Event) -> Explained | None:
        """Fold the next event; return it explained when it is the position's."""
        explained = None
        if event.position_id == self._id:
            verdict = self._judge(event)
            explained = Explained(
                event=event,
                sentence=sentence(event),
                same=verdict.same,
                difference=verdict.difference,
            )
        self._state.apply(evolve(self._state, event))
        return explained

    def _judge(self, event: Event) -> _Verdict:
        entry = event.command if isinstance(event, PositionArmed) else event.input
        if entry is not None:
            self._expected = iter(self._decide(entry, event.mark))
        elif isinstance(event, StopMoved):
            return self._follows(event)
        again = next(self._expected, None)
        if again is None:
            return _Verdict(False, "nothing") if entry is not None else _NOTHING
        difference = _difference(again, event)
        return _Verdict(not difference, difference)

    def _decide(self, entry: Input, mark: int) -> list[Event]:
        # On a copy: a price raises the best inside the state it is tried on.
        copy = EngineState.restore(self._config, self._capital, self._state.snapshot(), ())
        armed = copy.positions.get(self._id)
        if armed is not None:
            # Prices that concerned nobody are not in the log, how far they had come is.
            seen = min(mark, entry.trade_id - 1) if isinstance(entry, TradeTick) else mark
            copy.index_of(armed.symbol).mark = seen
        return [one for one in step(copy, entry).events if one.position_id == self._id]

    def _follows(self, event: StopMoved) -> _Verdict:
        position = self._state.positions[self._id]
        distance, stop = position.stop_distance, position.stop
        if distance is None or stop is None:
            return _Verdict(False, "a position without a stop")
        moved = stop_for(position.instrument, position.side, event.best, distance)
        expected = tighter(position.side, stop, moved)
        if (expected, stop) == (event.stop, event.previous_stop):
            return _Verdict(True)
        return _Verdict(False, f"from {stop} to {expected}")


_PLACE: Final = ("event_id", "sequence", "mark")
"""Where an event stands in log and market: other positions' events of the same step may lie
between, and silent prices count; neither is part of the decision."""


def _difference(again: Event, event: Event) -> str:
    if again.event_type != event.event_type:
        return f"{again.event_type} instead of {event.event_type}"
    new, old = json_object(codec.encode(again)), json_object(codec.encode(event))
    fields = [name for name in old if name not in _PLACE and new.get(name) != old[name]]
    return "; ".join(f"{name} {new.get(name)} instead of {old[name]}" for name in fields)


async def explain(
    log: AsyncIterator[Event], config: EngineConfig, capital: Money, position_id: PositionId
) -> tuple[Explained, ...]:
    """Return every event of a position in words, and whether deciding again gives it.

    Args:
        log: The whole log, from its first event.
        capital: Capital the account began with.
    """
    retrial = _Retrial(config, capital, position_id)
    found = []
    async for event in log:
        explained = retrial.see(event)
        if explained is not None:
            found.append(explained)
        if event.sequence % PAUSE_EVERY == 0:
            await asyncio.sleep(0)
    return tuple(found)
