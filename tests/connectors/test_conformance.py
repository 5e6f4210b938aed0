"""Every connector passes every card that its capabilities call for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import pytest

from robson_domain.capabilities import Capabilities
from robson_domain.testing.execution_cards import EXECUTION_CARDS, ExecutionCard
from robson_domain.testing.market_cards import MARKET_CARDS, MarketCard
from tests.connectors.harnesses import (
    WITH_STOPS,
    Harness,
    LivePaperHarness,
    MemoryHarness,
    PaperHarness,
)

MAKERS: Final[dict[str, Callable[[Path], Harness]]] = {
    "paper": lambda path: PaperHarness(str(path / "ledger.db")),
    "paper-at-once": lambda path: PaperHarness(str(path / "ledger.db"), latency_ns=0),
    "paper-in-parts": lambda path: PaperHarness(str(path / "ledger.db"), fill_fraction="0.9"),
    "paper-quote-fees": lambda path: PaperHarness(
        str(path / "ledger.db"), commission_received=False
    ),
    "paper-recorded": lambda path: PaperHarness(str(path / "ledger.db"), recorded=True),
    "paper-live": lambda path: LivePaperHarness(str(path / "ledger.db")),
    "memory": lambda _: MemoryHarness(),
    "memory-base-fees": lambda _: MemoryHarness(commission_in_base=True),
    "memory-stops": lambda _: MemoryHarness(capabilities=WITH_STOPS),
    "memory-stops-base-fees": lambda _: MemoryHarness(
        capabilities=WITH_STOPS, commission_in_base=True
    ),
    "memory-other-abilities": lambda _: MemoryHarness(
        capabilities=Capabilities(
            name="memory",
            deduplicates_client_ids=True,
            reports_pushed=False,
            has_backfill=False,
            has_history=False,
        )
    ),
}


@pytest.fixture(params=MAKERS)
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    made = MAKERS[request.param](tmp_path)
    yield made
    await made.close()


@pytest.mark.parametrize("card", EXECUTION_CARDS, ids=str)
async def test_execution(card: ExecutionCard, harness: Harness) -> None:
    if not card.fits(harness.execution.capabilities):
        pytest.skip(f"{card} is not for this venue: {card.title}")
    if card.excuse(harness):
        pytest.skip(card.excuse(harness))
    await card.run(harness)


@pytest.mark.parametrize("card", MARKET_CARDS, ids=str)
async def test_market(card: MarketCard, harness: Harness) -> None:
    if not card.fits(harness.market.capabilities):
        pytest.skip(f"{card} is not for this market: {card.title}")
    if card.excuse(harness):
        pytest.skip(card.excuse(harness))
    await card.run(harness)
