"""What holds for every story from end to end: nothing it started outlives it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.binance_exchange import Exchange, Options, running_exchange
from tests.end_to_end.pulse import Market
from tests.robsond.leftovers import none_left


@pytest.fixture(scope="session", autouse=True)
def _no_daemon_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with none_left(tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """An unclosed connection fails a test of the file that left it, not of any later one."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _temporary_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A demonstration that is not told where keeps its files with the test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def exchange(portal: BlockingPortal) -> Iterator[Exchange]:
    with portal.wrap_async_context_manager(running_exchange(Options(tick_ms=50))) as exchange:
        yield exchange


@pytest.fixture
def market(portal: BlockingPortal, exchange: Exchange) -> Iterator[Market]:
    market = Market(portal, exchange)
    yield market
    market.end()
