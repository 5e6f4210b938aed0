"""Rows E1 and E2: durable appends beside the bare driver writing the same bytes.

Run as ``python -m benchmarks.store_rows ROW [DSN]``; prints one JSON line. E1 writes one event a
transaction, E2 one hundred; without a DSN on SQLite, else on that PostgreSQL. Ours and the bare
driver take turns within one process, so that both see the same disk.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

import robson_store
from robson_domain import (
    Batch,
    EventId,
    PositionId,
    Price,
    Store,
    TrailingStopUpdated,
    codec,
)

Figures = dict[str, float]
INSERT_SQLITE = (
    "INSERT INTO bare (sequence, position_id, event_type, body, hash) VALUES (?, ?, ?, ?, ?)"
)
INSERT_POSTGRES = (
    "INSERT INTO bare (sequence, position_id, event_type, body, hash) VALUES (%s, %s, %s, %s, %s)"
)


class CountingIds:
    """Ids for a throw-away database."""

    def __init__(self) -> None:
        self.count = 0

    def new_id(self, kind: str) -> str:
        """Return the next id."""
        self.count += 1
        return f"{kind}-{self.count}"


def _event(sequence: int) -> TrailingStopUpdated:
    return TrailingStopUpdated(
        event_id=EventId(f"event-{sequence}"),
        sequence=sequence,
        position_id=PositionId("p-1"),
        ts_event=1_700_000_000_000_000_000 + sequence,
        ts_received=1_700_000_000_000_000_000 + sequence,
        cause_id=f"trade:BTCUSDT:{sequence}",
        mark=sequence,
        best=Price(60_000 + sequence),
        stop=Price(59_000 + sequence),
        previous_stop=Price(58_999 + sequence),
    )


def _row(sequence: int) -> tuple[int, str, str, str, str]:
    return sequence, "p-1", "TrailingStopUpdated", codec.dumps(_event(sequence)), "0" * 64


async def _measure(
    store: Store, bare: Callable[[list[tuple[int, str, str, str, str]]], None], size: int
) -> Figures:
    ours, floor = [], []
    rounds = 1_500 if size == 1 else 300
    for number in range(rounds):
        sequences = range(number * size + 1, (number + 1) * size + 1)
        events = tuple(_event(sequence) for sequence in sequences)
        rows = [_row(sequence) for sequence in sequences]
        started = time.perf_counter()
        await store.submit(Batch(events=events))
        between = time.perf_counter()
        bare(rows)
        floor.append(time.perf_counter() - between)
        ours.append(between - started)
    await store.close()
    return _figures(ours, floor, size)


def _figures(ours: list[float], floor: list[float], size: int) -> Figures:
    def percentile(values: list[float], share: float) -> float:
        return sorted(values)[int(share * (len(values) - 1))] * 1e6

    return {
        "p50_us": percentile(ours, 0.5),
        "p99_us": percentile(ours, 0.99),
        "bare_p50_us": percentile(floor, 0.5),
        "bare_p99_us": percentile(floor, 0.99),
        "ratio_p50": percentile(ours, 0.5) / percentile(floor, 0.5),
        "events_per_second": size / statistics.mean(ours),
        "bare_per_second": size / statistics.mean(floor),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


async def sqlite_row(size: int) -> Figures:
    """Measure the embedded store against ``sqlite3`` with the same durability."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        store = await robson_store.open(f"sqlite:///{folder}/ours.db", ids=CountingIds())
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(
            "CREATE TABLE bare (sequence INTEGER PRIMARY KEY, position_id TEXT, event_type TEXT,"
            " body TEXT, hash TEXT)"
        )

        def bare(rows: list[tuple[int, str, str, str, str]]) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT_SQLITE, rows)
            connection.execute("COMMIT")

        figures = await _measure(store, bare, size)
        connection.close()
        return figures


async def postgres_row(size: int, dsn: str) -> Figures:
    """Measure the server store against ``psycopg`` with the server's own durability."""
    store = await robson_store.open(dsn, ids=CountingIds())
    connection = psycopg.connect(dsn)
    connection.execute("DROP TABLE IF EXISTS bare")
    connection.execute(
        "CREATE TABLE bare (sequence BIGINT PRIMARY KEY, position_id TEXT, event_type TEXT,"
        " body TEXT, hash TEXT)"
    )
    connection.commit()

    def bare(rows: list[tuple[int, str, str, str, str]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT_POSTGRES, rows)
        connection.commit()

    figures = await _measure(store, bare, size)
    connection.close()
    return figures


def main(row: str, dsn: str | None) -> None:
    """Run one row and print its figures."""
    size = {"e1": 1, "e2": 100}[row]
    work = sqlite_row(size) if dsn is None else postgres_row(size, dsn)
    sys.stdout.write(json.dumps(asyncio.run(work)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
