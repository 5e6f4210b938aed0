"""Where requests or prices are short: what is worth one goes out, and stops are watched on.

Everything is judged from the exchange's side: what was executed, when, and what was asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from robson_domain.identity import SAFETY_PREFIX
from tests.binance_exchange import Exchange, Options, running_exchange
from tests.end_to_end.test_binance import settings_for
from tests.robsond.service import serving, until

BTC = "BTCUSDT"
NET = "/api/safety-net"


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with running_exchange(Options(tick_ms=50)) as exchange:
        yield exchange


@pytest.fixture
def live(exchange: Exchange) -> dict[str, str]:
    """Live, looking every second, allowed to act."""
    return settings_for(exchange, "live") | {
        "ROBSON_POLLING_INTERVAL_SECONDS": "1",
        "ROBSON_SAFETY_NET": "act",
    }


async def seconds_to_exit(exchange: Exchange, prefix: str, price: str) -> float:
    """Trade at a price until an order of ``prefix`` is executed; return how long that took."""
    before, began = len(exchange.audit.fills_of(prefix)), time.monotonic()
    async with asyncio.timeout(20):
        while len(exchange.audit.fills_of(prefix)) == before:
            exchange.trade(BTC, price)
            await asyncio.sleep(0.02)
    return time.monotonic() - began


# ------------------------------------------------------------------------------ prices


async def test_a_guard_is_watched_where_no_trade_was_ever_pushed(
    exchange: Exchange, live: dict[str, str], tmp_path: Path
) -> None:
    """The market stream is refused from before the guard is opened; only REST is alive."""
    exchange.trade(BTC, "95000")
    async with serving(tmp_path, **live) as client:
        exchange.refuse_streams(True)
        exchange.drop_streams("market")
        exchange.manual_order(BTC, "BUY", "0.01")
        await until(client, NET, lambda answer: answer["guards"])
        assert await seconds_to_exit(exchange, SAFETY_PREFIX, "93000") < 5
    assert exchange.audit.double_fills() == {}
