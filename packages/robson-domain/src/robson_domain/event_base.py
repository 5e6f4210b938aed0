"""Envelope of every event: its place in the log and its cause."""

from __future__ import annotations

from typing import ClassVar

import attrs

from robson_domain.errors import ValidationError
from robson_domain.identity import NO_POSITION, EventId, PositionId
from robson_domain.inputs import Input


@attrs.frozen(kw_only=True)
class BaseEvent:
    """Envelope of every event.

    Attributes:
        event_id: Derived from database epoch and sequence.
        sequence: Global, gap-free, from 1.
        position_id: Whose event it is; empty when it is no position's.
        ts_event: Venue time of the cause, UTC ns.
        ts_received: Receive time of the cause, UTC ns.
        cause_id: Which input caused it.
        mark: Last market trade id of the pair that is part of the state after this event.
        input: The causing input, on the first event of a step.
    """

    VERSION: ClassVar[int] = 1

    event_id: EventId
    sequence: int
    position_id: PositionId
    ts_event: int
    ts_received: int
    cause_id: str
    mark: int = 0
    input: Input | None = None

    @property
    def timestamp(self) -> int:
        """Receive time of the causing input, UTC ns; never a clock read."""
        return self.ts_received

    @property
    def event_type(self) -> str:
        """Stable name of this kind of event."""
        return type(self).__name__


@attrs.frozen(kw_only=True)
class BaseAccountEvent(BaseEvent):
    """Envelope of events that belong to the account or to a pair, not to a position."""

    position_id: PositionId = attrs.field(default=NO_POSITION)

    @position_id.validator
    def _is_nobodys(self, _: object, position_id: PositionId) -> None:
        if position_id != NO_POSITION:
            kind = self.event_type
            raise ValidationError("position_id", f"{kind} is no event of a position")
