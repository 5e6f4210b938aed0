"""What was decided and is not on its way to the store yet."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from robson_domain import (
    Batch,
    Command,
    DetectorState,
    Event,
    Intent,
    Position,
    State,
    TrailingStopUpdated,
)
from robson_engine import Step


@attrs.frozen(kw_only=True)
class Unit:
    """Decisions that become durable together, and the commands that wait for it."""

    intents: tuple[Intent, ...] = ()
    events: tuple[Event, ...] = ()
    states: tuple[State, ...] = ()
    commands: tuple[Command, ...] = ()

    @property
    def batch(self) -> Batch:
        """What is written."""
        return Batch(intents=self.intents, events=self.events, states=self.states)


def state_key(state: State) -> tuple[type[State], str]:
    """Return what a later state replaces an earlier one by."""
    if isinstance(state, Position | DetectorState):
        return type(state), state.position_id
    return type(state), ""


def merged(units: Iterable[Unit]) -> Unit:
    """Return consecutive units as one: everything in order, of states the last."""
    intents: list[Intent] = []
    events: list[Event] = []
    states: dict[tuple[type[State], str], State] = {}
    commands: list[Command] = []
    for unit in units:
        intents += unit.intents
        events += unit.events
        states |= {state_key(state): state for state in unit.states}
        commands += unit.commands
    return Unit(
        intents=tuple(intents),
        events=tuple(events),
        states=tuple(states.values()),
        commands=tuple(commands),
    )


class Pending:
    """Collects what steps return until it is taken as one unit.

    Attributes:
        is_urgent: Whether something is in it that must not wait for a batch to ride on.
    """

    def __init__(self) -> None:
        self._intents: list[Intent] = []
        self._events: list[Event] = []
        self._states: dict[tuple[type[State], str], State] = {}
        self._commands: list[Command] = []
        self.is_urgent = False

    def __bool__(self) -> bool:
        return self.is_urgent or bool(self._events or self._states)

    @property
    def has_commands(self) -> bool:
        """Whether something will happen once it is durable."""
        return bool(self._commands)

    def add(self, outcome: Step, intents: tuple[Intent, ...]) -> None:
        """Collect one step and the intents that its events made or changed."""
        self._intents += intents
        self._events += outcome.events
        self._commands += outcome.commands
        for state in outcome.changed:
            self.put(state)
        if outcome.commands or intents or not all(map(_can_ride, outcome.events)):
            self.is_urgent = True

    def put(self, state: State) -> None:
        """Collect one state; the last of its kind and key wins."""
        self._states[state_key(state)] = state

    def answer(self, command: Command) -> None:
        """Collect one command that no step returned."""
        self._commands.append(command)
        self.is_urgent = True

    def take(self) -> Unit:
        """Return all of it and begin anew."""
        unit = Unit(
            intents=tuple(self._intents),
            events=tuple(self._events),
            states=tuple(self._states.values()),
            commands=tuple(self._commands),
        )
        self._intents, self._events, self._commands = [], [], []
        self._states = {}
        self.is_urgent = False
        return unit


def _can_ride(event: Event) -> bool:
    return isinstance(event, TrailingStopUpdated)
