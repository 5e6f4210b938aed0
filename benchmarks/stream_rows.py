"""Rows C1 and C2: from the bytes of a market stream over loopback to the decision.

Run as ``python -m benchmarks.stream_rows c1 COUNT`` or ``… c2 RATE SECONDS``; prints one JSON line.
A process of its own sends (``benchmarks.stream_server``). Ours is the Binance market stream under
a whole running machine with a position behind its stop, on a SQLite store: a trade is decided on
when the engine's step returns. Beside it, in turns and in the same process, the floor: a plain
asyncio protocol that finds the time of sending in every frame and does nothing else. C1 measures
``websockets`` as it is usually read too: ``async for`` and ``json``.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

import attrs
from websockets.asyncio.client import connect

import robson_store
from benchmarks.path_rows import BTC, INSTRUMENT, LIMITS, Ids, WallClock
from benchmarks.stream_server import STAMP, STAMP_DIGITS
from robson_connectors.binance.market_data import MARKET_LINK, MarketParts, MarketStreams
from robson_connectors.memory import MemoryConnector, MemoryTerms
from robson_domain import (
    DetectorSpec,
    Input,
    Money,
    PositionId,
    RiskConfig,
    Side,
    Store,
    Symbol,
    TradeTick,
)
from robson_engine import EngineConfig, EngineState, Step, step
from robson_exec import ArmRequest, Daemon, Parts, runner, start

OURS, BARE, PEER = "stream", "bare", "peer"
C1_ROUNDS = 3
C2_TURNS = 8
"""Turns of ours and of the floor within one process."""
WARM_UP = 200
Figures = dict[str, float]


class Sender:
    """The process at the other end."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.stream_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def prepare(self, role: str, count: int, rate: int) -> None:
        """Return when ``count`` frames are built."""
        self._say(f"{role} {count} {rate}")
        self._line()

    def go(self) -> None:
        """Let it send them."""
        self._say("go")

    def close(self) -> None:
        """End it."""
        self._process.communicate()


class Counted:
    """Takes note of every trade that came, and knows when all have."""

    def __init__(self) -> None:
        self.delays: list[int] = []
        self.missing = 0
        self.done = asyncio.Event()

    def expect(self, count: int) -> None:
        """Count from anew."""
        self.delays, self.missing = [], count
        self.done.clear()

    def came(self, sent: int) -> None:
        """One trade, sent at ``sent`` (UTC ns)."""
        self.delays.append(time.time_ns() - sent)
        self.missing -= 1
        if not self.missing:
            self.done.set()


class Venue(MemoryConnector):
    """Orders and account in memory; prices by the Binance market stream."""

    def __init__(self, port: int) -> None:
        terms = MemoryTerms(fee_rate=Decimal(0))
        super().__init__([INSTRUMENT], Money(10**12), WallClock(), terms)
        self.book.prices[BTC] = INSTRUMENT.price(6_000_000)
        parts = MarketParts(
            url=f"ws://127.0.0.1:{port}",
            clock=WallClock(),
            jitter=lambda: 0.5,
            notify=_fail,
            instrument=self.instrument,
            fetch=self.trades_since,
            # Between its turns this stream is silent on purpose.
            settings=attrs.evolve(MARKET_LINK, quiet_ns=0),
        )
        self.streams = MarketStreams(parts)
        self.is_up = asyncio.Event()

    def subscribe(
        self,
        symbol: Symbol,
        sink: Callable[[TradeTick], None],
        link: Callable[[Symbol, bool], None],
    ) -> None:
        """Follow the pair on the stream."""

        def changed(pair: Symbol, up: bool) -> None:
            link(pair, up)
            (self.is_up.set if up else self.is_up.clear)()

        self.streams.subscribe(symbol, sink, changed)

    def unsubscribe(self, symbol: Symbol) -> None:
        """Follow it no more."""
        self.streams.unsubscribe(symbol)

    async def close(self) -> None:
        """End the stream too."""
        await self.streams.close()
        await super().close()


def _fail(name: str, facts: Mapping[str, str]) -> None:
    # At once and for good: figures of anything but one whole stream would mean nothing.
    print(f"the stream did not stay whole: {name} {dict(facts)}", file=sys.stderr, flush=True)
    os._exit(1)


class Alarm:
    """No alert is harmless here."""

    def alert(self, severity: str, name: str, facts: Mapping[str, str]) -> None:
        """Fail."""
        _fail(name, facts)


class Floor(asyncio.Protocol):
    """The least that can be done: frames cut apart, the time of sending found."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._rest = b""
        self.is_open = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a websocket."""
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(
            b"GET /bare HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        """Take what the socket gave."""
        if not self.is_open.is_set():
            self.is_open.set()
            return
        data = self._rest + data if self._rest else data
        at, end, came = 0, len(data), self._counted.came
        while end - at >= 4:
            size, begin = data[at + 1], at + 2
            if size == 126:
                size, begin = int.from_bytes(data[begin : begin + 2]), begin + 2
            stop = begin + size
            if stop > end:
                break
            stamp = data.find(STAMP, begin, stop)
            if stamp > 0:
                stamp += len(STAMP)
                came(int(data[stamp : stamp + STAMP_DIGITS]))
            at = stop
        self._rest = data[at:]


class Bench:
    """Everything open at once; who is measured is told by what the sender sends to whom."""

    def __init__(self, sender: Sender, counted: Counted) -> None:
        self.sender = sender
        self.counted = counted

    async def run(self, role: str, count: int, rate: int) -> tuple[float, float]:
        """Let ``count`` trades come; return seconds passed and seconds of processor used."""
        self.counted.expect(count)
        self.sender.prepare(role, count, rate)
        began, busy = time.perf_counter(), time.process_time()
        self.sender.go()
        async with asyncio.timeout(60):
            await self.counted.done.wait()
        return time.perf_counter() - began, time.process_time() - busy


async def _usual_way(port: int, counted: Counted) -> None:
    """Read as most programs do."""
    async with connect(f"ws://127.0.0.1:{port}/{PEER}", compression=None, proxy=None) as socket:
        async for message in socket:
            data = json.loads(message)["data"]
            if "T" in data:
                counted.came(data["T"])


def _timed(counted: Counted) -> Callable[[EngineState, Input], Step]:
    def timed(state: EngineState, entry: Input) -> Step:
        outcome = step(state, entry)
        if type(entry) is TradeTick:
            counted.came(entry.ts_event)
        return outcome

    return timed


async def _positioned(bench: Bench, store: Store, venue: Venue) -> Daemon:
    """Return a running machine whose position is behind a stop that the walk does not reach."""
    vars(runner)["step"] = _timed(bench.counted)
    parts = Parts(
        config=EngineConfig(account="bench", epoch=store.epoch),
        capital=Money(10_000),
        limits=LIMITS,
        store=store,
        execution=venue,
        market=venue,
        clock=WallClock(),
        ids=Ids(),
        alerts=Alarm(),
    )
    daemon = await start(parts)
    request = ArmRequest(
        position_id=PositionId("p"),
        symbol=BTC,
        side=Side.LONG,
        detector=DetectorSpec(name="manual", params=(("stop_distance", "5%"),)),
        risk=RiskConfig(capital=Money(10_000)),
    )
    await daemon.desk.arm(request)
    await venue.is_up.wait()
    _ = await bench.run(OURS, WARM_UP, 1_000)
    (position,) = daemon.view.active()
    assert position.open_qty, position.status
    return daemon


@asynccontextmanager
async def _bench() -> AsyncIterator[Bench]:
    sender, counted = Sender(), Counted()
    floor = Floor(counted)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: floor, "127.0.0.1", sender.port)
    await floor.is_open.wait()
    bench, venue = Bench(sender, counted), Venue(sender.port)
    peer = asyncio.ensure_future(_usual_way(sender.port, counted))
    with tempfile.TemporaryDirectory(dir=".") as folder:
        store = await robson_store.open(f"sqlite:///{folder}/ours.db", ids=Ids())
        daemon = await _positioned(bench, store, venue)
        yield bench
        await daemon.stop()
    transport.close()
    peer.cancel()
    sender.close()


async def throughput(count: int) -> Figures:
    """Row C1: as many as can be taken."""
    found: dict[str, list[tuple[float, float]]] = {OURS: [], BARE: [], PEER: []}
    async with _bench() as bench:
        for _ in range(C1_ROUNDS):
            for role, taken in found.items():
                taken.append(await bench.run(role, count, 0))
    figures: Figures = {}
    for role, taken in found.items():
        figures[f"{role}_per_second"] = count / statistics.median(t[0] for t in taken)
        figures[f"{role}_us"] = statistics.median(t[1] for t in taken) / count * 1e6
    return figures | {"peak_mb": _peak_mb()}


async def latency(rate: int, seconds: int) -> Figures:
    """Row C2: how long one takes, at ``rate`` a second; the median of the turns."""
    turns: list[Figures] = []
    async with _bench() as bench:
        for _ in range(C2_TURNS):
            taken: dict[str, list[int]] = {}
            for role in (OURS, BARE):
                _ = await bench.run(role, rate * seconds // C2_TURNS, rate)
                taken[role] = sorted(bench.counted.delays)
            turns.append(_compared(taken))
    found = {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}
    return found | {"peak_mb": _peak_mb()}


def _compared(taken: dict[str, list[int]]) -> Figures:
    figures: Figures = {}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        for role, delays in taken.items():
            figures[f"{role}_{name}_us"] = delays[int(share * (len(delays) - 1))] / 1e3
        ours, floor = (figures[f"{role}_{name}_us"] for role in (OURS, BARE))
        figures[f"ratio_{name}"] = ours / floor
    return figures


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(row: str, number: int, seconds: int) -> None:
    """Run one row and print its figures."""
    work = throughput(number) if row == "c1" else latency(number, seconds)
    sys.stdout.write(json.dumps(asyncio.run(work)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
