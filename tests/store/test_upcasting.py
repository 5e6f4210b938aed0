"""An event of an older version is read as today's; its row stays as it was written."""

from __future__ import annotations

import pytest

import robson_store
from robson_domain import Batch, Store, UnknownSchema
from robson_domain.chain import link
from robson_domain.codec import canonical, dumps, loads
from robson_domain.testing import store_samples as samples
from robson_store.upcasting import UPCASTERS, Body, read_event
from tests.store.harnesses import PostgresHarness, SqliteHarness
from tests.store.test_tampering import tamper

OLDER, OLDEST = 0, -1


def from_oldest(body: Body) -> Body:
    """Version -1 had a reason where version 0 had a text."""
    rest = {name: value for name, value in body.items() if name != "reason"}
    return {**rest, "text": body["reason"], "v": OLDER}


def from_older(body: Body) -> Body:
    """Version 0 had a text where version 1 has a problem."""
    rest = {name: value for name, value in body.items() if name != "text"}
    return {**rest, "problem": body["text"], "v": 1}


@pytest.fixture
def upcasters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(UPCASTERS, ("PositionErrored", OLDEST), from_oldest)
    monkeypatch.setitem(UPCASTERS, ("PositionErrored", OLDER), from_older)


def as_written_then(version: int, name: str) -> str:
    """Return the text of event 1 as that version wrote it."""
    body = loads(dumps(samples.a_log(1, 1)[0]))
    assert isinstance(body, dict)
    body[name] = body.pop("problem")
    return canonical({**body, "v": version})


@pytest.mark.parametrize(("version", "name"), [(OLDER, "text"), (OLDEST, "reason")])
async def test_planted_old_event_is_read_as_todays(
    database: SqliteHarness | PostgresHarness, upcasters: None, version: int, name: str
) -> None:
    store: Store = await database.make()
    await store.submit(Batch(events=samples.a_log(1, 1)))
    old = as_written_then(version, name)
    digest = link(samples.head_after(store.epoch, ()).hash, old)
    change = f"UPDATE events SET body = '{old}', hash = '{digest}'"
    store = await tamper(database, store, change)
    (event,) = [event async for event in store.events.read()]
    assert event == samples.an_event_at(1, number=2)
    assert (await store.recover()).events == (event,)
    assert await store.events.find_by_position(event.position_id) == (event,)
    (row,) = [row async for row in store.events.rows()]
    assert (row.body, row.hash) == (old, digest)
    head = await robson_store.verify(store, None)
    # Today's events follow it.
    durable = await store.submit(Batch(events=samples.a_log(2, 1)))
    assert head.sequence == 1
    assert await robson_store.verify(store, durable.head) == durable.head


def test_version_nobody_knows_is_refused(upcasters: None) -> None:
    with pytest.raises(UnknownSchema, match=r"event 7: .* -2 is not known"):
        read_event(7, as_written_then(-2, "problem"))


@pytest.mark.parametrize("text", ["[]", "{}", '{"type":"PositionErrored"}', '{"type":1,"v":1}'])
def test_text_that_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(UnknownSchema, match="event 7: "):
        read_event(7, text)


def test_no_upcaster_waits_for_a_version_that_was_never_written() -> None:
    """The table grows with the versions; today all of them are the first."""
    assert UPCASTERS == {}
