"""An exit beside a stop at the exchange of which nobody hears: judged from the exchange's side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson_domain.identity import CORE_PREFIX
from tests.binance_exchange import Exchange, Options, running_exchange
from tests.end_to_end.test_binance import ORDER, STEP, arm, entered, in_status, settings_for
from tests.robsond.service import serving, until

BTC = "BTCUSDT"
PROOF_MS = 4_000
"""An order nobody knows may still arrive for so long after its signature: before that an exit that
waited for the proof of its death could not have been sent."""


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with running_exchange(Options(tick_ms=50)) as exchange:
        yield exchange


def sales(exchange: Exchange) -> list[tuple[Any, int]]:
    """What core sold, each with the exchange's time, ms."""
    audit = exchange.audit
    pairs = zip(audit.fills, audit.fill_times, strict=True)
    return [
        (fill, at)
        for fill, at in pairs
        if fill.client_id.startswith(CORE_PREFIX) and fill.side == "SELL"
    ]


async def trading(exchange: Exchange, price: str, is_so: Callable[[], bool]) -> None:
    """Trade at a price until something is so at the exchange."""
    async with asyncio.timeout(30):
        while not is_so():
            exchange.trade(BTC, price)
            await asyncio.sleep(0.05)


async def left(exchange: Exchange) -> int:
    """Let the trailing stop be hit; return how long the exit took, ms."""
    hit = exchange.venue.clock.real_ms()
    await trading(exchange, "94000", lambda: bool(sales(exchange)))
    return int(sales(exchange)[0][1] - hit)


@pytest.mark.parametrize("fault", ["close", "timeout"])
async def test_a_stop_that_was_lost_on_its_way_does_not_hold_the_exit(
    exchange: Exchange, tmp_path: Path, fault: str
) -> None:
    where = {"type": "STOP_LOSS_LIMIT"}
    struck = exchange.fault(fault, ORDER, "POST", where=where, executed=False)
    async with serving(tmp_path, **settings_for(exchange, "live")) as client:
        name = await arm(client, "long")
        await entered(exchange, client, name)
        await trading(exchange, "95000", lambda: bool(struck.hits))
        assert await left(exchange) < PROOF_MS
        found = await until(client, f"/api/positions/{name}", in_status("Closed"))
    assert found["position"]["close_reason"] == "trailing_stop"
    assert len(sales(exchange)) == 1
    assert exchange.audit.flips(BTC, dust=STEP) == []


async def test_cancels_that_hang_are_sent_again_soon(exchange: Exchange, tmp_path: Path) -> None:
    async with serving(tmp_path, **settings_for(exchange, "live")) as client:
        name = await arm(client, "long")
        await entered(exchange, client, name)
        await trading(
            exchange, "95000", lambda: bool(exchange.venue.open_orders(BTC, isolated=True))
        )
        exchange.fault("timeout", ORDER, "DELETE", executed=False, times=2)
        assert await left(exchange) < PROOF_MS
        await until(client, f"/api/positions/{name}", in_status("Closed"))
    assert len(sales(exchange)) == 1
    assert exchange.account(BTC).balances["BTC"].net < Decimal(STEP)
