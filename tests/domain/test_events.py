"""Events: a closed union of facts with one envelope."""

from __future__ import annotations

import json
import typing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from robson_domain import (
    NO_POSITION,
    AccountEvent,
    EntryOrderPlaced,
    Event,
    Position,
    PositionClosed,
    PositionEvent,
    PositionId,
    RiskLimitsSet,
    UnknownSchema,
    ValidationError,
    codec,
)
from robson_domain.testing import an_event, every_event

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "events"
FILES: Final = sorted(GOLDEN.glob("*.json"))
ENVELOPE: Final = (
    *(
        "event_id",
        "sequence",
        "position_id",
        "ts_event",
        "ts_received",
        "cause_id",
        "mark",
        "input",
    ),
)


def test_one_of_each_is_known_to_the_test_kit() -> None:
    assert tuple(type(event) for event in every_event()) == typing.get_args(Event)


@pytest.mark.parametrize("event", every_event(), ids=lambda event: type(event).__name__)
def test_every_event_has_the_envelope(event: Event) -> None:
    names = {field.name for field in attrs.fields(type(event))}
    assert names >= set(ENVELOPE)
    assert event.event_type == type(event).__name__
    assert event.timestamp == event.ts_received
    assert event.VERSION == 1


def test_what_the_log_calls_things_never_changes() -> None:
    """Golden: the names stand in logs already written."""
    assert list(codec.EVENT_TYPES) == [
        *("PositionArmed", "PositionDisarmed", "EntrySignalReceived", "EntryDenied"),
        *("EntryOrderPlaced", "EntryFilled", "TrailingStopUpdated", "PositionCloseRequested"),
        *("ExitTriggered", "ExitOrderPlaced", "ExitFilled", "OrderRejected", "OrderInDoubt"),
        *("OrderResolved", "PositionClosed", "PositionErrored", "RiskLimitsSet"),
    ]


@pytest.mark.parametrize("kind", typing.get_args(Event), ids=lambda kind: kind.__name__)
def test_every_version_has_a_stored_example(kind: Any) -> None:
    """The corpus is append-only: a new version adds a file and leaves the old ones alone."""
    for version in range(1, kind.VERSION + 1):
        assert (GOLDEN / f"{kind.__name__}.v{version}.json").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_stored_examples_still_read(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    body = text.removesuffix("\n")
    assert text == body + "\n"
    event = codec.decode_event(codec.loads(body))
    name, version = path.stem.rsplit(".v", 1)
    stored = json.loads(body)
    assert (stored["type"], str(stored["v"])) == (name, version) == (event.event_type, version)
    if str(event.VERSION) == version:
        assert codec.dumps(event) == body


def test_stored_examples_hold_every_input_and_every_field() -> None:
    stored = [json.loads(path.read_text(encoding="ascii")) for path in FILES]
    inputs = {event["input"]["type"] for event in stored if event["input"]}
    assert len(inputs) == 12
    for event in stored:
        kind = codec.EVENT_TYPES[event["type"]]
        names = {field.name for field in attrs.fields(typing.cast(Any, kind))}
        assert event.keys() == names | {"type", "v"}


def test_events_are_a_position_s_or_nobody_s() -> None:
    """Whoever reads the log tells them apart by the id alone."""
    for event in every_event():
        assert isinstance(event, PositionEvent) is bool(event.position_id)
        assert isinstance(event, AccountEvent) is (event.position_id == NO_POSITION)


def test_an_event_of_the_account_cannot_be_given_to_a_position() -> None:
    with pytest.raises(ValidationError, match="RiskLimitsSet is no event of a position") as refused:
        an_event(RiskLimitsSet, position_id=PositionId("position-1"))
    assert refused.value.field == "position_id"
    plain = an_event(RiskLimitsSet)
    stored = typing.cast(dict[str, Any], codec.encode(plain))
    with pytest.raises(UnknownSchema):
        codec.decode_event(stored | {"position_id": "position-1"})
    assert codec.decode_event({k: v for k, v in stored.items() if k != "position_id"}) == plain


@pytest.mark.parametrize("value", [0.5, "NaN", True, None])
def test_bare_numbers_are_checked(value: Any) -> None:
    with pytest.raises(ValidationError):
        an_event(EntryOrderPlaced, fee_rate=value)
    with pytest.raises(ValidationError):
        an_event(PositionClosed, dust=value)


def test_whole_numbers_become_exact() -> None:
    closed = an_event(PositionClosed, dust=0)
    assert isinstance(closed, PositionClosed)
    assert isinstance(closed.dust, Decimal)


def test_events_are_the_only_thing_asked_for_by_kind() -> None:
    with pytest.raises(KeyError):
        an_event(Position)
