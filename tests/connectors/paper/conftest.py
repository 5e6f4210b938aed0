"""A paper account on a simulated market, its clock in the hands of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.connectors.harnesses import PaperHarness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[PaperHarness]:
    made = PaperHarness(str(tmp_path / "ledger.db"))
    yield made
    await made.close()
