"""Where requests or prices are short: what is worth one goes out, and stops are watched on.

Everything is judged from the exchange's side: what was executed, when, and what was asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from robson_domain.identity import CORE_PREFIX, SAFETY_PREFIX
from tests.binance_exchange import Exchange, Options, running_exchange
from tests.binance_exchange.faults import Fault
from tests.end_to_end.test_binance import ORDER, STEP, arm, in_status, settings_for
from tests.robsond.service import serving, until

BTC = "BTCUSDT"
ACCOUNT = "/sapi/v1/margin/isolated/account"
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


# -------------------------------------------------------------------------------- limits


def stops(exchange: Exchange) -> list[Any]:
    """Stops of Robson's that rest at the exchange."""
    return [order for order in exchange.venue.open_orders(BTC, isolated=True) if order.ask.is_stop]


async def entered(client: httpx.AsyncClient, exchange: Exchange, side: str = "long") -> str:
    """A position whose stop rests at the exchange."""
    exchange.trade(BTC, "95000")
    name = await arm(client, side)
    async with asyncio.timeout(20):
        while not stops(exchange):
            exchange.trade(BTC, "95000")
            await asyncio.sleep(0.02)
    return name


async def hit(exchange: Exchange, fault: Fault) -> None:
    """Return once a fault has struck."""
    async with asyncio.timeout(20):
        while not fault.hits:
            exchange.trade(BTC, "95000")
            await asyncio.sleep(0.02)


async def test_a_read_too_many_does_not_hold_up_an_exit(
    exchange: Exchange, live: dict[str, str], tmp_path: Path
) -> None:
    async with serving(tmp_path, **live) as client:
        await entered(client, exchange)
        await hit(exchange, exchange.fault("limit", ACCOUNT, "GET", retry_after=8))
        assert await seconds_to_exit(exchange, CORE_PREFIX, "94000") < 2
    assert exchange.audit.double_fills() == {}


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_an_exit_told_to_slow_down_is_tried_once_more(
    exchange: Exchange, live: dict[str, str], tmp_path: Path, method: str
) -> None:
    async with serving(tmp_path, **live) as client:
        name = await entered(client, exchange)
        fault = exchange.fault("limit", ORDER, method, retry_after=8)
        assert await seconds_to_exit(exchange, CORE_PREFIX, "94000") < 3
        assert fault.hits == 1
        await until(client, f"/api/positions/{name}", in_status("Closed"))
    assert exchange.audit.double_fills() == {}


async def test_an_exit_that_is_limited_on_goes_twice_then_waits(
    exchange: Exchange, live: dict[str, str], tmp_path: Path
) -> None:
    async with serving(tmp_path, **live) as client:
        await entered(client, exchange)
        sent = len(exchange.audit.calls("POST", ORDER))
        fault = exchange.fault("limit", ORDER, "POST", retry_after=3, times=2)
        assert 2.5 < await seconds_to_exit(exchange, CORE_PREFIX, "94000") < 6
        calls = exchange.audit.calls("POST", ORDER)[sent:]
        assert (fault.hits, len(calls)) == (2, 3)
        assert exchange.limits.bans == 0


@pytest.mark.parametrize("trouble", ["slow", "limit"])
async def test_a_short_is_bought_back_before_it_is_known_what_is_owed(
    exchange: Exchange, live: dict[str, str], tmp_path: Path, trouble: str
) -> None:
    async with serving(tmp_path, **live) as client:
        name = await entered(client, exchange, "short")
        fault = exchange.fault(
            trouble,
            ACCOUNT,
            "GET",
            delay_ms=1_400,
            retry_after=3,
            times=4 if trouble == "slow" else 1,
        )
        await hit(exchange, fault)
        assert await seconds_to_exit(exchange, CORE_PREFIX, "96500") < 1
        await until(client, f"/api/positions/{name}", in_status("Closed"))
    assert exchange.audit.double_fills() == {}
    assert exchange.audit.flips(BTC, prefix=CORE_PREFIX, dust=STEP) == []


async def test_the_first_stop_of_a_process_rests_at_once(
    exchange: Exchange, live: dict[str, str], tmp_path: Path
) -> None:
    async with serving(tmp_path, **live) as client:
        await entered(client, exchange)
    entry, stop = exchange.audit.calls("POST", ORDER)
    assert stop.at_ms - entry.at_ms < 500


# ------------------------------------------------------------------------------ refusals


async def test_a_stop_that_is_refused_again_and_again_is_a_warning(
    exchange: Exchange, live: dict[str, str], tmp_path: Path
) -> None:
    exchange.fault(
        "code", ORDER, "POST", where={"type": "STOP_LOSS_LIMIT"}, code=-2010, status=400, times=4,
        message="This action is disabled on this account.",
    )  # fmt: skip
    async with serving(tmp_path, **live) as client:
        exchange.trade(BTC, "95000")
        name = await arm(client, "long")

        async def warned(word: str) -> list[str]:
            async with asyncio.timeout(20):
                while True:
                    exchange.trade(BTC, "95000")
                    said: list[str] = (await client.get("/api/status")).json()["warnings"]
                    if [line for line in said if word in line] if word else not said:
                        return said
                    await asyncio.sleep(0.02)

        (said,) = await warned("refused 3 in a row")
        assert "BTCUSDT: no stop rests at the exchange" in said
        assert "(code -2010)" in said
        assert f"robson close {name}" in said
        await warned("")
    assert len(stops(exchange)) == 1
