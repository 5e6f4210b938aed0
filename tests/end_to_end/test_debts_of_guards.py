"""What the person borrowed, deposited or closed at the wrong moment: repaid, left alone, told.

Everything is judged from the exchange's side: what it was sent, what is owed and held in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from robson_domain.identity import CORE_PREFIX, SAFETY_PREFIX
from tests.binance_exchange import Exchange, Options, running_exchange
from tests.end_to_end.test_binance import ORDER, STEP, arm, in_status, settings_for
from tests.robsond.service import serving, until

BTC = "BTCUSDT"
NET = "/api/safety-net"
REPAY = "/sapi/v1/margin/borrow-repay"


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with running_exchange(Options(tick_ms=50)) as exchange:
        yield exchange


@pytest.fixture
async def market(exchange: Exchange) -> AsyncIterator[dict[str, str]]:
    """What the pair trades at, every 50 ms, until it is told otherwise."""
    prices = {BTC: "95000"}

    async def beat() -> None:
        while True:
            exchange.trade(BTC, prices[BTC])
            await asyncio.sleep(0.05)

    beating = asyncio.create_task(beat())
    yield prices
    beating.cancel()


@pytest.fixture
def act(exchange: Exchange) -> dict[str, str]:
    """Live, looking every second, allowed to act."""
    return settings_for(exchange, "live") | {
        "ROBSON_POLLING_INTERVAL_SECONDS": "1",
        "ROBSON_SAFETY_NET": "act",
    }


Prices = dict[str, str]
Case = tuple[str, str, str]


async def so(what: Callable[[], Any], seconds: float = 20) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while True:
            if what():
                return
            await asyncio.sleep(0.02)


def executed(exchange: Exchange, prefix: str) -> list[Any]:
    return list(exchange.audit.fills_of(prefix))


def balance(exchange: Exchange, asset: str) -> Any:
    return exchange.account(BTC).balances[asset]


async def guarded(client: httpx.AsyncClient) -> None:
    await until(client, NET, lambda answer: answer["guards"])


async def ended(client: httpx.AsyncClient) -> None:
    await until(client, NET, lambda answer: answer["guards"] == [])


async def warned(client: httpx.AsyncClient) -> str:
    """The warning about the pair, as status tells it too."""
    (one,) = (await until(client, NET, lambda answer: answer["quarantined"]))["quarantined"]
    status = (await client.get("/api/status")).json()
    assert any(one["problem"] in warning for warning in status["warnings"])
    problem: str = one["problem"]
    return problem


SHORT_AND_LONG = [("SELL", "96960", "BTC"), ("BUY", "93040", "USDT")]


@pytest.mark.parametrize("case", SHORT_AND_LONG, ids=["short", "long"])
async def test_what_the_exchange_forgot_to_repay_out_of_a_guard_s_exit_is_paid_back(
    exchange: Exchange,
    act: dict[str, str],
    market: Prices,
    tmp_path: Path,
    case: Case,
) -> None:
    side, hit, asset = case
    exchange.deposit(BTC, "USDT", "-9700")
    exchange.manual_order(BTC, side, "0.01", side_effect="MARGIN_BUY")
    assert balance(exchange, asset).debt > 0
    async with serving(tmp_path, **act) as client:
        await guarded(client)
        exchange.fail_repays_silently(1)
        market[BTC] = hit
        await so(lambda: executed(exchange, SAFETY_PREFIX))
        await ended(client)
        assert (await client.get("/api/verify-log")).json()["ok"]
        assert (await client.get(NET)).json()["quarantined"] == []
    assert len(exchange.audit.calls("POST", REPAY)) == 1
    if asset == "BTC":
        assert balance(exchange, asset).debt <= STEP * 2
    else:
        # What was lost on it nobody brought: the rest of the debt is the person's.
        assert balance(exchange, asset).debt < 30


async def test_what_cannot_be_repaid_is_said_and_the_guard_ends(
    exchange: Exchange, act: dict[str, str], market: Prices, tmp_path: Path
) -> None:
    exchange.manual_order(BTC, "SELL", "0.01", side_effect="MARGIN_BUY")
    async with serving(tmp_path, **act) as client:
        await guarded(client)
        exchange.fail_repays_silently(1)
        exchange.fault("code", REPAY, "POST", code=-3015, times=None)
        market[BTC] = "96960"
        await so(lambda: executed(exchange, SAFETY_PREFIX))
        problem = await warned(client)
        assert "is still owed and costs interest; repay it at the exchange" in problem
        await ended(client)
        answer = await client.post("/api/warnings/clear", json={"symbol": BTC})
        assert answer.status_code == 200, answer.text


async def test_a_deposit_after_core_s_quantity_was_sold_by_hand_is_not_sold(
    exchange: Exchange, act: dict[str, str], market: Prices, tmp_path: Path
) -> None:
    async with serving(tmp_path, **act) as client:
        name = await arm(client, "long")
        path = f"/api/positions/{name}"
        position = (await until(client, path, in_status("Active")))["position"]
        quantity = Decimal(position["open_qty"]).quantize(STEP, rounding="ROUND_DOWN")
        await so(lambda: list(exchange.venue.open_orders(BTC, isolated=True)))
        await asyncio.sleep(2.5)
        exchange.manual_cancel(BTC)
        exchange.manual_order(BTC, "SELL", quantity)
        # Robson looks when the exchange says that something happened; a transfer takes longer.
        looks = len(exchange.audit.calls("GET", "/sapi/v1/margin/myTrades"))
        await so(lambda: len(exchange.audit.calls("GET", "/sapi/v1/margin/myTrades")) > looks + 1)
        exchange.deposit(BTC, "BTC", quantity)
        closed = (await until(client, path, in_status("Closed")))["position"]
        assert closed["close_reason"] == "closed_outside"
        market[BTC] = "90000"
        await asyncio.sleep(2)
    assert [fill.side for fill in executed(exchange, CORE_PREFIX)] == ["BUY"]
    assert balance(exchange, "BTC").net >= quantity
    assert executed(exchange, SAFETY_PREFIX) == []


async def test_a_deposit_that_was_there_before_core_s_quantity_was_sold_by_hand_stays_whole(
    exchange: Exchange, act: dict[str, str], market: Prices, tmp_path: Path
) -> None:
    async with serving(tmp_path, **act) as client:
        name = await arm(client, "long")
        path = f"/api/positions/{name}"
        position = (await until(client, path, in_status("Active")))["position"]
        quantity = Decimal(position["open_qty"]).quantize(STEP, rounding="ROUND_DOWN")
        await so(lambda: list(exchange.venue.open_orders(BTC, isolated=True)))
        exchange.deposit(BTC, "BTC", quantity * 2)
        await asyncio.sleep(2.5)  # looks show it before anything is sold
        exchange.manual_cancel(BTC)
        exchange.manual_order(BTC, "SELL", quantity)
        closed = (await until(client, path, in_status("Closed")))["position"]
        assert closed["close_reason"] == "closed_outside"
        market[BTC] = "90000"
        await asyncio.sleep(2)
        assert (await client.get(NET)).json()["quarantined"] == []
        assert (await client.get("/api/verify-log")).json()["ok"]
    assert [fill.side for fill in executed(exchange, CORE_PREFIX)] == ["BUY"]
    assert balance(exchange, "BTC").net >= quantity * 2
    assert executed(exchange, SAFETY_PREFIX) == []


async def test_what_a_guard_bought_beyond_a_short_closed_by_hand_is_told(
    exchange: Exchange, act: dict[str, str], market: Prices, tmp_path: Path
) -> None:
    exchange.manual_order(BTC, "SELL", "0.01", side_effect="MARGIN_BUY")
    async with serving(tmp_path, **act) as client:
        await guarded(client)
        exchange.fault("slow", ORDER, "POST", delay_ms=800)
        market[BTC] = "96960"
        await so(lambda: exchange.audit.calls("POST", ORDER))
        exchange.manual_order(BTC, "BUY", "0.01002", side_effect="AUTO_REPAY")
        problem = await warned(client)
        assert "of the Safety Net bought 0.00999 BTC more than was left of your short" in problem
        assert "sell 0.00999 BTC at the exchange to undo it" in problem
        await guarded(client)  # what is there now is watched, and said not to be a plan of theirs
    assert len(executed(exchange, SAFETY_PREFIX)) == 1
