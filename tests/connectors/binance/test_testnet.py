"""The spot testnet, for those who have a key there; and the visits themselves on this machine.

There is no testnet for margin: what is tried here is time, rules, bars, the market stream and one
signed question. ``python -m pytest -m testnet`` with both variables set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from robson_connectors.binance import ApiKeys, Hosts, hosts_of
from tests.binance_exchange import API_KEY, API_SECRET, running_exchange
from tests.connectors.binance.rest.kit import INFO, KEY, SECRET, Server, exchange_info, said
from tests.connectors.binance.testnet_visit import VARIABLES, VISITS, visited

ROOT: Final = Path(__file__).parents[3]
REASON: Final = f"{VARIABLES[0]} and {VARIABLES[1]} are not set"
HAS_KEY: Final = all(os.environ.get(name) for name in VARIABLES)


def check(name: str, found: dict[str, Any]) -> None:
    """Hold what a visit found to what must be so on any exchange in working order."""
    if name == "server_time":
        assert abs(found["offset_ms"]) < 60_000
        assert found["round_trip_ms"] < 10_000
    elif name == "rules":
        assert float(found["tick"]) > 0
        assert float(found["step"]) > 0
    elif name == "bars":
        starts = found["starts"]
        assert 0 < len(starts) <= 5
        assert starts == list(range(starts[0], starts[0] + len(starts)))
    elif name == "stream":
        assert found["links"] == [True]
        assert found["ids"] == sorted(set(found["ids"]))
    else:
        assert found["can_trade"] is True
        assert found["assets"] > 0


@pytest.mark.testnet
@pytest.mark.skipif(not HAS_KEY, reason=REASON)
@pytest.mark.parametrize("name", VISITS)
def test_the_spot_testnet(name: str) -> None:
    program = [sys.executable, "-m", "tests.connectors.binance.testnet_visit", name]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    check(name, json.loads(done.stdout))


# ------------------------------------------------------------------ the visits, on this machine


@pytest.mark.parametrize("name", [name for name in VISITS if name != "spot_account"])
async def test_a_visit_to_the_simulated_exchange(name: str) -> None:
    async with running_exchange() as exchange:
        exchange.history("BTCUSDT", ["95000"] * 10)
        exchange.start_walk(symbol="BTCUSDT", steps=200, every_ms=50)
        hosts = hosts_of(
            base_url=exchange.base_url, ws_url=exchange.ws_url, ws_api_url=exchange.ws_api_url
        )
        check(name, await visited(name, hosts, ApiKeys(API_KEY, API_SECRET)))


async def test_the_signed_visit() -> None:
    async with Server() as server:
        balances = [{"asset": "BTC", "free": "1.0", "locked": "0.0"}]
        server.script("GET", "/api/v3/account", said({"canTrade": True, "balances": balances}))
        server.script("GET", "/api/v3/time", said({"serverTime": 1}))
        hosts = Hosts(rest=server.url, streams="ws://127.0.0.1:1", ws_api="ws://127.0.0.1:1/")
        check("spot_account", await visited("spot_account", hosts, ApiKeys(KEY, SECRET)))
        (asked,) = server.asked("GET", "/api/v3/account")
    assert asked.headers["x-mbx-apikey"] == KEY
    assert list(asked.params) == ["recvWindow", "timestamp", "signature"]


async def test_rules_are_read_where_nothing_is_margin() -> None:
    async with Server() as server:
        server.script("GET", INFO, said(exchange_info(isMarginTradingAllowed=False)))
        hosts = Hosts(rest=server.url, streams="ws://127.0.0.1:1", ws_api="ws://127.0.0.1:1/")
        check("rules", await visited("rules", hosts, ApiKeys(KEY, SECRET)))


def test_without_a_key_they_are_skipped_and_say_why() -> None:
    bare = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    program = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        "-m",
        "testnet",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*program, __file__], cwd=ROOT, capture_output=True, text=True, env=bare, timeout=60
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert len(lines) == 1, done.stdout
    assert lines[0].startswith(f"SKIPPED [{len(VISITS)}]")
    assert lines[0].endswith(f": {REASON}")
