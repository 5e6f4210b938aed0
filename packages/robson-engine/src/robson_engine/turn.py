"""One call of ``step``: what has been decided so far, folded as it is decided.

Every event goes through :meth:`Turn.emit`, or :meth:`Turn.log` when it is the account's. They
number it, fold it with ``evolve`` and keep what changed, so that a step equals the fold of its
events by construction. Before any other event of a position whose stop has silently followed the
price, the summary of that is logged.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import attrs

from robson_domain import (
    NO_POSITION,
    AccountEvent,
    Command,
    Event,
    EventId,
    GuardOpened,
    Input,
    Ledger,
    Position,
    PositionArmed,
    PositionEvent,
    PositionId,
    TrailingStopUpdated,
    cause_of,
    times_of,
)
from robson_domain.identity import event_id
from robson_engine.evolve import evolve_position
from robson_engine.evolve_ledger import evolve_ledger
from robson_engine.state import EngineState
from robson_engine.trailing import is_tighter, stop_for

E = TypeVar("E", bound=PositionEvent)
A = TypeVar("A", bound=AccountEvent)


@attrs.frozen
class Step:
    """What one input leads to.

    Attributes:
        changed: Positions and the ledger as they are afterwards; the driver applies them.
        events: To be logged, in sequence.
        commands: To be carried out once the events are durable, in order.
    """

    changed: tuple[Position | Ledger, ...] = ()
    events: tuple[Event, ...] = ()
    commands: tuple[Command, ...] = ()


NOTHING: Final = Step()


class Turn:
    """The decisions of one step in the making."""

    __slots__ = (
        "_explained", "_positions", "cause", "commands", "entry", "events", "ledger",
        "state", "ts_event", "ts_received",
    )  # fmt: skip

    def __init__(self, state: EngineState, entry: Input) -> None:
        self.state = state
        self.entry = entry
        self.ts_event, self.ts_received = times_of(entry)
        self.cause = cause_of(entry)
        self.ledger = state.ledger
        self.events: list[Event] = []
        self.commands: list[Command] = []
        self._positions: dict[PositionId, Position] = {}
        self._explained: set[PositionId] = set()

    @property
    def now(self) -> int:
        """Input time of this step, UTC ns."""
        return self.ts_received

    def find(self, key: PositionId) -> Position | None:
        """Return a position as it is at this point of the step, or None."""
        return self._positions.get(key) or self.state.positions.get(key)

    def get(self, key: PositionId) -> Position:
        """Return a position that is known to exist."""
        return self._positions.get(key) or self.state.positions[key]

    def current(self) -> list[Position]:
        """Return every live position as it is at this point, in order of arming."""
        keys = dict.fromkeys((*self.state.live, *self._positions))
        return [self.get(key) for key in keys]

    def emit(self, kind: type[E], key: PositionId, **facts: Any) -> Position:
        """Add an event of ``kind``, log a silent rise of the stop before it, fold both."""
        if kind is not PositionArmed and kind is not GuardOpened:
            self.summarize(key)
        return self._fold(kind, key, facts)

    def log(self, kind: type[A], **facts: Any) -> None:
        """Add an event of the account of ``kind`` and fold it."""
        event = kind(**self._envelope(kind, NO_POSITION), **facts)
        self.events.append(event)
        self.ledger = evolve_ledger(self.ledger, None, event)

    def summarize(self, key: PositionId) -> None:
        """Log how far the stop of a position has followed, when that was not logged yet."""
        position = self.get(key)
        index = self.state.indexes.get(position.symbol)
        best = index.best_ticks(key, position.side) if index else None
        if best is not None:
            self.follow(key, best)

    def follow(self, key: PositionId, best_ticks: int, mark: int | None = None) -> None:
        """Log that the best of a position is now ``best_ticks`` with the stop that follows.

        Only when that is tighter: after a fill in the same step the position is ahead of the index.

        Args:
            mark: Last trade that is part of it, when that is not the last one shown.
        """
        position = self.get(key)
        distance, before = position.stop_distance, position.stop
        if distance is None:
            return  # a guard's stop is fixed
        assert before is not None  # who is in the index has one
        best = position.instrument.price(best_ticks)
        stop = stop_for(position.instrument, position.side, best, distance)
        if not is_tighter(position.side, stop, before):
            return
        self._keep(
            position,
            TrailingStopUpdated(
                **self._envelope(TrailingStopUpdated, key),
                mark=self._mark(position) if mark is None else mark,
                best=best,
                stop=stop,
                previous_stop=before,
            ),
        )

    def _fold(self, kind: type[Any], key: PositionId, facts: dict[str, Any]) -> Position:
        before = self.find(key)
        facts.setdefault("mark", self._mark(before))
        return self._keep(before, kind(**self._envelope(kind, key), **facts))

    def _keep(self, before: Position | None, event: PositionEvent) -> Position:
        after = evolve_position(before, event)
        self.events.append(event)
        self._positions[event.position_id] = after
        self.ledger = evolve_ledger(self.ledger, before, event)
        return after

    def _envelope(self, kind: type[Any], key: PositionId) -> dict[str, Any]:
        sequence = self.ledger.sequence + 1
        return {
            "event_id": EventId(event_id(self.state.config.epoch, sequence)),
            "sequence": sequence,
            "position_id": key,
            "ts_event": self.ts_event,
            "ts_received": self.ts_received,
            "cause_id": self.cause,
            "input": self._explanation(kind, key),
        }

    def _mark(self, before: Position | None) -> int:
        if before is None:
            return 0
        index = self.state.indexes.get(before.symbol)
        return index.mark if index else 0

    def _explanation(self, kind: type[Any], key: PositionId) -> Input | None:
        # A summary needs none (it follows from best and distance); neither does a step's second
        # event of the same position, nor an arming, which holds its command anyway.
        if kind is TrailingStopUpdated or kind is PositionArmed or key in self._explained:
            return None
        self._explained.add(key)
        return self.entry

    def command(self, command: Command) -> None:
        """Add a command, released once the events are durable."""
        self.commands.append(command)

    def step(self) -> Step:
        """Return what was decided."""
        if not self.events:
            return Step(commands=tuple(self.commands)) if self.commands else NOTHING
        changed: tuple[Position | Ledger, ...] = (*self._positions.values(), self.ledger)
        return Step(changed, tuple(self.events), tuple(self.commands))
