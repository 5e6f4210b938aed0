"""What the daemon writes at once: intents, events and states in one transaction."""

from __future__ import annotations

import attrs

from robson_domain.events import Event
from robson_domain.identity import PositionId
from robson_domain.intents import Intent
from robson_domain.ledger import Ledger
from robson_domain.position import Position


@attrs.frozen(kw_only=True)
class DetectorState:
    """A waiting detector's memory, restored with its armed position.

    Attributes:
        name: Detector's registered name.
        version: Version of the layout of ``data``; another one is refused, never guessed.
        data: Canonical JSON text, the detector's own.
        mark: Market trade id up to which prices are part of it.
    """

    position_id: PositionId
    name: str
    version: int
    data: str
    mark: int


@attrs.frozen(kw_only=True)
class Snapshot:
    """The whole state at one sequence; replay starts here instead of at the first event."""

    sequence: int
    ledger: Ledger
    positions: tuple[Position, ...]


State = Position | Ledger | DetectorState | Snapshot


@attrs.frozen(kw_only=True)
class Batch:
    """One transaction: all of it is durable, or none of it.

    Attributes:
        intents: New intents and new statuses of recorded ones (upsert by intent id).
        events: In sequence, continuing the log without a gap.
        states: Latest wins, by kind and key.
    """

    intents: tuple[Intent, ...] = ()
    events: tuple[Event, ...] = ()
    states: tuple[State, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.intents or self.events or self.states)


@attrs.frozen(kw_only=True)
class Head:
    """The end of the log: enough to prove later that nothing before it was changed.

    Attributes:
        epoch: Identity of the database.
        sequence: Sequence of the last event; 0 for an empty log.
        hash: Chain hash of it, hex.
    """

    epoch: str
    sequence: int
    hash: str


@attrs.frozen(kw_only=True)
class Durable:
    """Proof that a batch survives a crash; ``head`` is the log's end with it."""

    head: Head
