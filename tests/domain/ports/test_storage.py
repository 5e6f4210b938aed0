"""The store: one way to write, and reading back what start-up needs."""

from __future__ import annotations

import typing

import attrs

from robson_domain import (
    EventRepository,
    IntentJournal,
    OrderRepository,
    PositionRepository,
    Recovered,
    Store,
    StoredEvent,
    chain,
    codec,
)
from robson_domain.testing import a_detector_state, a_snapshot, an_intent, every_event
from tests.domain.ports.shape import asynchronous, methods


def test_a_store_has_one_door_for_the_daemon() -> None:
    """Whatever is written at once goes through it; the repositories serve tests and tools."""
    assert {name for name in methods(Store) if name not in {"epoch", "is_inline"}} == {
        *("submit", "head", "recover", "idle", "close"),
    }
    assert {"epoch", "is_inline"}.isdisjoint(asynchronous(Store))


def test_a_store_holds_the_four_repositories() -> None:
    hints = typing.get_type_hints(Store)
    assert set(hints.values()) == {
        *(PositionRepository, OrderRepository, EventRepository, IntentJournal),
    }


def test_the_log_has_no_way_to_change_a_row() -> None:
    assert set(methods(EventRepository)) == {
        *("append", "find_by_position", "get_latest_seq", "read", "rows"),
    }


def test_names_that_others_hold_on_to() -> None:
    assert set(methods(PositionRepository)) == {
        *("save", "find_by_id", "find_active"),
        *("find_active_by_symbol_and_side", "find_by_venue_position_ref"),
    }
    assert {"save", "find_by_id", "find_by_position", "find_pending"} == set(
        methods(OrderRepository)
    )
    assert {"record_intent", "get_intent", "complete_intent"} <= set(methods(IntentJournal))


def test_a_stored_row_is_what_the_chain_verifies() -> None:
    body = codec.dumps(every_event()[0])
    row = StoredEvent(sequence=1, body=body, hash=chain.link(chain.genesis("e"), body))
    assert chain.verify("e", [attrs.astuple(row)], None).hash == row.hash


def test_what_is_recovered_is_a_snapshot_and_what_came_after() -> None:
    snapshot = a_snapshot()
    recovered = Recovered(
        head=chain.empty_head("e"),
        snapshot=snapshot,
        events=every_event()[snapshot.sequence :],
        detectors=(a_detector_state(),),
        unresolved=(an_intent(),),
    )
    assert recovered.events[0].sequence == snapshot.sequence + 1
    assert not any(intent.status.is_resolved for intent in recovered.unresolved)
