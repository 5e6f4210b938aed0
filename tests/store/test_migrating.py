"""Every database comes to this version's tables, or is refused; none is left in between."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import robson_store
from robson_domain import Batch, ConfigurationError, StoreError, UnknownSchema
from robson_domain.testing import store_samples as samples
from robson_store import migrating
from robson_store.command_line import connection_to
from robson_store.postgres_store import postgres_engine
from tests.store.harnesses import Numbered, PostgresHarness, SqliteHarness

ROOT: Final = Path(__file__).resolve().parents[2]
VERSIONS: Final = ROOT / "packages/robson-store/src/robson_store/migrations/versions"
CURRENT: Final = migrating.LATEST
Harness = SqliteHarness | PostgresHarness


def alembic(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would, in the root of the repository."""
    command = [sys.executable, "-m", "alembic", *arguments]
    environment = {**os.environ, "DATABASE_URL": url}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def place(harness: Harness, name: str = "new.db") -> str:
    if isinstance(harness, SqliteHarness):
        return f"sqlite:///{harness.folder / name}"
    return harness.fresh_url()


def tables(url: str) -> dict[str, list[str]]:
    """Return the tables at ``url`` with their columns, keys and indexes, as text."""
    from sqlalchemy import inspect

    with connection_to(url) as connection:
        seen = inspect(connection)
        return {
            name: [
                str([(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(name)]),
                str(sorted(str(u["column_names"]) for u in seen.get_unique_constraints(name))),
                str(sorted(str(i["name"]) for i in seen.get_indexes(name))),
                str(seen.get_pk_constraint(name)["constrained_columns"]),
            ]
            for name in sorted(seen.get_table_names())
        }


def test_every_revision_is_listed_in_order() -> None:
    texts = [path.read_text() for path in sorted(VERSIONS.glob("v*.py"))]
    found = [re.findall(r'^revision = "(\d+)"', text, re.MULTILINE)[0] for text in texts]
    before = [re.findall(r"^down_revision = (.*)$", text, re.MULTILINE)[0] for text in texts]
    assert tuple(found) == migrating.REVISIONS
    assert before == ["None", *(f'"{revision}"' for revision in found[:-1])]


def test_up_and_down_and_up_again(database: Harness) -> None:
    url = place(database)
    up = alembic(url, "upgrade", "head")
    assert up.returncode == 0, up.stderr
    made = tables(url)
    assert {"events", "intents", "positions", "orders", "detectors", "snapshots"} <= set(made)
    down = alembic(url, "downgrade", "base")
    assert down.returncode == 0, down.stderr
    assert set(tables(url)) == {migrating.REVISION_TABLE}
    assert alembic(url, "upgrade", "head").returncode == 0
    assert tables(url) == made


def test_tables_are_those_of_the_schema(database: Harness) -> None:
    """Alembic itself looks for a difference between the revisions and ``schema.py``."""
    url = place(database)
    assert alembic(url, "upgrade", "head").returncode == 0
    check = alembic(url, "check")
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("url", ["sqlite:///any.db", "postgresql://any"])
def test_revisions_can_be_read_as_sql(url: str) -> None:
    shown = alembic(url, "upgrade", "head", "--sql")
    assert "CREATE TABLE events" in shown.stdout


def test_command_without_a_database_says_so() -> None:
    refused = alembic("", "upgrade", "head")
    assert "DATABASE_URL names no store" in refused.stderr


async def test_command_is_refused_while_a_daemon_runs(database: Harness) -> None:
    store = await database.make()
    refused = alembic(database.url_of(store), "upgrade", "head")
    assert "in use" in refused.stderr


async def test_connection_for_the_command_is_refused_while_a_daemon_runs(
    database: Harness,
) -> None:
    store = await database.make()
    with pytest.raises(StoreError, match="in use"), connection_to(database.url_of(store)):
        pass
    with pytest.raises(ConfigurationError), connection_to("mysql://h/d"):
        pass


async def test_server_that_is_gone_while_migrating() -> None:
    with pytest.raises(StoreError, match="nothing listens"):
        postgres_engine("host=127.0.0.1 port=1").connect()


async def test_migrate_makes_what_open_makes(database: Harness) -> None:
    one, other = place(database, "one.db"), place(database, "other.db")
    await robson_store.migrate(one)
    await robson_store.migrate(one)
    store = await database.open(other)
    await store.close()
    assert tables(one) == tables(other)


async def test_database_taken_down_is_brought_up_again(database: Harness) -> None:
    url = place(database)
    await robson_store.migrate(url)
    assert alembic(url, "downgrade", "base").returncode == 0
    store = await database.open(url)
    assert (await store.submit(Batch(events=samples.a_log(1, 1)))).head.sequence == 1


@pytest.fixture
def next_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build that knows one revision more; returns the file of that revision."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for path in (*VERSIONS.glob("v*.py"), *VERSIONS.parent.glob("*.*")):
        target = folder / path.relative_to(VERSIONS.parent)
        target.write_bytes(path.read_bytes())
    last = migrating.LATEST
    added = folder / "versions" / "v9999_more.py"
    added.write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '9999'\ndown_revision = '{last}'\n"
        "def upgrade():\n"
        "    op.add_column('events', sa.Column('note', sa.Text, nullable=True))\n"
        "def downgrade():\n"
        "    op.drop_column('events', 'note')\n"
    )
    monkeypatch.setattr(migrating, "_FOLDER", folder)
    monkeypatch.setattr(migrating, "REVISIONS", (*migrating.REVISIONS, "9999"))
    monkeypatch.setattr(migrating, "LATEST", "9999")
    return added


async def test_older_database_is_migrated_and_keeps_its_rows(
    database: Harness, next_revision: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(migrating, "LATEST", CURRENT)
        store = await database.make()
    url = database.url_of(store)
    await store.close()
    assert "note" not in str(tables(url)["events"])
    store = await database.open(url)
    durable = await store.submit(Batch(events=samples.a_log(1, 3)))
    await store.close()
    assert "note" in str(tables(url)["events"])
    again = await database.open(url)
    assert await robson_store.verify(again, None) == durable.head


async def test_newer_database_is_refused_and_kept(
    database: Harness, next_revision: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await database.make()
    url = database.url_of(store)
    await store.close()
    before = tables(url)
    monkeypatch.undo()
    for attempt in (robson_store.open(url, ids=Numbered()), robson_store.migrate(url)):
        with pytest.raises(
            UnknownSchema, match=f"revision 9999, this version knows up to {CURRENT}"
        ):
            await attempt
    assert tables(url) == before


NONSENSE: Final = "    op.execute('SELECT nonsense()')\n"


def replace(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


async def test_failed_migration_leaves_the_database_as_it_was(
    database: Harness, next_revision: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(migrating, "LATEST", CURRENT)
        store = await database.make()
    url = database.url_of(store)
    await store.close()
    before = tables(url)
    replace(next_revision, "def downgrade", f"{NONSENSE}def downgrade")
    with pytest.raises(StoreError, match="could not be migrated"):
        await database.open(url)
    assert tables(url) == before
    replace(next_revision, NONSENSE, "")
    await database.open(url)


async def test_database_of_somebody_else_is_refused_and_kept(sqlite: SqliteHarness) -> None:
    url = place(sqlite)
    with connection_to(url) as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (id INTEGER)")
    before = tables(url)
    with pytest.raises(UnknownSchema, match="not Robson's"):
        await sqlite.open(url)
    assert tables(url) == before
