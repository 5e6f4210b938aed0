"""A venue's market streams on this machine, and somebody who listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from robson_connectors.binance.market_data import MarketParts, MarketStreams
from robson_connectors.transport.socket import LinkSettings
from robson_domain.errors import RetryableVenueError
from robson_domain.instrument import Instrument
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol
from tests.connectors.binance.streams.test_parse_stream import AGGREGATE, BOOK
from tests.connectors.transport.kit import (
    MS,
    HurryingClock,
    LoopbackServer,
    Problems,
    Session,
    loopback,
)

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")


def aggregate(number: int, symbol: Symbol = BTC, price: str = "100.00") -> str:
    message = {**AGGREGATE, "s": str(symbol), "a": number, "p": price, "q": "1.0"}
    return json.dumps({"stream": f"{symbol.lower()}@aggTrade", "data": message})


def quote(price: str, symbol: Symbol = BTC) -> str:
    message = {**BOOK, "s": str(symbol), "b": price, "a": price}
    return json.dumps({"stream": f"{symbol.lower()}@bookTicker", "data": message})


class Listener:
    def __init__(self) -> None:
        self.told: list[object] = []
        self.ticks: list[TradeTick] = []

    def sink(self, tick: TradeTick) -> None:
        self.ticks.append(tick)
        self.told.append(tick.trade_id)

    def link(self, symbol: Symbol, up: bool) -> None:
        self.told.append("up" if up else "down")


class Rig:
    def __init__(self, server: LoopbackServer, speed: int, options: dict[str, Any]) -> None:
        self.server = server
        self.clock = HurryingClock(speed)
        self.problems = Problems()
        self.answers = True
        self.refuses = False
        self.instrument_failures = 0
        self.rules = asyncio.Event()
        self.rules.set()
        self.history: list[TradeTick] = []
        self.fetched: list[int] = []
        self.asked: list[dict[str, Any]] = []
        server.on_message = self.on_message
        self.streams = MarketStreams(
            MarketParts(
                url=server.url,
                clock=self.clock,
                jitter=lambda: 0.5,
                notify=self.problems,
                instrument=self.instrument,
                fetch=self.fetch,
                settings=LinkSettings(**{"overlap_ns": 100 * MS, **options}),
            )
        )

    async def instrument(self, symbol: Symbol) -> Instrument:
        await self.rules.wait()
        if self.instrument_failures:
            self.instrument_failures -= 1
            raise RetryableVenueError("later")
        return Instrument(symbol=symbol, tick_size=Decimal("0.01"), step_size=Decimal("0.1"))

    async def fetch(self, symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        self.fetched.append(after)
        found = [t for t in self.history if t.symbol == symbol and t.trade_id > after]
        return tuple(found[:5])

    def on_message(self, session: Session, text: str) -> str | None:
        request = json.loads(text)
        self.asked.append(request)
        if not self.answers:
            return None
        if self.refuses:
            self.refuses = False
            return json.dumps({"error": {"code": 2, "msg": "no"}, "id": request["id"]})
        return json.dumps({"result": None, "id": request["id"]})

    def subscribe(self, symbol: Symbol = BTC) -> Listener:
        listener = Listener()
        self.streams.subscribe(symbol, listener.sink, listener.link)
        return listener

    def streams_of(self, index: int) -> list[str]:
        path, _, query = self.server.sessions[index].path.partition("?streams=")
        assert path == "/stream"
        return unquote(query).split("/")


@asynccontextmanager
async def market(speed: int = 1, **options: Any) -> AsyncIterator[Rig]:
    async with loopback() as server:
        rig = Rig(server, speed, options)
        yield rig
        await rig.streams.close()
