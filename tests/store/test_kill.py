"""A process killed at any moment loses nothing it had acknowledged and leaves nothing half done."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from robson_domain import Store
from robson_domain.testing import store_samples as samples
from robson_store import read_head, verify
from tests.store.harnesses import PostgresHarness, SqliteHarness

ROOT: Final = Path(__file__).resolve().parents[2]
KILLS: Final = 6
SEED: Final = 4711


def killed(url: str, head_path: Path, seed: int, seconds: float) -> int:
    """Run the child, kill it ``seconds`` after its first batch; return the last it acknowledged."""
    command = [sys.executable, "-m", "tests.store.child", url, str(head_path), str(seed)]
    child = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, "COVERAGE_PROCESS_START": ""}
    )
    assert child.stdout is not None
    with child, child.stdout:
        first = child.stdout.readline()
        time.sleep(seconds)
        child.kill()
        rest = child.stdout.read()
    lines = (first + rest).decode().split("\n")
    # What stands before the last line break was written as a whole.
    return int(lines[-2])


async def check(store: Store, acknowledged: int, head_path: Path) -> None:
    head = await verify(store, read_head(head_path))
    assert head.sequence >= acknowledged
    log = tuple([event async for event in store.events.read()])
    assert log == samples.a_log(1, head.sequence)
    # The other parts of the last batch are there, and nothing of a later one.
    (position,) = await store.positions.find_active()
    assert position.sequence == head.sequence
    recovered = await store.recover()
    assert recovered.snapshot is not None
    assert recovered.snapshot.sequence == head.sequence
    ends = [int(intent.position_id.split("-")[1]) for intent in recovered.unresolved]
    assert max(ends) == head.sequence


async def test_nothing_acknowledged_is_lost(
    database: SqliteHarness | PostgresHarness, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    store: Store = await database.make()
    url = database.url_of(store)
    await store.close()
    before, head_path = 0, tmp_path / "head.json"
    for kill in range(KILLS):
        seconds = chance.random() * 0.05
        last = await asyncio.to_thread(killed, url, head_path, kill, seconds)
        assert last > before
        store = await database.open(url)
        await check(store, last, head_path)
        before = (await store.head()).sequence
        await store.close()
