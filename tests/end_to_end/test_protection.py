"""The person beside Robson on one account: guarded, respected, never touched by mistake.

Everything is judged from the exchange's side: what was executed under whose name.
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
from tests.end_to_end.test_binance import ORDER, STEP, arm, entered, in_status, settings_for
from tests.robsond.service import serving, until

BTC, ETH = "BTCUSDT", "ETHUSDT"
NET = "/api/safety-net"


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with running_exchange(Options(tick_ms=50)) as exchange:
        yield exchange


@pytest.fixture
def act(exchange: Exchange) -> dict[str, str]:
    """Live, looking every second, allowed to act."""
    return settings_for(exchange, "live") | {
        "ROBSON_POLLING_INTERVAL_SECONDS": "1",
        "ROBSON_SAFETY_NET": "act",
    }


def by(exchange: Exchange, prefix: str, symbol: str = BTC) -> list[Any]:
    """What orders of ``prefix`` executed on a pair."""
    return [fill for fill in exchange.audit.fills_of(prefix) if fill.symbol == symbol]


def net_of(exchange: Exchange, symbol: str = BTC) -> Decimal:
    """What the account holds minus owes of the pair's base asset."""
    account = exchange.account(symbol)
    return account.balances[symbol.removesuffix("USDT")].net


async def market(
    exchange: Exchange, price: str, is_over: Callable[[], bool], symbol: str = BTC
) -> None:
    """Trade at a price until something is so."""
    async with asyncio.timeout(20):
        while not is_over():
            exchange.trade(symbol, price)
            await asyncio.sleep(0.05)


async def seen(
    client: httpx.AsyncClient, symbol: str, what: str, *, key: str = "state"
) -> dict[str, Any]:
    """The pair as the Safety Net shows it, once it is in this state."""

    def found(answer: dict[str, Any]) -> list[dict[str, Any]]:
        pairs: list[dict[str, Any]] = answer["pairs"]
        return [p for p in pairs if p["symbol"] == symbol and p[key] == what]

    return found(await until(client, NET, found))[0]


STOPS = {"BUY": ("93100", "93090"), "SELL": ("96900", "96910")}


@pytest.mark.parametrize("side", list(STOPS))
async def test_a_manual_position_is_guarded_and_closed(
    exchange: Exchange, act: dict[str, str], tmp_path: Path, side: str
) -> None:
    stop, hit = STOPS[side]
    exchange.manual_order(BTC, side, "0.01", side_effect="MARGIN_BUY")
    async with serving(tmp_path, **act) as client:
        pair = await seen(client, BTC, "monitored")
        assert abs(Decimal(pair["stop"]) - Decimal(stop)) < 1, "two percent from what was paid"
        await market(exchange, hit, lambda: bool(by(exchange, SAFETY_PREFIX)))
        await until(client, NET, lambda answer: answer["guards"] == [])
        assert (await client.get("/api/verify-log")).json()["ok"]
    assert abs(net_of(exchange)) <= STEP * 2
    assert exchange.audit.double_fills() == {}
    assert exchange.audit.flips(BTC, dust=STEP * 2) == []


async def test_observing_sends_nothing_until_it_is_confirmed(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    exchange.manual_order(BTC, "BUY", "0.01")
    async with serving(tmp_path, **(act | {"ROBSON_SAFETY_NET": "observe"})) as client:
        await seen(client, BTC, "observed")
        for _ in range(20):
            exchange.trade(BTC, "93000")
            await asyncio.sleep(0.05)
        assert exchange.audit.calls("POST", ORDER) == []
        answer = await client.post(f"{NET}/mode", json={"mode": "act"})
        assert answer.status_code == 200, answer.text
        await seen(client, BTC, "91140", key="stop")  # two percent from the price it has now
        await market(exchange, "91100", lambda: bool(by(exchange, SAFETY_PREFIX)))


async def test_a_deposit_is_listed_and_never_sold(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    exchange.deposit(BTC, "BTC", "0.5")
    async with serving(tmp_path, **act) as client:
        pair = await seen(client, BTC, "collateral")
        assert Decimal(pair["collateral"]) == Decimal("0.5")
        for price in ("93000", "80000", "60000"):
            exchange.trade(BTC, price)
            await asyncio.sleep(0.5)
    assert exchange.audit.calls("POST", ORDER) == []
    assert net_of(exchange) == Decimal("0.5")


async def test_a_deposit_that_is_adopted_is_guarded(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    exchange.deposit(BTC, "BTC", "0.5")
    async with serving(tmp_path, **act) as client:
        await seen(client, BTC, "collateral")
        answer = await client.post(f"{NET}/{BTC}/rule", json={"rule": "adopt"})
        assert answer.status_code == 200, answer.text
        await seen(client, BTC, "monitored")
        await market(exchange, "93000", lambda: bool(by(exchange, SAFETY_PREFIX)))
    assert net_of(exchange) <= STEP


async def test_a_core_position_is_skipped_and_another_pair_guarded(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    exchange.manual_order(ETH, "BUY", "0.5")
    async with serving(tmp_path, **act) as client:
        name = await arm(client, "long")
        await entered(exchange, client, name)
        pair = await seen(client, BTC, "core_managed", key="reason")
        assert pair["position_id"] == name
        await seen(client, ETH, "monitored")
        await market(exchange, "92000", lambda: bool(by(exchange, CORE_PREFIX)[1:]))
        closed = await until(client, f"/api/positions/{name}", in_status("Closed"))
        assert closed["position"]["close_reason"] == "trailing_stop"
        await market(exchange, "1950", lambda: bool(by(exchange, SAFETY_PREFIX, ETH)), ETH)
    assert by(exchange, SAFETY_PREFIX, BTC) == []
    assert by(exchange, CORE_PREFIX, ETH) == []
    assert exchange.audit.double_fills() == {}


async def test_what_the_person_adds_to_a_core_position_stays_theirs(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    async with serving(tmp_path, **act) as client:
        name = await arm(client, "long")
        await entered(exchange, client, name)
        exchange.manual_order(BTC, "BUY", "0.01")
        pair = await seen(client, BTC, "monitored")
        assert Decimal(pair["quantity"]) == Decimal("0.00999"), "net of the commission, on the grid"
        await market(exchange, "94000", lambda: len(by(exchange, CORE_PREFIX)) == 2)
        await until(client, f"/api/positions/{name}", in_status("Closed"))
        assert net_of(exchange) >= Decimal("0.0099"), "core sold what was its own"
        await market(exchange, "93000", lambda: bool(by(exchange, SAFETY_PREFIX)))
    bought, sold = (fill.quantity for fill in by(exchange, CORE_PREFIX))
    assert 0 <= bought - sold <= STEP
    assert abs(net_of(exchange)) <= STEP * 2
    assert exchange.audit.flips(BTC, dust=STEP * 2) == []


async def test_a_stop_of_the_persons_is_respected(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    exchange.manual_order(BTC, "BUY", "0.01")
    exchange.manual_order(
        BTC, "SELL", "0.00999", type="STOP_LOSS_LIMIT", price="90000", stop_price="90100"
    )
    async with serving(tmp_path, **act) as client:
        await seen(client, BTC, "own_stop")
        for _ in range(10):
            exchange.trade(BTC, "92000")
            await asyncio.sleep(0.1)
        assert by(exchange, SAFETY_PREFIX) == []
        exchange.manual_cancel(BTC)
        await seen(client, BTC, "monitored")


async def test_the_person_closes_by_hand_and_the_guard_is_gone(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    exchange.manual_order(BTC, "BUY", "0.01")
    async with serving(tmp_path, **act) as client:
        await seen(client, BTC, "monitored")
        exchange.manual_order(BTC, "SELL", "0.00999")
        await until(client, NET, lambda answer: answer["guards"] == [])
        for _ in range(10):
            exchange.trade(BTC, "80000")
            await asyncio.sleep(0.05)
    assert by(exchange, SAFETY_PREFIX) == []


async def test_a_core_position_sold_by_hand_is_closed_outside(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    async with serving(tmp_path, **act) as client:
        name = await arm(client, "long")
        position = await entered(exchange, client, name)
        exchange.manual_cancel(BTC)
        exchange.manual_order(BTC, "SELL", position["open_qty"][:7])
        closed = await until(client, f"/api/positions/{name}", in_status("Closed"))
        assert closed["position"]["close_reason"] in ("closed_outside", "disaster_stop")
    assert len(by(exchange, CORE_PREFIX)) == 1
    assert exchange.audit.flips(BTC, dust=STEP * 2) == []


async def test_an_order_that_locks_the_quantity_is_canceled_when_the_stop_is_hit(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    exchange.manual_order(BTC, "BUY", "0.01")
    async with serving(tmp_path, **act) as client:
        await seen(client, BTC, "monitored")
        exchange.manual_order(BTC, "SELL", "0.009", type="LIMIT", price="99000")
        await asyncio.sleep(1.5)
        await market(exchange, "93000", lambda: bool(by(exchange, SAFETY_PREFIX)))
        await until(client, NET, lambda answer: answer["guards"] == [])
    assert abs(net_of(exchange)) <= STEP * 2


async def test_another_robson_stops_entries(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    exchange.manual_order(
        ETH, "BUY", "0.01", type="LIMIT", price="1900", client_id="robson_core_" + "x" * 18
    )
    exchange.manual_order(ETH, "BUY", "0.5")
    async with serving(tmp_path, **act) as client:
        await until(client, NET, lambda answer: answer["another_robson"])
        name = await arm(client, "long")
        exchange.trade(BTC, "95000")
        for _ in range(10):
            exchange.trade(BTC, "95000")
            await asyncio.sleep(0.1)
        closed = (await until(client, f"/api/positions/{name}", in_status("Closed")))["position"]
        assert closed["denial_code"] == "ANOTHER_ROBSON"
        answer = await client.post("/api/warnings/clear", json={"symbol": None})
        assert answer.status_code == 200, answer.text


def resting(exchange: Exchange) -> str:
    """The client id of the stop that rests, empty while none does."""
    orders = list(exchange.venue.open_orders(BTC, isolated=True))
    return orders[0].ask.client_id if orders else ""


@pytest.mark.parametrize("side", ["long", "short"])
async def test_a_stop_rests_at_the_exchange_and_is_taken_back_before_the_exit(
    exchange: Exchange, act: dict[str, str], tmp_path: Path, side: str
) -> None:
    away, back = ("97000", "95500") if side == "long" else ("93000", "94500")
    async with serving(tmp_path, **act) as client:
        name = await arm(client, side)
        await entered(exchange, client, name)
        await market(exchange, "95000", lambda: exchange.audit.exposures[-1].is_stopped(STEP))
        first = resting(exchange)
        await market(exchange, away, lambda: resting(exchange) not in ("", first))
        await market(exchange, back, lambda: len(by(exchange, CORE_PREFIX)) == 2)
        closed = (await until(client, f"/api/positions/{name}", in_status("Closed")))["position"]
        assert closed["close_reason"] == "trailing_stop"
        assert (await client.get(f"/api/why/{name}")).json()["all_same"]
    assert list(exchange.venue.open_orders(BTC, isolated=True)) == []
    assert exchange.audit.double_fills() == {}
    assert exchange.audit.flips(BTC, prefix=CORE_PREFIX, dust=STEP) == []


async def test_down_the_stop_at_the_exchange_is_what_bounds_the_loss(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    async with serving(tmp_path, **act) as client:
        name = await arm(client, "long")
        await entered(exchange, client, name)
        await market(
            exchange, "95000", lambda: bool(list(exchange.venue.open_orders(BTC, isolated=True)))
        )
        await asyncio.sleep(0.5)
    for price in ("94500", "93800", "93000", "92900"):
        exchange.trade(BTC, price)
    assert len(by(exchange, CORE_PREFIX)) >= 2, "it was executed while nobody was there"
    async with serving(tmp_path, **act) as client:
        closed = (await until(client, f"/api/positions/{name}", in_status("Closed")))["position"]
        assert closed["close_reason"] == "disaster_stop"
        assert (await client.get("/api/verify-log")).json()["ok"]
    assert exchange.audit.flips(BTC, prefix=CORE_PREFIX, dust=STEP) == []


@pytest.mark.parametrize("side", ["long", "short"])
async def test_debt_that_the_exchange_forgot_to_repay_is_paid_back(
    exchange: Exchange, act: dict[str, str], tmp_path: Path, side: str
) -> None:
    exchange.deposit(BTC, "USDT", "-9960")
    async with serving(tmp_path, **act) as client:
        name = await arm(client, side)
        await entered(exchange, client, name)
        exchange.fail_repays_silently(1)
        await client.post(f"/api/positions/{name}/close", json={})
        await until(client, f"/api/positions/{name}", in_status("Closed"))
    for asset in ("BTC", "USDT"):
        assert exchange.account(BTC).balances[asset].debt <= Decimal("0.00001")


async def test_without_the_market_stream_prices_are_asked_for(
    exchange: Exchange, act: dict[str, str], tmp_path: Path
) -> None:
    exchange.manual_order(BTC, "BUY", "0.01")
    async with serving(tmp_path, **act) as client:
        await until(client, NET, lambda answer: answer["guards"])
        exchange.trade(BTC, "95000")
        await asyncio.sleep(0.5)
        exchange.refuse_streams(True)
        exchange.drop_streams("market")
        await market(exchange, "93000", lambda: bool(by(exchange, SAFETY_PREFIX)))
        exchange.refuse_streams(False)
    assert exchange.audit.double_fills() == {}
