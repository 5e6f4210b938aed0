"""The whole connector on the simulated exchange: every card, and its halves together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from robson_connectors.binance.execution import CAPABILITIES
from robson_domain.errors import RetryableVenueError
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide
from robson_domain.testing.execution_cards import EXECUTION_CARDS, ExecutionCard
from robson_domain.testing.market_cards import MARKET_CARDS, MarketCard
from tests.binance_exchange import API_KEY
from tests.connectors.binance.harness import BTC, Harness, connected
from tests.connectors.binance.rest.kit import new_order


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    async with connected() as made:
        yield made
        assert made.exchange.audit.cross_orders() == []


@pytest.mark.parametrize("card", [c for c in EXECUTION_CARDS if c.fits(CAPABILITIES)], ids=str)
async def test_execution(card: ExecutionCard, harness: Harness) -> None:
    await card.run(harness)


@pytest.mark.parametrize("card", [c for c in MARKET_CARDS if c.fits(CAPABILITIES)], ids=str)
async def test_market(card: MarketCard) -> None:
    # Bars end by our clock: the exchange's must not be far from it.
    async with connected(is_kind=True) as harness:
        await card.run(harness)


def test_the_cards_are_chosen_by_what_the_connector_says(harness: Harness) -> None:
    assert harness.connector.capabilities == CAPABILITIES


def an_order(name: str) -> NewOrder:
    return new_order(OrderSide.BUY, "0.002", client_order_id=f"robson_core_{name}")


async def test_what_the_user_stream_says_reaches_the_sinks(harness: Harness) -> None:
    seen: list[OrderReport] = []
    harness.connector.subscribe_reports(seen.append)
    harness.connector.subscribe(BTC, lambda _: None, lambda *_: None)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if harness.exchange.audit.calls("POST", "/sapi/v1/userListenToken"):
            break
    await asyncio.sleep(0.5)  # the subscription follows its token
    await harness.connector.submit(an_order("a"))
    for _ in range(100):
        await asyncio.sleep(0.05)
        if any(report.status is ReportStatus.FILLED for report in seen):
            break
    assert {report.client_order_id for report in seen} == {"robson_core_a"}
    assert any(report.status is ReportStatus.FILLED for report in seen)


async def test_a_connector_that_only_reads_sends_nothing(harness: Harness) -> None:
    reader = harness.make(is_read_only=True)
    report = await reader.submit(an_order("shadow"))
    assert (report.status, report.code) == (ReportStatus.REJECTED, "READ_ONLY")
    assert (await reader.cancel(BTC, report.client_order_id)).status is ReportStatus.NOT_FOUND
    assert (await reader.account(BTC)).collateral
    writes = [c for c in harness.exchange.audit.calls() if c.method in ("POST", "DELETE")]
    assert writes == []


async def test_without_keys_the_market_is_there_and_no_account(harness: Harness) -> None:
    public = harness.make(keys=False)
    assert (await public.instrument(BTC)).symbol == BTC
    with pytest.raises(RetryableVenueError, match="no API key"):
        await public.account(BTC)
    assert API_KEY not in repr(public) + repr(harness.connector)
