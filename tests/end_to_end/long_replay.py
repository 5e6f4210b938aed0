"""An hour of market through socket, connector, machine and store: no stop missed, nothing grows.

``python -m tests.end_to_end.long_replay HOURS`` replays as long as wanted and prints what it
found; a test runs an hour of it in a process of its own, whose memory nothing else uses.

The market's time is the machine's: it passes with the trades, as fast as they are decided on.
The connection is cut when a stop is close, and what was traded meanwhile can only be fetched.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import random
import resource
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
from websockets.protocol import State

import robson_store
from robson_connectors.binance.market_data import MarketParts, MarketStreams
from robson_connectors.memory import MemoryConnector, MemoryTerms
from robson_domain import (
    DetectorSpec,
    ExitTriggered,
    Instrument,
    Money,
    PositionId,
    Price,
    RiskConfig,
    Side,
    Symbol,
    TradeTick,
)
from robson_engine import EngineConfig, RiskLimits
from robson_exec import ArmRequest, Daemon, Observation, Parts, Published, start
from tests.connectors.transport.kit import LoopbackServer, Session, frame, loopback
from tests.end_to_end.market_clock import MarketClock

BTC: Final = Symbol("BTCUSDT")
INSTRUMENT: Final = Instrument(symbol=BTC, tick_size=Decimal("0.01"), step_size=Decimal("0.00001"))
MS: Final = 1_000_000
HOUR_MS: Final = 3_600_000
START_MS: Final = 1_700_000_000_000
TRADE_MS: Final = 35
"""28 trades a second, as recorded."""
STEP_MS: Final = 210
"""Market time that passes at once: six trades."""
CUT_MS: Final = 2 * 60_000
"""At least between two cuts; each comes when the stop is close, so that some hit it unseen."""
DARK_STEPS: Final = 5
"""At least so long nobody can connect after a cut."""
REACH_TICKS: Final = 180
STOP_TICKS: Final = 9_000
SAMPLES: Final = 16
"""Looks at the memory in an hour."""
KEPT_TRADES: Final = 2_000
TEXT: Final = 1
LIMITS: Final = RiskLimits(
    entries_per_minute=10**6,
    daily_loss_fraction=Decimal(10**6),
    total_risk_fraction=Decimal(10**6),
    drawdown_fraction=Decimal(1),
    notional_multiple=Decimal(10**6),
)
Hit = tuple[str, str]
"""Price and stop of an exit."""


class Ids:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}"


class Quiet:
    def alert(self, severity: str, name: str, facts: Mapping[str, str]) -> None:
        """Cuts are meant, and told of."""


@attrs.frozen
class Trade:
    number: int
    ms: int
    ticks: int

    @property
    def price(self) -> str:
        return _price(self.ticks)

    def frame(self) -> bytes:
        data = {
            "e": "aggTrade", "E": self.ms, "s": str(BTC), "a": self.number, "p": self.price,
            "q": "0.01250000", "f": self.number, "l": self.number, "T": self.ms, "m": True,
            "M": True,
        }  # fmt: skip
        return frame(TEXT, json.dumps({"stream": "btcusdt@aggTrade", "data": data}).encode())

    def tick(self, received: int) -> TradeTick:
        return TradeTick(BTC, self.ticks, self.number, self.ms * MS, received, 1_250)


def _price(ticks: int) -> str:
    return f"{ticks // 100}.{ticks % 100:02d}"


def _scaled(price: Price) -> str:
    return _price(INSTRUMENT.ticks(price))


class Plain:
    """The trailing stop of a long as anybody would calculate it."""

    def __init__(self, entry: int) -> None:
        self.best = entry
        self.hit: Hit | None = None

    def see(self, ticks: int) -> None:
        if self.hit is None:
            stop = self.best - STOP_TICKS
            if ticks <= stop:
                self.hit = (_price(ticks), _price(stop))
            self.best = max(self.best, ticks)


class Venue(MemoryConnector):
    """Orders in memory; prices by the Binance market stream."""

    def __init__(self, url: str, clock: MarketClock) -> None:
        terms = MemoryTerms(fee_rate=Decimal(0))
        super().__init__([INSTRUMENT], Money(10**12), clock, terms)
        self.traded: deque[Trade] = deque(maxlen=KEPT_TRADES)
        self.streams = MarketStreams(
            MarketParts(
                url=url,
                clock=clock,
                jitter=lambda: 0.5,
                notify=lambda name, facts: None,
                instrument=self.instrument,
                fetch=self._past,
            )
        )

    async def _past(self, symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        now = self._clock.now_ns()
        assert not self.traded or self.traded[0].number <= after + 1
        return tuple(trade.tick(now) for trade in self.traded if trade.number > after)

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        return await self.streams.trades_since(symbol, after_trade_id)

    def subscribe(
        self,
        symbol: Symbol,
        sink: Callable[[TradeTick], None],
        link: Callable[[Symbol, bool], None],
    ) -> None:
        self.streams.subscribe(symbol, sink, link)

    def unsubscribe(self, symbol: Symbol) -> None:
        self.streams.unsubscribe(symbol)

    async def close(self) -> None:
        await self.streams.close()
        await super().close()


class Market:
    """A seeded walk."""

    def __init__(self) -> None:
        self._rng = random.Random(11)
        self._number = 0
        self.ticks = 6_000_000

    def still(self) -> Trade:
        """Return another trade at the same price."""
        self._number += 1
        return Trade(self._number, START_MS + self._number * TRADE_MS, self.ticks)

    def move(self) -> Trade:
        self.ticks += self._rng.randint(-REACH_TICKS, REACH_TICKS)
        return self.still()


class Replay:
    """The market, and beside it the plain calculation."""

    def __init__(self, server: LoopbackServer, clock: MarketClock, venue: Venue) -> None:
        self._server = server
        self._clock = clock
        self._venue = venue
        self._market = Market()
        self._names = (PositionId(f"p{n}") for n in itertools.count())
        self.plain: Plain | None = None
        self.wanted: list[Hit] = []
        self.found: list[Hit] = []
        self.in_gaps = self.cuts = self._dark = 0

    def listen(self, seen: Observation) -> None:
        for event in seen.events if isinstance(seen, Published) else ():
            if isinstance(event, ExitTriggered):
                assert event.price is not None
                assert event.stop is not None
                self.found.append((_scaled(event.price), _scaled(event.stop)))
                self.in_gaps += event.reason == "crossed_in_gap"

    @property
    def _sessions(self) -> list[Session]:
        return [s for s in self._server.open_sessions if s.socket.state is State.OPEN]

    @property
    def is_connected(self) -> bool:
        return bool(self._sessions)

    @property
    def is_close(self) -> bool:
        """Whether a few trades may reach the stop."""
        far = 2 * REACH_TICKS
        return self.plain is not None and self._market.ticks < self.plain.best - STOP_TICKS + far

    async def step(self, daemon: Daemon) -> None:
        """Let the next trades happen, and wait until they were decided on."""
        trades = [self._market.move() for _ in range(STEP_MS // TRADE_MS)]
        self._happen(trades)
        if self.is_connected:
            await self._seen(daemon, trades[-1])
        else:
            await self._darkness()
        if self.plain is not None:
            for trade in trades:
                self.plain.see(trade.ticks)
            if self.plain.hit is not None:
                self.wanted.append(self.plain.hit)
                self.plain = None

    async def _darkness(self) -> None:
        self._dark -= 1
        if self._dark <= 0:
            self._server.gate.set()
            await asyncio.sleep(0.002)  # real time, for the handshake

    def _happen(self, trades: list[Trade]) -> None:
        last = trades[-1]
        self._venue.traded.extend(trades)
        self._venue.book.prices[BTC] = INSTRUMENT.price(last.ticks)
        self._clock.pass_to(last.ms * MS)
        raw = b"".join(trade.frame() for trade in trades)
        for session in self._sessions:
            session.write(raw)

    async def _seen(self, daemon: Daemon, last: Trade) -> None:
        """Wait until ``last`` was decided on, or nobody needs prices any more."""
        while self.is_connected and daemon.view.active():
            shown = daemon.view.last_price(BTC)
            if shown is not None and shown.ts_event == last.ms * MS:
                return
            await asyncio.sleep(0)

    def cut(self) -> None:
        """Cut the connection; what is traded until the next one is there can only be fetched."""
        self.cuts += 1
        for session in self._sessions:
            session.cut()
        self._dark = DARK_STEPS
        self._server.gate.clear()
        self._server.sessions.clear()  # what they remember is no memory of the machine

    async def enter(self, daemon: Daemon) -> None:
        """Arm, and let the price stand until the position is open."""
        name = next(self._names)
        await daemon.desk.arm(request(name))
        async with asyncio.timeout(10):
            while (found := daemon.view.find(name)) is None or not found.open_qty:
                assert found is None or not found.is_closed, found
                self._happen([self._market.still()])
                await asyncio.sleep(0.0005)
        self.plain = Plain(self._market.ticks)

    async def left(self, daemon: Daemon) -> None:
        """Wait for the exit that is due."""
        async with asyncio.timeout(10):
            while daemon.view.active():  # noqa: ASYNC110 - it takes no time of the market
                await asyncio.sleep(0)


def request(name: PositionId) -> ArmRequest:
    return ArmRequest(
        position_id=name,
        symbol=BTC,
        side=Side.LONG,
        detector=DetectorSpec(name="manual", params=(("stop_distance", _price(STOP_TICKS)),)),
        risk=RiskConfig(capital=Money(10_000)),
    )


def resident_mb() -> float:
    """Return the memory the process holds now; its peak where the system tells no more."""
    gc.collect()
    table = Path("/proc/self/statm")
    if table.exists():
        return int(table.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


async def replayed(replay: Replay, daemon: Daemon, clock: MarketClock, hours: float) -> list[float]:
    """Replay; return the samples of memory, MB."""
    until, sampled, cut = START_MS + int(hours * HOUR_MS), START_MS, START_MS
    samples: list[float] = []
    await replay.enter(daemon)
    while (now := clock.now_ns() // MS) < until:
        await replay.step(daemon)
        if replay.is_connected and replay.plain is None:
            await replay.left(daemon)
            await replay.enter(daemon)
        if now - cut >= CUT_MS and replay.is_close:
            cut = now
            replay.cut()
        if now - sampled >= HOUR_MS // SAMPLES:
            sampled = now
            samples.append(resident_mb())
    while not replay.is_connected or replay.plain is not None:
        await replay.step(daemon)
    await replay.left(daemon)
    return samples


async def run(hours: float) -> dict[str, Any]:
    clock = MarketClock(START_MS * MS)
    with tempfile.TemporaryDirectory() as folder:
        async with loopback() as server:
            store = await robson_store.open(f"sqlite:///{folder}/replay.db", ids=Ids())
            venue = Venue(server.url, clock)
            server.on_message = _answer
            parts = Parts(
                config=EngineConfig(account="replay", epoch=store.epoch),
                capital=Money(10_000),
                limits=LIMITS,
                store=store,
                execution=venue,
                market=venue,
                clock=clock,
                ids=Ids(),
                alerts=Quiet(),
            )
            daemon = await start(parts)
            replay = Replay(server, clock, venue)
            daemon.bus.add_listener("exits", replay.listen)
            samples = await replayed(replay, daemon, clock, hours)
            clock.pass_to(clock.now_ns() + 10**12)
            await daemon.stop()
    return {
        "wanted": replay.wanted,
        "found": replay.found,
        "in_gaps": replay.in_gaps,
        "cuts": replay.cuts,
        "events": daemon.view.head.sequence,
        "samples_mb": samples,
        "percent_an_hour": slope(samples),
    }


def _answer(session: Session, text: str) -> str:
    return json.dumps({"result": None, "id": json.loads(text)["id"]})


def slope(samples: list[float]) -> float:
    """Return the growth after the first quarter, percent an hour, by least squares."""
    late = samples[len(samples) // 4 :]
    middle, mean = (len(late) - 1) / 2, sum(late) / len(late)
    rise = sum((n - middle) * (value - mean) for n, value in enumerate(late))
    rise /= sum((n - middle) ** 2 for n in range(len(late)))
    return rise * SAMPLES / mean * 100


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(float(sys.argv[1])))))
