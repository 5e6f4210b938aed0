"""A database of an older version opens, and whoever was in it is found."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

import attrs
import pytest
from alembic import command

import robson_store
from robson_domain import Batch, ConfigurationError, PositionStatus, Price, Side, chain, codec
from robson_domain.testing import store_samples as samples
from robson_domain.testing.builders import SYMBOL
from robson_store import migrating
from robson_store.command_line import connection_to
from robson_store.migrating import config_for
from robson_store.statements import sqlite_statements
from tests.store.harnesses import PostgresHarness, SqliteHarness

ROWS: Final = Path(__file__).parents[1] / "golden" / "databases" / "revision_0001.sql"
"""What the first version stored, one statement a line; it is never rewritten."""
REF: Final = f"{SYMBOL}:4711"
Harness = SqliteHarness | PostgresHarness


@pytest.fixture
async def url(database: Harness, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of revision 0001 with a log, positions, orders, intents and a snapshot."""
    url = (
        f"sqlite:///{database.folder / 'old.db'}"
        if isinstance(database, SqliteHarness)
        else database.fresh_url()
    )
    with monkeypatch.context() as older:
        older.setattr(migrating, "LATEST", "0001")
        await robson_store.migrate(url)
    with connection_to(url) as connection:
        for statement in ROWS.read_text(encoding="ascii").splitlines():
            connection.exec_driver_sql(statement)
    return url


async def test_everybody_is_found_as_core_s(url: str, database: Harness) -> None:
    store = await database.open(url)
    active = samples.a_position_in(1, PositionStatus.ACTIVE)
    short = samples.a_position_in(4, PositionStatus.EXITING, Side.SHORT)
    find = store.positions.find_active_by_symbol_and_side
    assert await find(SYMBOL, Side.LONG) == (active, samples.an_armed(2))
    assert await find(SYMBOL, Side.SHORT) == (short,)
    assert await store.positions.find_active() == (active, samples.an_armed(2), short)
    assert not any(found.is_guard for found in await store.positions.find_active())
    assert await store.positions.find_by_venue_position_ref(REF) == ()
    assert await store.positions.find_by_venue_position_ref("") == ()
    assert await store.orders.find_by_position(active.position_id) == active.orders
    assert (await store.intents.find_unresolved())[0].stop_price is None


async def test_log_and_snapshot_are_still_proven(url: str, database: Harness) -> None:
    store = await database.open(url)
    assert store.epoch == "epoch-of-0001"
    assert await robson_store.verify(store, None) == await store.head()
    recovered = await store.recover()
    assert (recovered.head.sequence, len(recovered.events)) == (6, 2)
    assert recovered.snapshot is not None
    assert recovered.snapshot.positions == (samples.a_position_in(1, PositionStatus.ACTIVE),)
    rows = [row async for row in store.events.rows()]
    assert chain.verify(store.epoch, [(r.sequence, r.body, r.hash) for r in rows], None)
    assert '"borrows"' not in rows[2].body, "rows are never rewritten"


async def test_life_goes_on_and_names_come_in(url: str, database: Harness) -> None:
    store = await database.open(url)
    named = attrs.evolve(
        samples.a_protected(1, REF), best=Price(110), stop=Price(108), borrows=True
    )
    guard = samples.a_guard_of(9)
    batch = Batch(events=samples.a_log(7, 2), states=(named, guard))
    durable = await store.submit(batch)
    assert await store.positions.find_by_venue_position_ref(REF) == (named,)
    again = await database.reopen(store)
    assert await again.head() == durable.head
    assert await again.positions.find_by_venue_position_ref(REF) == (named,)
    assert guard in await again.positions.find_active()


async def test_going_back_keeps_the_rows_that_the_older_version_reads(
    url: str, database: Harness
) -> None:
    await robson_store.migrate(url)
    with connection_to(url) as connection:
        command.downgrade(config_for(connection), "0001")
        found = connection.exec_driver_sql("SELECT * FROM positions ORDER BY arrival").mappings()
        bodies = {str(row["id"]): str(row["body"]) for row in found}
        columns = set(found.keys())
    assert columns == {"arrival", "id", "symbol", "side", "status", "armed_at", "body"}
    kept = ROWS.read_text(encoding="ascii")
    assert len(bodies) == 4
    assert all(body in kept for body in bodies.values())
    assert codec.loads(bodies["position-1"])
    store = await database.open(url)
    assert len(await store.positions.find_active()) == 3


async def test_older_database_is_not_looked_at_without_migrating_it(
    url: str, database: Harness
) -> None:
    if not isinstance(database, SqliteHarness):
        return
    with pytest.raises(ConfigurationError, match="of an older version"):
        await robson_store.open_read_only(url, ids=database.ids)


async def test_a_name_is_found_by_an_index_of_the_living(sqlite: SqliteHarness) -> None:
    """The Safety Net asks before everything it does; the table only grows."""
    store = await sqlite.make()
    await store.submit(Batch(states=(samples.a_protected(1, REF), samples.an_armed(2))))
    closed = attrs.evolve(
        samples.a_position_in(3, PositionStatus.CLOSED), venue_position_ref=f"{SYMBOL}:1"
    )
    await store.submit(Batch(states=(closed,)))
    await store.close()
    with sqlite3.connect(sqlite.path_of(store)) as connection:
        asked = f"EXPLAIN QUERY PLAN {sqlite_statements().active_as}"
        plan = connection.execute(asked, (REF,))
        assert "positions_by_venue_position_ref" in str(plan.fetchall())
        kept = connection.execute("SELECT venue_position_ref FROM positions ORDER BY arrival")
        assert kept.fetchall() == [(REF,), (None,), (f"{SYMBOL}:1",)]
    connection.close()
