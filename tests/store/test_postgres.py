"""What is special to PostgreSQL: the lock, the wire, and what errors may say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import robson_store
from robson_domain import Batch, ConfigurationError, StoreError, UnknownSchema
from robson_domain.testing import store_samples as samples
from robson_store import postgres as module
from robson_store.database import Write
from robson_store.postgres import PostgresDatabase, complete_address, lock_key, unreachable
from robson_store.postgres_store import PostgresStore
from tests.store.harnesses import Numbered, PostgresHarness, break_connection
from tests.store.proxy import a_proxy
from tests.store.servers import Schemas
from tests.store.test_sqlite import other_process


def database_of(store: object) -> PostgresDatabase:
    return cast(PostgresStore, store)._postgres


async def test_second_daemon_is_refused(
    postgres: PostgresHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_WAIT", "50ms")
    store = await postgres.make()
    url = postgres.url_of(store)
    for attempt in (robson_store.open(url, ids=Numbered()), robson_store.migrate(url)):
        with pytest.raises(StoreError, match="in use by another daemon"):
            await attempt
    await store.submit(Batch(events=samples.a_log(1, 1)))
    await store.close()
    assert other_process(url) == "opened"


async def test_another_schema_is_another_place(postgres: PostgresHarness) -> None:
    one, other = await postgres.make(), await postgres.make()
    await one.submit(Batch(events=samples.a_log(1, 1)))
    assert (await other.head()).sequence == 0
    assert lock_key("public") != lock_key("robson")
    assert -(2**63) <= lock_key("public") < 2**63


async def test_dead_predecessor_is_waited_for(postgres: PostgresHarness) -> None:
    """Its server process may take a moment to notice."""
    store = await postgres.make()
    await store.submit(Batch(events=samples.a_log(1, 1)))
    again = await postgres.crash(store)
    assert (await again.head()).sequence == 1


async def test_left_behind_connection_is_ended(
    fresh_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the network is to blame the server does not notice; the lock would never be free."""
    monkeypatch.setattr(module, "LOCK_WAIT", "500ms")
    async with a_proxy(fresh_url()) as (proxy, url):
        store = await robson_store.open(url, ids=Numbered())
        proxy.keep_far_side = True
        proxy.cut_after = True
        assert (await store.submit(Batch(events=samples.a_log(1, 2)))).head.sequence == 2
        await store.close()


async def test_server_that_restarts_between_batches(
    postgres: PostgresHarness, schemas: Schemas
) -> None:
    store = await postgres.make()
    await store.submit(Batch(events=samples.a_log(1, 2)))
    backend = database_of(store)._backend
    assert backend is not None
    schemas.run(f"SELECT pg_terminate_backend({backend.pid})")
    assert (await store.submit(Batch(events=samples.a_log(3, 2)))).head.sequence == 4


@pytest.mark.parametrize("count", [1, 60])
async def test_failed_write_leaves_nothing_and_the_store_usable(
    postgres: PostgresHarness, count: int
) -> None:
    store = await postgres.make()
    database = database_of(store)
    statements = cast(PostgresStore, store)._statements
    rows = [(n, "p", "t", "b", "h") for n in range(1, count + 1)]
    good = Write(statements.put_event, rows, bulk=statements.copy_events)
    bad = Write("INSERT INTO absent VALUES (1)")
    with pytest.raises(StoreError, match='the database failed: relation "absent" does not exist'):
        await database.write([good, bad])
    for unstorable in (("a", "\x00"), ("a", "\ud800")):
        with pytest.raises(StoreError, match="the database failed"):
            await database.write([good, Write(statements.put_meta, [unstorable])])
    assert await database.fetch("SELECT count(*) FROM events") == [(0,)]
    with pytest.raises(StoreError, match="absent"):
        await database.fetch("SELECT * FROM absent")
    await database.write([good])
    assert await database.fetch("SELECT count(*) FROM events") == [(count,)]
    with pytest.raises(StoreError, match="duplicate key"):
        await database.write([good])


async def test_many_rows_are_loaded_in_bulk(postgres: PostgresHarness) -> None:
    database = database_of(await postgres.make())
    statements = cast(PostgresStore, await postgres.make())._statements
    rows = [(n, "p", "t", "tab\tline\nslash\\", "h") for n in range(1, 62)]
    await database.write([Write("no statement at all", rows[:51], bulk=statements.copy_events)])
    assert await database.fetch("SELECT DISTINCT body FROM events") == [("tab\tline\nslash\\",)]
    with pytest.raises(StoreError, match="the database failed"):
        await database.write([Write("no statement at all", rows[51:], bulk=statements.copy_events)])


@pytest.mark.parametrize("reads_first", [False, True])
async def test_order_saved_over_a_broken_connection_says_so(
    postgres: PostgresHarness, reads_first: bool
) -> None:
    """Outside of submit nobody compares heads; the next submit does."""
    store = await postgres.make()
    break_connection(store)
    if reads_first:
        assert await store.orders.find_pending() == ()
    with pytest.raises(StoreError, match="the connection to the database was lost"):
        await store.orders.save(samples.an_order_of(1))
    await store.submit(Batch(events=samples.a_log(1, 1)))
    await store.orders.save(samples.an_order_of(1))
    assert await store.orders.find_pending() == (samples.an_order_of(1),)


async def test_full_server_is_an_error_that_is_certain(postgres: PostgresHarness) -> None:
    """An answer of the server is an answer: nothing is in doubt, nothing is tried again."""
    store = await postgres.make()
    setting = "SELECT set_config('default_transaction_read_only', %s, false)"
    await database_of(store).fetch(setting, ("on",))
    with pytest.raises(StoreError, match="read-only transaction"):
        await store.submit(Batch(events=samples.a_log(1, 1)))
    await database_of(store).fetch(setting, ("off",))
    assert (await store.submit(Batch(events=samples.a_log(1, 1)))).head.sequence == 1


async def test_canceled_question_leaves_a_usable_store(postgres: PostgresHarness) -> None:
    store = await postgres.make()
    asking = asyncio.create_task(database_of(store).fetch("SELECT pg_sleep(30)"))
    await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert asking.cancelled()
    assert (await store.submit(Batch(events=samples.a_log(1, 2)))).head.sequence == 2


async def test_batch_canceled_on_its_way_may_be_submitted_again(postgres: PostgresHarness) -> None:
    store = await postgres.make()
    with psycopg.connect(postgres.url_of(store)) as other:
        # Whoever reads may; the batch waits until this ends.
        other.execute("LOCK TABLE events IN EXCLUSIVE MODE")
        sending = asyncio.create_task(store.submit(Batch(events=samples.a_log(1, 2))))
        await asyncio.sleep(0.2)
        assert not sending.done()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert sending.cancelled()
    assert not database_of(store).is_settled()
    assert (await store.submit(Batch(events=samples.a_log(1, 2)))).head.sequence == 2


async def test_refusal_while_opening_is_in_the_servers_words(postgres: PostgresHarness) -> None:
    store = await postgres.make()
    url = postgres.url_of(store).replace("options=", "options=-cstatement_timeout%3D100%20")
    with pytest.raises(StoreError, match="canceling statement due to statement timeout"):
        await robson_store.open(url, ids=Numbered())


async def test_connection_that_cannot_roll_back_is_replaced(
    postgres: PostgresHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await postgres.make()

    async def fail(self: object) -> None:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(psycopg.AsyncConnection, "rollback", fail)
    with pytest.raises(StoreError, match="absent"):
        await database_of(store).fetch("SELECT * FROM absent")
    assert not database_of(store).is_settled()
    assert (await store.submit(Batch(events=samples.a_log(1, 2)))).head.sequence == 2


async def test_schema_that_does_not_exist(schemas: Schemas) -> None:
    separator = "&" if "?" in schemas.url else "?"
    url = f"{schemas.url}{separator}options=-csearch_path%3Dabsent"
    with pytest.raises(StoreError, match="the schema named in the search path does not exist"):
        await robson_store.open(url, ids=Numbered())


async def test_database_of_somebody_else_is_refused(
    postgres: PostgresHarness, fresh_url: Callable[[], str]
) -> None:
    url = fresh_url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE theirs (id int)")
    with pytest.raises(UnknownSchema, match="not Robson's"):
        await postgres.open(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@127.0.0.1:1/robson",
        "postgres://me:s3cret@127.0.0.1:1/robson?connect_timeout=1",
        "postgresql://me:with@s3cret@127.0.0.1:1/robson",
    ],
)
async def test_unreachable_server_keeps_the_password_to_itself(url: str) -> None:
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        await robson_store.open(url, ids=Numbered())
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["postgresql://me:s3cret%zz@h/d", "postgresql://h/d?s3cret=1"])
async def test_url_that_is_none_keeps_the_password_to_itself(url: str) -> None:
    for attempt in (robson_store.open(url, ids=Numbered()), robson_store.migrate(url)):
        with pytest.raises(ConfigurationError, match="no PostgreSQL URL") as caught:
            await attempt
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('FATAL: password authentication failed for user "x"', "refused the user or the password"),
        ('FATAL: database "y" does not exist', "no such user or database"),
        ("connection to server failed: Connection refused", "nothing listens"),
        ("connection timeout expired", "did not answer in time"),
        ("FATAL: sorry, too many clients already", "no connection left"),
        ("no password supplied", "asks for a password"),
        ("something new", "OperationalError"),
    ],
)
def test_reasons_are_in_our_words(text: str, reason: str) -> None:
    assert reason in str(unreachable(psycopg.OperationalError(text)))


def test_connection_gives_up_on_a_silent_network() -> None:
    given = conninfo_to_dict(complete_address("postgres://me@h/d?tcp_user_timeout=5"))
    assert given["tcp_user_timeout"] == "5"
    assert given["connect_timeout"] == "10"
    assert given["keepalives_idle"] == "10"


async def test_real_refusal_of_a_password(schemas: Schemas, tmp_path: Path) -> None:
    """The server's own words, through the driver."""
    parts = conninfo_to_dict(schemas.url)
    url = schemas.url.replace(f"{parts['user']}@", "nobody-at-all@", 1)
    with pytest.raises(StoreError, match="the server has no such user or database"):
        await robson_store.open(url, ids=Numbered())
