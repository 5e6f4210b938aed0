"""Row PATH: from the bytes of a frame that hits a stop to its exit intent on disk, and to the send.

Run as ``python -m benchmarks.path_rows COUNT [DSN]``; prints one JSON line. A whole running
machine on a real store, SQLite or the PostgreSQL of the DSN; only the venue is in memory. Each
round arms a position, lets it enter, and shows it one frame beyond its stop. The floor is the bare
driver writing one row in a transaction of the same durability, taken in turns.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import psycopg

import robson_store
from robson_connectors.binance.parse_stream import MarketParser
from robson_connectors.memory import MemoryConnector, MemoryTerms
from robson_domain import (
    DetectorSpec,
    Instrument,
    Money,
    NewOrder,
    OrderReport,
    PositionId,
    Quantity,
    RiskConfig,
    Side,
    Store,
    Symbol,
    TradeTick,
)
from robson_engine import EngineConfig, RiskLimits
from robson_exec import ArmRequest, Daemon, Parts, start

BTC = Symbol("BTCUSDT")
INSTRUMENT = Instrument(symbol=BTC, tick_size=Decimal("0.01"), step_size=Decimal("0.00001"))
LIMITS = RiskLimits(
    entries_per_minute=10**6,
    daily_loss_fraction=Decimal(10**6),
    total_risk_fraction=Decimal(10**6),
    drawdown_fraction=Decimal(1),
    notional_multiple=Decimal(10**6),
)
Figures = dict[str, float]


class WallClock:
    """Real time."""

    def now_ns(self) -> int:
        """Return UTC time, ns."""
        return time.time_ns()

    async def sleep_until(self, ts: int) -> None:
        """Return once it is ``ts``."""
        await asyncio.sleep(max(0, ts - time.time_ns()) / 1e9)


class Ids:
    """Ids for a throw-away database."""

    def __init__(self) -> None:
        self.count = 0

    def new_id(self, kind: str) -> str:
        """Return the next id."""
        self.count += 1
        return f"{kind}-{self.count}"


class Quiet:
    """Nobody to alert."""

    def alert(self, severity: str, name: str, facts: Mapping[str, str]) -> None:
        """Do nothing."""


class Venue(MemoryConnector):
    """Notes when an exit is handed over, and takes prices as frames."""

    def __init__(self) -> None:
        terms = MemoryTerms(fee_rate=Decimal(0))
        super().__init__([INSTRUMENT], Money(10**12), WallClock(), terms)
        self.parser = MarketParser(lambda *_: None)
        self.parser.add(INSTRUMENT)
        self.sent_at = 0.0
        self.exited = asyncio.Event()
        self.number = 0

    async def submit(self, order: NewOrder) -> OrderReport:
        """Take the time, then the order."""
        if order.reduces:
            self.sent_at = time.perf_counter()
            self.exited.set()
        return await super().submit(order)

    def frame(self, price: str) -> bytes:
        """Return the frame of the next trade."""
        self.number += 1
        now = time.time_ns() // 1_000_000
        trade = (
            f'{{"e":"aggTrade","E":{now},"s":"BTCUSDT","a":{self.number},"p":"{price}",'
            f'"q":"0.5","f":1,"l":1,"T":{now},"m":true,"M":true}}'
        )
        return f'{{"stream":"btcusdt@aggTrade","data":{trade}}}'.encode()

    def show(self, frame: bytes) -> None:
        """Take a frame as a stream does: parse it, hand the trade over."""
        tick = self.parser.parse(frame, time.time_ns())
        assert isinstance(tick, TradeTick)
        self.book.prices[BTC] = INSTRUMENT.price(tick.ticks)
        self._trade_sinks[BTC][0](tick)


async def _round(daemon: Daemon, venue: Venue, number: int) -> float:
    """Return the seconds from the frame's bytes to the hand-over of the exit."""
    key = PositionId(f"p{number}")
    request = ArmRequest(
        position_id=key,
        symbol=BTC,
        side=Side.LONG,
        detector=DetectorSpec(name="manual", params=(("stop_distance", "1%"),)),
        risk=RiskConfig(capital=Money(10_000)),
    )
    await daemon.desk.arm(request)
    venue.show(venue.frame("60000.00"))
    await _until(lambda: _open_qty(daemon, key) is not None)
    # First the stop follows, so that the account gains and no limit of losses ends the row.
    venue.show(venue.frame("62000.00"))
    venue.exited.clear()
    frame = venue.frame("61000.00")
    started = time.perf_counter()
    venue.show(frame)
    await venue.exited.wait()
    seconds = venue.sent_at - started
    await _until(lambda: all(p.position_id != key for p in daemon.view.active()))
    return seconds


def _open_qty(daemon: Daemon, key: PositionId) -> Quantity | None:
    found = daemon.view.find(key)
    return found.open_qty if found is not None and found.open_qty else None


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - polled between rounds, outside what is measured
        await asyncio.sleep(0.001)


async def measure(store: Store, bare: Callable[[int], None], count: int) -> Figures:
    """Run ``count`` rounds, ours and the bare driver's in turn."""
    venue = Venue()
    parts = Parts(
        config=EngineConfig(account="bench", epoch=store.epoch),
        capital=Money(10_000),
        limits=LIMITS,
        store=store,
        execution=venue,
        market=venue,
        clock=WallClock(),
        ids=Ids(),
        alerts=Quiet(),
    )
    daemon = await start(parts)
    ours, floor = [], []
    for number in range(count):
        ours.append(await _round(daemon, venue, number))
        began = time.perf_counter()
        bare(number)
        floor.append(time.perf_counter() - began)
    await daemon.stop()
    return _figures(ours, floor)


def _figures(ours: list[float], floor: list[float]) -> Figures:
    def at(values: list[float], share: float) -> float:
        return sorted(values)[int(share * (len(values) - 1))] * 1e6

    return {
        "p50_us": at(ours, 0.5),
        "p99_us": at(ours, 0.99),
        "bare_p50_us": at(floor, 0.5),
        "bare_p99_us": at(floor, 0.99),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


_BODY = "x" * 600


async def on_sqlite(count: int) -> Figures:
    """Measure on the embedded store."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        store = await robson_store.open(f"sqlite:///{folder}/ours.db", ids=Ids())
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("CREATE TABLE bare (number INTEGER PRIMARY KEY, body TEXT)")

        def bare(number: int) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO bare VALUES (?, ?)", (number, _BODY))
            connection.execute("COMMIT")

        figures = await measure(store, bare, count)
        connection.close()
        return figures


async def on_postgres(count: int, dsn: str) -> Figures:
    """Measure on a server."""
    store = await robson_store.open(dsn, ids=Ids())
    connection = psycopg.connect(dsn)
    connection.execute("DROP TABLE IF EXISTS bare_path")
    connection.execute("CREATE TABLE bare_path (number BIGINT PRIMARY KEY, body TEXT)")
    connection.commit()

    def bare(number: int) -> None:
        connection.execute("INSERT INTO bare_path VALUES (%s, %s)", (number, _BODY))
        connection.commit()

    figures = await measure(store, bare, count)
    connection.close()
    return figures


def main(count: int, dsn: str | None) -> None:
    """Run the row and print its figures."""
    work = on_sqlite(count) if dsn is None else on_postgres(count, dsn)
    sys.stdout.write(json.dumps(asyncio.run(work)) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
