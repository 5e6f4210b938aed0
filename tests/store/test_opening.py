"""From a URL to a store: what is accepted, what is loaded, what is said otherwise."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import robson_store
from robson_domain import Batch, ConfigurationError, Ledger, Money
from robson_domain.testing import store_samples as samples
from robson_store import read_head
from robson_store.opening import sqlite_path
from tests.store.harnesses import Harness, Numbered
from tests.store.test_sqlite import other_process


@pytest.mark.parametrize(
    "url", ["", "mysql://me:s3cret@h/d", "sqlite:", "sqlite://robson.db", "memory://x", "postgres"]
)
async def test_unknown_url_is_refused_without_repeating_it(url: str) -> None:
    for attempt in (robson_store.open(url, ids=Numbered()), robson_store.migrate(url)):
        with pytest.raises(ConfigurationError, match="DATABASE_URL names no store") as caught:
            await attempt
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite:///:memory:", "sqlite:///a.db?mode=ro"])
async def test_sqlite_url_must_name_a_file(url: str) -> None:
    with pytest.raises(ConfigurationError, match="followed by the path of a file"):
        await robson_store.open(url, ids=Numbered())


def test_sqlite_url_names_relative_and_absolute_files() -> None:
    assert sqlite_path("sqlite:///data/robson.db") == Path("data/robson.db")
    assert sqlite_path("sqlite:////var/lib/robson.db") == Path("/var/lib/robson.db")
    assert sqlite_path("sqlite:///with space%20.db") == Path("with space%20.db")


async def test_memory_has_nothing_to_migrate() -> None:
    await robson_store.migrate("memory://")


async def test_postgres_has_two_names(fresh_url: Callable[[], str]) -> None:

    url = fresh_url()
    store = await robson_store.open(url.replace("postgresql://", "postgres://"), ids=Numbered())
    assert (await store.head()).sequence == 0
    await store.close()


async def test_last_ledger_is_kept(harness: Harness) -> None:
    store = await harness.make()
    assert await store.ledger() is None
    first, second = (Ledger.opening(Money(n)) for n in (100, 200))
    await store.submit(Batch(states=(first, second)))
    assert await store.ledger() == second
    await store.submit(Batch(events=samples.a_log(1, 1)))
    assert await store.ledger() == second


async def test_head_is_exported_after_every_batch(harness: Harness, tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    harness.head_path = path
    store = await harness.make()
    assert read_head(path) is None
    for first in (1, 3, 5):
        durable = await store.submit(Batch(events=samples.a_log(first, 2)))
        assert read_head(path) == durable.head
    assert store.head_problem == ""


async def test_head_that_cannot_be_exported_stops_nothing(harness: Harness, tmp_path: Path) -> None:
    """The batch is durable; saying anything else would be worse than a head that lags."""
    folder = tmp_path / "gone"
    harness.head_path = folder / "head.json"
    store = await harness.make()
    durable = await store.submit(Batch(events=samples.a_log(1, 2)))
    assert durable.head.sequence == 2
    assert store.head_problem == "the head of the log is not exported: FileNotFoundError"
    make_folder(folder)
    durable = await store.submit(Batch(events=samples.a_log(3, 2)))
    assert store.head_problem == ""
    assert read_head(harness.head_path) == durable.head


def make_folder(path: Path) -> None:
    path.mkdir()


async def test_idle_moments_change_nothing(harness: Harness) -> None:
    store = await harness.make()
    await store.idle()
    durable = await store.submit(Batch(events=samples.a_log(1, 2)))
    await store.idle()
    assert await store.head() == durable.head


_IMPORTS = """
import asyncio, sys
import robson_store
class Ids:
    def new_id(self, kind): return kind
asyncio.run(robson_store.open(sys.argv[1], ids=Ids()))
slow = ("alembic", "psycopg", "sqlalchemy", "sqlite3")
print(*(name for name in slow if name in sys.modules))
"""


@pytest.mark.parametrize(
    ("kind", "loaded"),
    [("memory", ""), ("new", "alembic sqlalchemy sqlite3"), ("old", "sqlalchemy sqlite3")],
)
def test_each_kind_imports_only_its_own(kind: str, loaded: str, tmp_path: Path) -> None:
    url = "memory://" if kind == "memory" else f"sqlite:///{tmp_path}/robson.db"
    if kind == "old":
        assert other_process(url) == "opened"
    run = subprocess.run(
        [sys.executable, "-c", _IMPORTS, url], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == loaded
