"""The person trades by hand on core's own pair: refused exits, exits in doubt, exits beyond flat.

Seen from the exchange's side: how long it takes until what is there is closed or has a stop again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from robson_domain.identity import CORE_PREFIX
from tests.binance_exchange import Exchange
from tests.end_to_end.pulse import Market
from tests.end_to_end.test_binance import ORDER, STEP, arm, in_status, settings_for
from tests.robsond.service import serving, until

BTC = "BTCUSDT"
SOLD = Decimal("0.0002")
EXIT = {"type": "MARKET"}


@pytest.fixture
def live(exchange: Exchange) -> dict[str, str]:
    """Live, looking every 20 s, allowed to act."""
    return settings_for(exchange, "live") | {
        "ROBSON_POLLING_INTERVAL_SECONDS": "20",
        "ROBSON_SAFETY_NET": "act",
    }


class Hand:
    """The person at the exchange, which runs in a thread of its own, and the market there.

    Attributes:
        prices: What the market trades at.
    """

    def __init__(self, portal: BlockingPortal, exchange: Exchange, market: Market) -> None:
        self._portal = portal
        self._exchange = exchange
        self.prices = market.prices

    async def does(self, work: Callable[..., Any], *what: Any, **more: Any) -> Any:
        """Let the person do something in the exchange's own time."""
        return await asyncio.to_thread(self._portal.call, lambda: work(*what, **more))

    async def trades(self, side: str, quantity: object, **more: Any) -> None:
        """Trade by hand."""
        await self.does(self._exchange.manual_order, BTC, side, str(quantity), **more)


@pytest.fixture
def hand(portal: BlockingPortal, exchange: Exchange, market: Market) -> Hand:
    return Hand(portal, exchange, market)


def core_fills(exchange: Exchange) -> list[Any]:
    return [fill for fill in exchange.audit.fills_of(CORE_PREFIX) if fill.symbol == BTC]


def resting(exchange: Exchange) -> list[Any]:
    return list(exchange.venue.open_orders(BTC, isolated=True))


def net_of(exchange: Exchange) -> Decimal:
    return exchange.account(BTC).balances["BTC"].net


async def seconds_until(is_so: Callable[[], bool]) -> float:
    begun = time.monotonic()
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return time.monotonic() - begun


async def entered(client: httpx.AsyncClient, exchange: Exchange, side: str = "long") -> str:
    """Enter, and wait for the stop at the exchange."""
    name = await arm(client, side)
    await until(client, f"/api/positions/{name}", in_status("Active"))
    await seconds_until(lambda: bool(resting(exchange)))
    return name


async def ended(client: httpx.AsyncClient, name: str, *words: str) -> dict[str, Any]:
    found = await until(client, f"/api/positions/{name}", in_status(*(words or ("Closed",))))
    position: dict[str, Any] = found["position"]
    return position


@pytest.mark.parametrize("side", ["long", "short"])
async def test_sold_in_part_by_hand_the_exit_for_the_rest_follows_within_seconds(
    exchange: Exchange, hand: Hand, live: dict[str, str], tmp_path: Path, side: str
) -> None:
    away, hit = ("SELL", "94000") if side == "long" else ("BUY", "96000")
    async with serving(tmp_path, **live) as client:
        name = await entered(client, exchange, side)
        await hand.does(exchange.manual_cancel, BTC)
        await hand.trades(away, SOLD, side_effect="AUTO_REPAY")
        hand.prices[BTC] = hit
        assert await seconds_until(lambda: len(core_fills(exchange)) == 2) < 8
        closed = await ended(client, name)
        assert closed["close_reason"] == "trailing_stop"
        assert (await client.get(f"/api/why/{name}")).json()["all_same"]
        assert (await client.get("/api/verify-log")).json()["ok"]
    opened, left = (fill.quantity for fill in core_fills(exchange))
    assert abs(opened - left - SOLD) <= STEP
    assert abs(net_of(exchange)) <= STEP
    assert exchange.audit.double_fills() == {}


async def test_sold_in_part_by_hand_a_stop_rests_for_what_is_left_within_seconds(
    exchange: Exchange, hand: Hand, live: dict[str, str], tmp_path: Path
) -> None:
    async with serving(tmp_path, **live) as client:
        name = await entered(client, exchange)
        await hand.does(exchange.manual_cancel, BTC)
        await hand.trades("SELL", SOLD)
        assert await seconds_until(lambda: bool(resting(exchange))) < 8
        (stop,) = resting(exchange)
        assert abs(net_of(exchange) - stop.leaves) <= STEP
        await client.post(f"/api/positions/{name}/close", json={})
        await ended(client, name)


async def test_a_short_bought_back_by_hand_is_not_bought_back_again(
    exchange: Exchange, hand: Hand, live: dict[str, str], tmp_path: Path
) -> None:
    """Without repaying: the debt stands, and only the balance beside it says that it is over."""
    async with serving(tmp_path, **live) as client:
        name = await entered(client, exchange, "short")
        await hand.trades("BUY", "0.00053")
        hand.prices[BTC] = "96000"
        await ended(client, name)
    assert len(core_fills(exchange)) == 1, "the entry"
    assert abs(net_of(exchange)) <= STEP


async def test_an_exit_that_opened_the_other_side_needs_a_person(
    exchange: Exchange, hand: Hand, live: dict[str, str], tmp_path: Path
) -> None:
    """Bought back by hand while the exit was on its way: nothing at the exchange prevents it."""
    slow = exchange.fault("slow", ORDER, "POST", where=EXIT | {"side": "BUY"}, delay_ms=800)
    async with serving(tmp_path, **live) as client:
        name = await entered(client, exchange, "short")
        hand.prices[BTC] = "96000"
        await seconds_until(lambda: bool(slow.hits))
        await hand.trades("BUY", "0.00053", side_effect="AUTO_REPAY")
        position = await ended(client, name, "Error")
        assert "beyond flat" in position["error"]
        answer = await client.post(f"/api/positions/{name}/ack", json={})
        assert answer.status_code == 200, answer.text
        assert (await client.get(f"/api/why/{name}")).json()["all_same"]


@pytest.mark.parametrize("by", ["deposit", "hand"])
async def test_an_exit_in_doubt_on_an_account_that_changed_is_dead_within_seconds(
    exchange: Exchange, hand: Hand, live: dict[str, str], tmp_path: Path, by: str
) -> None:
    async with serving(tmp_path, **live | {"ROBSON_POLLING_INTERVAL_SECONDS": "1"}) as client:
        name = await entered(client, exchange)
        if by == "deposit":
            await hand.does(exchange.deposit, BTC, "BTC", "0.3")
        await asyncio.sleep(4)
        lost = exchange.fault("close", ORDER, "POST", where=EXIT, executed=False)
        hand.prices[BTC] = "94000"
        await seconds_until(lambda: bool(lost.hits))
        if by == "hand":
            await hand.trades("BUY", "0.01")
        assert await seconds_until(lambda: len(core_fills(exchange)) == 2) < 16
        await ended(client, name)
        assert (await client.get(f"/api/why/{name}")).json()["all_same"]
    bought, sold = (fill.quantity for fill in core_fills(exchange))
    assert 0 <= bought - sold <= STEP
    assert exchange.audit.double_fills() == {}
