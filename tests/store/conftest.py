"""Stores to test, each empty; the server is started once per process, when first needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.store.harnesses import Harness, MemoryHarness, PostgresHarness, SqliteHarness
from tests.store.servers import Schemas, a_server

KINDS = ("memory", "sqlite", "postgres")
DATABASES = KINDS[1:]


@pytest.fixture(scope="session")
def schemas() -> Iterator[Schemas]:
    with a_server() as url:
        schemas = Schemas(url)
        yield schemas
        schemas.drop()


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Ask for the server only when a test really makes a place on it."""

    def fresh() -> str:
        schemas: Schemas = request.getfixturevalue("schemas")
        return schemas.fresh()

    return fresh


def make_harness(kind: str, folder: Path, fresh_url: Callable[[], str]) -> Harness:
    if kind == "memory":
        return MemoryHarness()
    return SqliteHarness(folder) if kind == "sqlite" else PostgresHarness(fresh_url)


@pytest.fixture(params=KINDS)
async def harness(
    request: pytest.FixtureRequest, tmp_path: Path, fresh_url: Callable[[], str]
) -> AsyncIterator[Harness]:
    """Every kind of store in turn."""
    harness = make_harness(request.param, tmp_path, fresh_url)
    yield harness
    await harness.stop()


@pytest.fixture(params=DATABASES)
async def database(
    request: pytest.FixtureRequest, tmp_path: Path, fresh_url: Callable[[], str]
) -> AsyncIterator[SqliteHarness | PostgresHarness]:
    """Every kind of store that has a database, in turn."""
    harness = make_harness(request.param, tmp_path, fresh_url)
    assert not isinstance(harness, MemoryHarness)
    yield harness
    await harness.stop()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqliteHarness]:
    harness = SqliteHarness(tmp_path)
    yield harness
    await harness.stop()


@pytest.fixture
async def postgres(fresh_url: Callable[[], str]) -> AsyncIterator[PostgresHarness]:
    harness = PostgresHarness(fresh_url)
    yield harness
    await harness.stop()
