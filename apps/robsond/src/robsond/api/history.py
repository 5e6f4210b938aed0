"""What happened and why: the log, its explanation, and the proof that it is whole."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Final

from litestar import Request, get
from litestar.params import FromPath, QueryParameter

from robson_domain import Event, PositionId, codec
from robsond import dto, views
from robsond.api.context import facade_of
from robsond.api.failures import RESPONSES
from robsond.api.looking import PositionAlias, PositionFilter, found, one_of
from robsond.api.problems import api_error
from robsond.facade import Explained, Facade
from robsond.wire import moment

LIMIT_MAX: Final = 1_000
SCANNED_MAX: Final = 20_000
"""Events looked at for one answer; a filter that finds less continues with ``next_after``."""
_SEQUENCE_MAX: Final = 2**53


@get("/api/events", summary="Events in sequence", tags=["history"], responses=RESPONSES)
async def events(
    request: Request[Any, Any, Any],
    *,
    after: Annotated[int, QueryParameter(ge=0, le=_SEQUENCE_MAX)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 100,
    position_id: PositionFilter = None,
    alias: PositionAlias = None,
    event_type: Annotated[str | None, QueryParameter(name="type")] = None,
) -> dto.EventsReply:
    """Return events exactly as stored, after a sequence, of one position or type."""
    facade = facade_of(request)
    if event_type is not None and event_type not in codec.EVENT_TYPES:
        known = ", ".join(codec.EVENT_TYPES)
        raise api_error(400, "BAD_VALUE", f"type: choose one of {known}.", "type")
    name = one_of(position_id, alias)
    key = (await found(facade, name)).position_id if name is not None else None
    kept, next_after = await _page(facade, (after, key), event_type, limit)
    return dto.EventsReply(
        events=[views.json_object(codec.encode(event)) for event in kept],
        head=views.head(facade.head()),
        next_after=next_after,
    )


async def _page(
    facade: Facade, start: tuple[int, PositionId | None], kind: str | None, limit: int
) -> tuple[list[Event], int | None]:
    kept: list[Event] = []
    seen = itertools.count(1)
    async for event in facade.events(*start):
        if kind is None or event.event_type == kind:
            kept.append(event)
        if len(kept) >= limit or next(seen) >= SCANNED_MAX:
            return kept, event.sequence
    return kept, None


@get(
    "/api/why/{position_id:str}",
    summary="Why each step was taken",
    tags=["history"],
    responses=RESPONSES,
)
async def why(
    request: Request[Any, Any, Any],
    position_id: FromPath[str],
    sequence: Annotated[int | None, QueryParameter(ge=1, le=_SEQUENCE_MAX)] = None,
) -> dto.WhyReply:
    """Return every event of a position in words, each decision taken again and compared."""
    facade = facade_of(request)
    position = await found(facade, position_id)
    explained = await facade.explain(position.position_id)
    steps = [_step(one) for one in explained if sequence in (None, one.event.sequence)]
    if sequence is not None and not steps:
        message = f"Event {sequence} is none of this position's; leave sequence out to see all."
        raise api_error(404, "NOT_FOUND", message, "sequence")
    return dto.WhyReply(
        position_id=position.position_id,
        steps=steps,
        all_same=all(step.same is not False for step in steps),
    )


def _step(one: Explained) -> dto.WhyStep:
    event = one.event
    entry = views.json_object(codec.encode(event.input)) if event.input is not None else None
    return dto.WhyStep(
        sequence=event.sequence,
        event_type=event.event_type,
        timestamp=moment(event.timestamp),
        timestamp_ns=str(event.timestamp),
        sentence=one.sentence,
        cause_id=event.cause_id,
        input=entry,
        same=one.same,
        difference=one.difference or None,
    )


@get(
    "/api/verify-log", summary="Is the log what was written", tags=["history"], responses=RESPONSES
)
async def verify_log(request: Request[Any, Any, Any]) -> dto.VerifyReply:
    """Verify chain, sequence and exported head of the whole log."""
    verdict = await facade_of(request).verify()
    return dto.VerifyReply(
        ok=not verdict.problem,
        head=views.head(verdict.head),
        checked=verdict.checked,
        problem=verdict.problem or None,
        sequence=verdict.sequence or None,
        note=verdict.note or None,
    )


@get(
    "/api/replay",
    summary="Does the log give the stored state",
    tags=["history"],
    responses=RESPONSES,
)
async def replay(request: Request[Any, Any, Any]) -> dto.ReplayReply:
    """Fold the log from its first event and compare with what is stored, byte for byte."""
    found_ = await facade_of(request).replay()
    return dto.ReplayReply(
        ok=not found_.problem,
        events=found_.events,
        positions=found_.positions,
        head=views.head(found_.head),
        state_hash=found_.state_hash,
        problem=found_.problem or None,
    )


HANDLERS: Final = (events, why, verify_log, replay)
