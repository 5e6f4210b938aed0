"""A person buys by hand on the simulated exchange; the daemon sees it, and acts once it may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.binance_exchange import Exchange, Options, running_exchange
from tests.end_to_end.test_binance import ORDER, settings_for
from tests.robsond.service import serving, until

QUICK = {"ROBSON_POLLING_INTERVAL_SECONDS": "5"}


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with running_exchange(Options(tick_ms=50)) as exchange:
        exchange.trade("BTCUSDT", "95000")
        exchange.manual_order("BTCUSDT", "BUY", "0.01")
        yield exchange


async def guarded(client: httpx.AsyncClient, state: str) -> dict[str, Any]:
    """Return the pair once a look shows it in ``state`` with its guard, which begins after one."""

    def is_there(answer: dict[str, Any]) -> bool:
        return any(one["state"] == state and one["position_id"] for one in answer["pairs"])

    found = await until(client, "/api/safety-net", is_there)
    (pair,) = (one for one in found["pairs"] if one["symbol"] == "BTCUSDT")
    assert pair["position_id"].startswith("guard-btcusdt-")
    return dict(pair)


async def test_shadow_shows_what_it_would_guard(exchange: Exchange, tmp_path: Path) -> None:
    async with serving(tmp_path, **settings_for(exchange, "shadow"), **QUICK) as client:
        pair = await guarded(client, "observed")
        assert (pair["side"], Decimal(pair["quantity"])) == ("long", Decimal("0.00999"))
        refused = await client.post("/api/safety-net/mode", json={"mode": "act"})
        assert refused.json()["error"]["code"] == "READ_ONLY"
        assert (await client.get("/api/positions")).json()["positions"] == []
        text = (await client.get("/metrics")).text
        assert 'safety_net_positions_monitored_total{symbol="BTCUSDT"}' in text
    assert exchange.audit.calls("POST", ORDER) == []


async def test_live_it_acts_once_it_may(exchange: Exchange, tmp_path: Path) -> None:
    wanted = settings_for(exchange, "live") | QUICK
    async with serving(tmp_path, **wanted) as client:
        pair = await guarded(client, "observed")
        acts = await client.post("/api/safety-net/mode", json={"mode": "act"})
        assert acts.json()["mode"] == "act"
        await guarded(client, "monitored")
        stop = Decimal(pair["stop"])
        for _ in range(20):
            exchange.trade("BTCUSDT", stop - 10)
            await asyncio.sleep(0.1)
        name = pair["position_id"]
        closed = await until(
            client,
            f"/api/positions/{name}",
            lambda answer: answer["position"]["status"] == "Closed",
        )
        assert closed["position"]["close_reason"] == "safety_stop"
        told = (await client.get(f"/api/why/{name}")).json()
        assert told["all_same"]
        assert (await client.get("/api/replay")).json()["ok"]
    (sent,) = exchange.audit.calls("POST", ORDER)
    assert "robson_safety_" in str(sent)
    assert exchange.audit.flips("BTCUSDT", prefix="robson_safety_", dust=Decimal("0.00001")) == []
