"""Events: a closed union of facts with one envelope."""

from __future__ import annotations

import hashlib
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
    ExitOrderPlaced,
    Input,
    InterestAccrued,
    Position,
    PositionClosed,
    PositionEvent,
    PositionId,
    RepayRequested,
    RiskLimitsSet,
    UnknownSchema,
    ValidationError,
    codec,
)
from robson_domain.testing import an_event, every_event

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "events"
FILES: Final = sorted(GOLDEN.glob("*.json"))
DIGESTS: Final = GOLDEN / "sha256.txt"
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
        *("OrderResolved", "PositionClosed", "PositionErrored"),
        *("VenueStopPlaced", "CancelRequested", "InterestAccrued", "RepayRequested"),
        *("PositionReduced", "GuardOpened", "GuardFollowed", "GuardBreached", "GuardReleased"),
        *("GuardHandedOver", "GuardDebtSeen", "RiskLimitsSet", "SafetyNetSet", "PairRuleSet"),
        *("PairQuarantined", "AnotherRobsonSeen", "WarningCleared"),
    ]


def _example(path: Path) -> tuple[str, int, int]:
    """Name, version, and which example of that version: fields with a default may join one."""
    name, rest = path.stem.rsplit(".v", 1)
    version, _, nth = rest.partition(".")
    return name, int(version), int(nth or 1)


EXAMPLES: Final = {_example(path): path for path in FILES}


@pytest.mark.parametrize("kind", typing.get_args(Event), ids=lambda kind: kind.__name__)
def test_every_version_has_a_stored_example(kind: Any) -> None:
    """The corpus is append-only: a new layout adds a file and leaves the old ones alone."""
    for version in range(1, kind.VERSION + 1):
        assert (GOLDEN / f"{kind.__name__}.v{version}.json").is_file()


def test_stored_examples_are_never_rewritten() -> None:
    """A new file adds its line here; a changed line rewrites history, and a log would not read."""
    listed = DIGESTS.read_text(encoding="ascii").splitlines()
    found = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in FILES]
    assert found == listed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_stored_examples_still_read(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    body = text.removesuffix("\n")
    assert text == body + "\n"
    event = codec.decode_event(codec.loads(body))
    name, version, nth = _example(path)
    stored = json.loads(body)
    assert (stored["type"], stored["v"]) == (name, version)
    assert event.event_type == name
    now = codec.dumps(event)
    if version == event.VERSION and (name, version, nth + 1) not in EXAMPLES:
        assert now == body
    else:
        assert _holds(json.loads(now), stored), "something that was stored is lost or changed"


def _holds(now: Any, stored: Any) -> bool:
    """Say whether all of ``stored`` is in ``now``, which may have more fields."""
    if isinstance(stored, dict):
        return all(key in now and _holds(now[key], item) for key, item in stored.items())
    if isinstance(stored, list):
        return len(now) == len(stored) and all(map(_holds, now, stored))
    return bool(now == stored)


@pytest.mark.parametrize(
    ("name", "field", "before"),
    [
        ("EntryOrderPlaced", "borrows", False),
        ("EntryFilled", "venue_position_ref", ""),
        ("PositionClosed", "debt", Decimal(0)),
        ("PositionClosed", "interest", Decimal(0)),
    ],
)
def test_rows_from_before_a_field_read_as_what_was_the_case(
    name: str, field: str, before: object
) -> None:
    """Nothing was borrowed, named or owed by what knew nothing of it."""
    old, new = (
        codec.decode_event(codec.loads(EXAMPLES[name, 1, nth].read_text(encoding="ascii")))
        for nth in (1, 2)
    )
    assert getattr(old, field) == before
    assert getattr(new, field) != before


def test_limits_and_intents_from_before_have_no_stop_at_the_venue() -> None:
    limits = codec.loads(EXAMPLES["RiskLimitsSet", 1, 1].read_text(encoding="ascii"))
    placed = codec.loads(EXAMPLES["ExitOrderPlaced", 1, 1].read_text(encoding="ascii"))
    old_limits, old_exit = codec.decode_event(limits), codec.decode_event(placed)
    assert isinstance(old_limits, RiskLimitsSet)
    assert isinstance(old_exit, ExitOrderPlaced)
    assert old_limits.limits.disaster_stop is None
    assert old_exit.intent.stop_price is None


def test_stored_examples_hold_every_input_and_every_field() -> None:
    latest = {name: path for (name, _, _), path in sorted(EXAMPLES.items())}
    every = {path: json.loads(path.read_text(encoding="ascii")) for path in FILES}
    inputs = {event["input"]["type"] for event in every.values() if event["input"]}
    assert inputs == {kind.__name__ for kind in typing.get_args(Input)}
    for event in map(every.__getitem__, latest.values()):
        kind = codec.EVENT_TYPES[event["type"]]
        names = {field.name for field in attrs.fields(typing.cast(Any, kind))}
        assert event.keys() == names | {"type", "v"}


def test_events_are_a_position_s_or_nobody_s() -> None:
    """Whoever reads the log tells them apart by the id alone."""
    for event in every_event():
        assert isinstance(event, PositionEvent) is bool(event.position_id)
        assert isinstance(event, AccountEvent) is (event.position_id == NO_POSITION)


@pytest.mark.parametrize("kind", typing.get_args(AccountEvent), ids=lambda kind: kind.__name__)
def test_an_event_of_the_account_cannot_be_given_to_a_position(kind: type[Event]) -> None:
    with pytest.raises(ValidationError, match=f"{kind.__name__} is no event of a") as refused:
        an_event(kind, position_id=PositionId("position-1"))
    assert refused.value.field == "position_id"
    plain = an_event(kind)
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
    for field in ("debt", "interest"):
        with pytest.raises(ValidationError):
            an_event(PositionClosed, **{field: value})
    with pytest.raises(ValidationError):
        an_event(InterestAccrued, interest=value)
    with pytest.raises(ValidationError):
        an_event(RepayRequested, amount=value)


def test_whole_numbers_become_exact() -> None:
    closed = an_event(PositionClosed, dust=0)
    assert isinstance(closed, PositionClosed)
    assert isinstance(closed.dust, Decimal)


def test_events_are_the_only_thing_asked_for_by_kind() -> None:
    with pytest.raises(KeyError):
        an_event(Position)
