"""What the spot testnet can show of the connector, one visit at a time, in a process of its own.

    python -m tests.connectors.binance.testnet_visit bars

prints what was found as one line of JSON. The tests themselves never leave this machine
(``tests/conftest.py``); this program does, when somebody asks for it and sets a testnet key.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from robson_connectors.binance import ApiKeys, BinanceConnector, BinanceParts, Hosts, hosts_of
from robson_connectors.binance.fields import flag, number, row, rows, text
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol

VARIABLES: Final = ("BINANCE_TESTNET_API_KEY", "BINANCE_TESTNET_SECRET")
BTC: Final = Symbol("BTCUSDT")
MINUTE: Final = 60_000_000_000
PATIENCE_S: Final = 30


class WallClock:
    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until(self, ts: int) -> None:
        await asyncio.sleep(max(0, ts - time.time_ns()) / 1e9)


Found = dict[str, Any]


async def server_time(connector: BinanceConnector) -> Found:
    """Ask for the time, as before every first signed request."""
    await connector._rest.sync_time()
    best = connector._rest.time.best
    assert best is not None
    return {"offset_ms": best.offset // 1_000_000, "round_trip_ms": best.round_trip // 1_000_000}


async def rules(connector: BinanceConnector) -> Found:
    """Ask for the rules of a pair."""
    found = await connector.instrument(BTC)
    return {"tick": str(found.tick_size), "step": str(found.step_size)}


async def bars(connector: BinanceConnector) -> Found:
    """Ask for complete bars."""
    found = await connector.bars(BTC, MINUTE, 5)
    return {"starts": [bar.ts_open // MINUTE for bar in found]}


async def stream(connector: BinanceConnector) -> Found:
    """Listen until there is a trade; the testnet may be quiet, the link may not be down."""
    ticks: list[TradeTick] = []
    links: list[bool] = []
    connector.subscribe(BTC, ticks.append, lambda _, up: links.append(up))
    for _ in range(10 * PATIENCE_S):
        await asyncio.sleep(0.1)
        if links and ticks:
            break
    return {"links": links, "ids": [tick.trade_id for tick in ticks]}


async def spot_account(connector: BinanceConnector) -> Found:
    """Ask a signed question; spot is the only account there."""
    content = row(await connector._rest.signed("GET", "/api/v3/account"))
    held = {text(each, "asset"): number(each, "free") for each in rows(content["balances"])}
    return {"can_trade": flag(content, "canTrade"), "assets": len(held)}


Visit = Callable[[BinanceConnector], Awaitable[Found]]
VISITS: Final[dict[str, Visit]] = {
    each.__name__: each for each in (server_time, rules, bars, stream, spot_account)
}


async def visited(name: str, hosts: Hosts, keys: ApiKeys) -> Found:
    """Return what the visit ``name`` finds at ``hosts``."""
    connector = BinanceConnector(
        BinanceParts(
            hosts=hosts,
            clock=WallClock(),
            jitter=random.random,
            notify=lambda *_: None,
            keys=keys,
        )
    )
    try:
        return await VISITS[name](connector)
    finally:
        await connector.close()


if __name__ == "__main__":
    own = ApiKeys(*(os.environ[name] for name in VARIABLES))
    print(json.dumps(asyncio.run(visited(sys.argv[1], hosts_of("testnet"), own))))
