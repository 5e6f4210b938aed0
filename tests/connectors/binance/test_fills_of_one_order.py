"""All executions of one order, however many there are and however long ago they were."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from robson_connectors.binance import trades
from robson_domain.orders import Fill
from robson_domain.reports import ReportStatus
from robson_domain.symbols import OrderSide
from tests.binance_exchange import running_exchange
from tests.connectors.binance.harness import Harness
from tests.connectors.binance.rest.kit import BTC, new_order

DAY_AND_AN_HOUR_MS = 25 * 3_600_000


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    async with running_exchange() as exchange:
        made = Harness(exchange)
        await made.start()
        yield made
        await made.end()


async def fills_of(harness: Harness, name: str) -> tuple[Fill, ...]:
    report = await harness.execution.query_order(
        BTC, new_order(client_order_id=name).client_order_id
    )
    assert report.status is ReportStatus.FILLED
    return report.fills


async def test_as_many_as_a_page_and_more(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trades, "PAGE", 2)
    harness.exchange.partial_fill(1, 3)
    order = new_order(OrderSide.BUY, "0.003", client_order_id="robson_core_parts")
    await harness.execution.submit(order)
    assert [str(f.quantity) for f in await fills_of(harness, "robson_core_parts")] == ["0.001"] * 3


async def test_those_of_yesterday(harness: Harness) -> None:
    order = new_order(OrderSide.BUY, "0.003", client_order_id="robson_core_old")
    await harness.execution.submit(order)
    harness.exchange.skew(DAY_AND_AN_HOUR_MS)
    assert len(await fills_of(harness, "robson_core_old")) == 1
