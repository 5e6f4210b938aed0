"""The exchange as a process of its own, driven over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.binance_exchange import Exchange
from tests.binance_exchange.control_http import OPERATIONS
from tests.binance_exchange_tests.raw_client import BTC, ORDER, RawClient

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [sys.executable, "-m", "tests.binance_exchange", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as running:
        assert running.stdout is not None
        try:
            yield running, json.loads(running.stdout.readline())
        finally:
            running.terminate()
            running.wait(5)


async def test_process_serves_and_obeys(
    process: tuple[subprocess.Popen[str], dict[str, str]],
) -> None:
    running, addresses = process
    async with httpx.AsyncClient(base_url=addresses["base_url"]) as http:
        http.headers["X-MBX-APIKEY"] = "SimulatedKey" + "0123456789ABCDEF" * 3
        client = RawClient(http)
        traded = await http.post("/control/trade", json={"symbol": "BTCUSDT", "price": "96000.5"})
        assert traded.json()["result"]["price"] == "96000.5"
        await http.post("/control/fault", json={"kind": "unknown_503", "path": ORDER})
        spoiled = await client.signed("POST", ORDER, **BTC, side="BUY", type="MARKET", quantity="1")
        assert spoiled.status_code == 503
        await client.market("BUY", "0.01")
        order = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.02"}
        assert (await http.post("/control/manual_order", json=order)).status_code == 200
        views: dict[str, Any] = {
            name: (await http.get(f"/control/{name}")).json()
            for name in ("state", "audit", "requests", "fills", "faults", "exposures")
        }
    assert views["state"]["accounts"]["BTCUSDT"]["balances"]["BTC"]["free"] == "0.02997"
    assert views["audit"]["double_fills"] == {}
    assert [call["status"] for call in views["requests"]] == [503, 200]
    assert [fill["by_person"] for fill in views["fills"]] == [False, True]
    assert views["faults"]["requests"][0]["hits"] == 1
    assert views["exposures"][-1]["traded"] == "0.02997"
    running.send_signal(signal.SIGTERM)
    assert running.wait(5) == 0


async def test_every_operation_exists(exchange: Exchange) -> None:
    assert [name for name in OPERATIONS if not callable(getattr(exchange, name, None))] == []


async def test_mistaken_control_requests(exchange: Exchange, client: RawClient) -> None:
    unknown = await client.http.post("/control/nonsense")
    broken = await client.http.post("/control/trade", json={"symbol": "BTCUSDT"})
    hidden = await client.http.post("/control/stop")
    assert [r.status_code for r in (unknown, broken, hidden)] == [404, 400, 404]
    assert exchange.audit.requests == []


async def test_background_walk_over_control(exchange: Exchange, client: RawClient) -> None:
    walk = {"symbol": "BTCUSDT", "steps": 5, "seed": 1, "every_ms": 0}
    assert (await client.http.post("/control/start_walk", json=walk)).status_code == 200
    assert len(exchange.feeds) <= 1
    for _ in range(20):
        await client.get("/api/v3/ping")
    assert exchange.venue.market("BTCUSDT").next_id == 7
