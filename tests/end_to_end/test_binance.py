"""The daemon on the simulated exchange: entered, trailed, left and settled, seen from its side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from robson_domain import ConfigurationError
from robsond.compose_binance import account_id
from robsond.settings import load
from tests.binance_exchange import API_KEY, API_SECRET, Exchange, Options, running_exchange
from tests.robsond.service import serving, until

STEP = Decimal("0.00001")
"""Buying back is rounded up to it: less than that is held afterwards."""
ORDER = "/sapi/v1/margin/order"


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with running_exchange(Options(tick_ms=50)) as exchange:
        yield exchange


def settings_for(exchange: Exchange, mode: str) -> dict[str, str]:
    wanted = {
        "ROBSON_CONNECTOR": "binance",
        "ROBSON_MODE": mode,
        "BINANCE_API_KEY": API_KEY,
        "BINANCE_API_SECRET": API_SECRET,
        "BINANCE_BASE_URL": exchange.base_url,
        "BINANCE_WS_URL": exchange.ws_url,
        "BINANCE_WS_API_URL": exchange.ws_api_url,
    }
    if mode == "live":
        wanted["ROBSON_LIVE_CONFIRM"] = account_id(load(wanted | {"ROBSON_DATA_DIR": "."}).settings)
    return wanted


async def arm(client: httpx.AsyncClient, side: str) -> str:
    body = {"symbol": "BTCUSDT", "side": side, "strategy": "manual", "stop_distance": "1%"}
    answer = await client.post("/api/positions", json=body)
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["position"]["position_id"]
    return name


def in_status(*words: str) -> Any:
    return lambda answer: answer["position"]["status"] in words


async def market(exchange: Exchange, *prices: str) -> None:
    for price in prices:
        exchange.trade("BTCUSDT", price)
        await asyncio.sleep(0.1)


async def entered(exchange: Exchange, client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    async def trading() -> None:
        while True:
            await market(exchange, "95000")

    beat = asyncio.ensure_future(trading())
    try:
        found = await until(client, f"/api/positions/{name}", in_status("Active", "Closed"))
    finally:
        beat.cancel()
    position: dict[str, Any] = found["position"]
    assert position["status"] == "Active", position
    return position


def at_market(exchange: Exchange) -> int:
    """How many orders at market came; a stop that rests is none."""
    calls = exchange.audit.calls("POST", ORDER)
    return sum(call.params["type"] == "MARKET" for call in calls)


@pytest.mark.parametrize("side", ["long", "short"])
async def test_a_position_from_arm_to_settled(
    exchange: Exchange, tmp_path: Path, side: str
) -> None:
    away, back = ("96000", "94900") if side == "long" else ("94000", "95100")
    async with serving(tmp_path, **settings_for(exchange, "live")) as client:
        name = await arm(client, side)
        position = await entered(exchange, client, name)
        assert float(position["open_qty"]) * 95_000 <= 50, "the cap of live mode"
        await market(exchange, away)
        await market(exchange, back, back)
        closed = (await until(client, f"/api/positions/{name}", in_status("Closed")))["position"]
        assert closed["close_reason"] == "trailing_stop"
        assert (await client.get(f"/api/why/{name}")).json()["all_same"]
        assert (await client.get("/api/verify-log")).json()["ok"]
    audit = exchange.audit
    assert audit.double_fills() == {}
    assert audit.flips("BTCUSDT", prefix="robson_core_", dust=STEP) == []
    assert audit.cross_orders() == []
    assert at_market(exchange) == 2


async def test_a_lost_answer_is_no_second_entry(exchange: Exchange, tmp_path: Path) -> None:
    struck = exchange.fault("close", ORDER, "POST", executed=True)
    async with serving(tmp_path, **settings_for(exchange, "live")) as client:
        name = await arm(client, "long")
        await entered(exchange, client, name)
        assert struck.hits == 1
        await client.post(f"/api/positions/{name}/close", json={})
        await until(client, f"/api/positions/{name}", in_status("Closed"))
    assert exchange.audit.double_fills() == {}
    assert at_market(exchange) == 2


async def test_shadow_decides_and_sends_nothing(exchange: Exchange, tmp_path: Path) -> None:
    async with serving(tmp_path, **settings_for(exchange, "shadow")) as client:
        name = await arm(client, "long")
        for _ in range(20):
            await market(exchange, "95000")
        closed = (await until(client, f"/api/positions/{name}", in_status("Closed")))["position"]
        assert closed["close_reason"] == "not_entered"
        types = [event["type"] for event in (await client.get("/api/events")).json()["events"]]
        assert "EntryOrderPlaced" in types
        assert "OrderRejected" in types
    assert exchange.audit.calls("POST", ORDER) == []


async def test_paper_on_the_live_market_needs_no_key(exchange: Exchange, tmp_path: Path) -> None:
    wanted = settings_for(exchange, "paper")
    del wanted["BINANCE_API_KEY"], wanted["BINANCE_API_SECRET"]
    async with serving(tmp_path, **wanted) as client:
        name = await arm(client, "long")
        await entered(exchange, client, name)
    async with serving(tmp_path, **wanted) as client:
        await market(exchange, "96000", "94900", "94900")
        closed = (await until(client, f"/api/positions/{name}", in_status("Closed")))["position"]
        assert closed["close_reason"] in ("trailing_stop", "crossed_in_gap")
    assert [c for c in exchange.audit.calls() if c.path.startswith("/sapi")] == []


async def test_a_lost_paper_account_on_the_live_market_is_not_replaced(
    exchange: Exchange, tmp_path: Path
) -> None:
    wanted = settings_for(exchange, "paper")
    async with serving(tmp_path, **wanted) as client:
        await entered(exchange, client, await arm(client, "long"))
    for file in ("", "-wal", "-shm"):
        (tmp_path / f"paper-binance-ledger.db{file}").unlink(missing_ok=True)
    with pytest.raises(ConfigurationError, match=r"paper-binance-ledger\.db is gone"):
        async with serving(tmp_path, **wanted):
            pass


async def test_live_does_not_start_without_its_confirmation(
    exchange: Exchange, tmp_path: Path
) -> None:
    wanted = settings_for(exchange, "live") | {"ROBSON_LIVE_CONFIRM": "yes"}
    with pytest.raises(ConfigurationError, match="ROBSON_LIVE_CONFIRM=binance-"):
        async with serving(tmp_path, **wanted):
            pass
    assert exchange.audit.calls() == []
