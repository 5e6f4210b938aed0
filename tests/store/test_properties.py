"""The same batches give the same log, the same head and the same answers in every store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import robson_store
from robson_domain import (
    NO_POSITION,
    AccountEvent,
    Batch,
    DetectorState,
    Event,
    HeadMismatch,
    Intent,
    IntentKind,
    IntentStatus,
    Ledger,
    Position,
    PositionId,
    PositionKind,
    Snapshot,
    StoreError,
)
from robson_domain.position import PositionStatus
from robson_domain.symbols import Side
from robson_domain.testing import store_samples as samples
from robson_domain.testing import strategies as domain
from robson_store import verify

POSITIONS: Final = 4
EXAMPLES: Final = 15
NAMES: Final = ("", "BTCUSDT:1", "\x00\ud800", "BTCUSDT:2")
"""What a venue calls positions; few, so that some share one."""


class OneEpoch:
    """Every database of a comparison gets the same epoch, so that heads can be equal."""

    def new_id(self, kind: str) -> str:
        return kind


def _event(event: Event, number: int) -> Event:
    if isinstance(event, AccountEvent):
        return event
    return attrs.evolve(event, position_id=samples.position_id(number))


def events() -> st.SearchStrategy[Event]:
    return st.builds(_event, domain.any_event(), st.integers(1, POSITIONS))


def intents() -> st.SearchStrategy[Intent]:
    """Draw new ones, later statuses, illegal steps and rivals, of few decisions."""
    fair = st.builds(samples.an_intent_in, st.integers(1, POSITIONS), st.sampled_from(IntentStatus))
    odd = st.builds(
        lambda intent, quantity, n: attrs.evolve(intent, quantity=quantity, n=n),
        fair,
        domain.quantities(1),
        st.integers(1, 2),
    )
    recorded = st.builds(samples.an_intent_of, st.integers(1, POSITIONS))
    return st.one_of(recorded, recorded, fair, fair, odd)


def _position(position: Position, number: int, symbol: Any, armed_at: int) -> Position:
    moved = samples.a_position_in(number, position.status, position.side)
    return attrs.evolve(
        position,
        position_id=moved.position_id,
        symbol=symbol,
        armed_at=armed_at,
        entry_order=moved.entry_order,
        exit_order=moved.exit_order,
        past_exits=(),
        past_stops=(),
        venue_stop=samples.an_order_of(number, IntentKind.VENUE_STOP),
        venue_position_ref=NAMES[armed_at],
    )


def states() -> st.SearchStrategy[object]:
    some = st.integers(1, POSITIONS)
    return st.one_of(
        st.builds(_position, domain.positions(), some, domain.symbols(), st.integers(0, 3)),
        st.builds(samples.an_armed, some),
        st.builds(samples.a_detector_of, some, st.integers(0, 2**60)),
        domain.of(Ledger),
    )


@attrs.frozen
class Drawn:
    """A batch before it is known where the log ends."""

    intents: list[Intent]
    events: list[Event]
    states: list[Any]
    shift: int
    snapshot: int | None

    def after(self, sequence: int) -> Batch:
        numbered = tuple(
            attrs.evolve(event, sequence=sequence + place + self.shift)
            for place, event in enumerate(self.events, start=1)
        )
        taken = () if self.snapshot is None else (samples.a_snapshot_at(sequence + self.snapshot),)
        return Batch(intents=tuple(self.intents), events=numbered, states=(*self.states, *taken))


def batches() -> st.SearchStrategy[list[Drawn]]:
    one = st.builds(
        Drawn,
        st.lists(intents(), max_size=3),
        st.lists(events(), max_size=4),
        st.lists(states(), max_size=4),
        st.sampled_from((0, 0, 0, 0, 0, 0, 1, -1)),
        st.sampled_from((None, None, 0, 1, 2)),
    )
    return st.lists(one, max_size=6)


async def answers(store: robson_store.OpenedStore) -> list[object]:
    """Return everything that can be asked."""
    found: list[object] = [
        await store.head(),
        await store.recover(),
        [event async for event in store.events.read()],
        [(row.sequence, row.body, row.hash) async for row in store.events.rows()],
        await store.events.get_latest_seq(),
        await store.positions.find_active(),
        await store.orders.find_pending(),
        await store.intents.find_unresolved(),
        await store.ledger(),
        await _verdict(store),
    ]
    for number in range(1, POSITIONS + 1):
        found += await _about(store, samples.position_id(number), number)
    found.append(await store.events.find_by_position(NO_POSITION))
    for symbol in domain.SYMBOLS:
        for side in Side:
            found.append(await store.positions.find_active_by_symbol_and_side(symbol, side))
    for name in NAMES:
        found.append(await store.positions.find_by_venue_position_ref(name))
    return found


async def _verdict(store: robson_store.OpenedStore) -> object:
    """Return the head or why the log is not trusted: drawn states may be ahead of it."""
    try:
        return await verify(store, await store.head())
    except HeadMismatch as error:
        return str(error)


async def _about(
    store: robson_store.OpenedStore, position_id: PositionId, number: int
) -> list[object]:
    intent = samples.an_intent_of(number)
    return [
        await store.positions.find_by_id(position_id),
        await store.events.find_by_position(position_id),
        await store.orders.find_by_position(position_id),
        await store.orders.find_by_id(intent.client_order_id),
        await store.intents.get_intent(intent.intent_id),
    ]


async def said(store: robson_store.OpenedStore, batch: Batch) -> object:
    """Return what submit returns, or the words of its refusal."""
    try:
        return await store.submit(batch)
    except StoreError as error:
        return str(error)


async def play(urls: list[str], drawn: list[Drawn]) -> None:
    stores = [await robson_store.open(url, ids=OneEpoch()) for url in urls]
    try:
        for each in drawn:
            batch = each.after((await stores[0].head()).sequence)
            heard = [await said(store, batch) for store in stores]
            assert heard[1:] == heard[:-1]
        found = [await answers(store) for store in stores]
        assert found[1:] == found[:-1]
    finally:
        for store in stores:
            await store.close()


@pytest.fixture
def urls(tmp_path: Path, fresh_url: Callable[[], str]) -> Callable[[], list[str]]:
    count = iter(range(10_000))
    return lambda: [
        "memory://",
        f"sqlite:///{tmp_path}/robson-{next(count)}.db",
        fresh_url(),
    ]


def test_stores_cannot_be_told_apart(urls: Callable[[], list[str]]) -> None:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(drawn=batches())
    def compare(drawn: list[Drawn]) -> None:
        asyncio.run(play(urls(), drawn))

    compare()


def test_the_comparison_sees_refusals_and_all_kinds_of_states() -> None:
    """Else equal answers would say little: the batches are varied, and some are refused."""
    seen: set[object] = set()
    named: set[object] = set()

    @settings(max_examples=600, deadline=None, database=None)
    @given(drawn=batches())
    def look(drawn: list[Drawn]) -> None:
        for each in drawn:
            batch = each.after(5)
            seen.update(type(state) for state in batch.states)
            live = [state for state in batch.states if isinstance(state, Position)]
            seen.update(state.status for state in live)
            named.update((state.kind, bool(state.venue_position_ref)) for state in live)
            seen.update(intent.status for intent in batch.intents)
            seen.add(each.shift)

    look()
    assert {Position, DetectorState, Ledger, Snapshot, *PositionStatus, *IntentStatus} <= seen
    assert {-1, 0, 1} <= seen
    assert named == {(kind, is_named) for kind in PositionKind for is_named in (True, False)}
