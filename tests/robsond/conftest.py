"""What holds for every test of the daemon: nothing it started outlives it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

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
