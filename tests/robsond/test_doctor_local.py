"""The doctor on this machine: folder, disk, database, log and confirmation; nothing is written."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import psycopg
import pytest

import robson_store
from robson_domain import Batch
from robsond import doctor_local
from robsond.doctor_local import Patience, StoreSeen, confirmation, store_seen
from robsond.findings import Finding
from robsond.live_confirm import KEPT_FILE, KeptFile, Subject, database_id
from robsond.settings import Settings, load
from robsond.system import SeededIds, disk
from tests.robsond.api_machine import Machine
from tests.robsond.cli_person import Ended, robson
from tests.robsond.daemon_process import Robsond
from tests.robsond.terminal import Terminal
from tests.robsond.test_daemon_why import trade
from tests.store.servers import Schemas, a_server

FAR = 1 << 62


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture(scope="module")
def schemas() -> Iterator[Schemas]:
    with a_server() as url:
        schemas = Schemas(url)
        yield schemas
        schemas.drop()


async def write_log(url: str, folder: Path) -> int:
    """Write the log of one trade to a database; return how many events it has."""
    opened = await robson_store.open(url, ids=SeededIds("x"), head_path=folder / "head.json")
    machine = Machine(epoch=opened.epoch)
    trade(machine)
    positions = tuple(machine.state.positions.values())
    await opened.submit(Batch(events=tuple(machine.log), states=(*positions, machine.state.ledger)))
    await opened.close()
    (folder / "head.json").chmod(0o600)
    return len(machine.log)


@pytest.fixture
async def count(folder: Path) -> int:
    return await write_log(f"sqlite:///{folder}/robson.db", folder)


def settings_of(folder: Path, **more: str) -> Settings:
    return load({"ROBSON_DATA_DIR": str(folder), **more}).settings


def patience(now: int = 0, until: int = FAR) -> Patience:
    return Patience(now=lambda: now, until=until, tell=lambda count, total: None)


def doctor(folder: Path, *more: str, **environment: str) -> Ended:
    return robson("doctor", "--json", "--data-dir", str(folder), *more, **environment)


def levels(ended: Ended) -> dict[str, str]:
    return {one["name"]: one["level"] for one in ended.json["findings"]}


def one_of(found: Ended | tuple[Finding, ...], name: str) -> Any:
    documents = (
        found.json["findings"] if isinstance(found, Ended) else [f.document() for f in found]
    )
    (wanted,) = (one for one in documents if one["name"] == name)
    assert bool(wanted["advice"]) == (wanted["level"] != "ok"), wanted
    return wanted


def content_of(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


# ---------------------------------------------------------------------------------- the command


def test_before_the_first_start_all_is_well_and_nothing_is_made(folder: Path) -> None:
    ended = doctor(folder / "new")
    assert ended.code == 0, ended.err
    assert set(levels(ended).values()) == {"ok"}
    assert list(levels(ended)) == [
        "data_dir", "space", "sync", "permissions", "database", "daemon",
    ]  # fmt: skip
    assert (ended.json["account"], ended.json["mode"]) == ("paper", "paper")
    assert not (folder / "new").exists()


def test_a_log_is_verified_and_nothing_is_written(folder: Path, count: int) -> None:
    before = content_of(folder)
    ended = doctor(folder)
    assert ended.code == 0, ended.out
    assert set(levels(ended).values()) == {"ok"}
    assert one_of(ended, "log")["seen"] == f"{count} events, chained and complete"
    assert "at worst" in one_of(ended, "sync")["seen"]
    assert "not before the last event" in one_of(ended, "machine_clock")["seen"]
    assert content_of(folder) == before
    shown = robson("doctor", "--data-dir", str(folder)).out
    assert "✓" in shown
    assert "Refused: 0. Warnings: 0." in shown


def test_a_log_that_was_altered_has_an_exit_code_of_its_own(folder: Path, count: int) -> None:
    with sqlite3.connect(folder / "robson.db") as database:
        database.execute("UPDATE events SET hash = 'x' WHERE sequence = 2")
    database.close()
    ended = doctor(folder)
    assert ended.code == 5
    assert one_of(ended, "log")["level"] == "refused"
    assert "after 1 that" in one_of(ended, "log")["seen"]
    assert "✗" in robson("doctor", "--data-dir", str(folder)).out


def test_a_log_longer_than_the_patience_is_said_to_be_so(folder: Path, count: int) -> None:
    ended = doctor(folder, "--seconds", "0")
    assert ended.code == 0
    log = one_of(ended, "log")
    assert (log["level"], log["seen"][:14]) == ("warning", "the first 0 of")
    assert "robson verify-log" in log["advice"]


def test_without_an_exported_head_the_end_is_not_proven(folder: Path, count: int) -> None:
    (folder / "head.json").unlink()
    ended = doctor(folder)
    assert (ended.code, one_of(ended, "log")["level"]) == (0, "warning")
    assert "not proven" in one_of(ended, "log")["seen"]


def test_a_damaged_head_is_refused(folder: Path, count: int) -> None:
    (folder / "head.json").write_text("{")
    ended = doctor(folder)
    assert (ended.code, one_of(ended, "database")["level"]) == (1, "refused")
    assert "HEAD_DAMAGED" in one_of(ended, "database")["seen"]


def test_a_log_cut_at_its_end_is_found_by_the_head(folder: Path, count: int) -> None:
    with sqlite3.connect(folder / "robson.db") as database:
        database.execute("DELETE FROM events WHERE sequence = ?", (count,))
    database.close()
    assert doctor(folder).code == 5


def test_a_database_that_is_gone(folder: Path, count: int) -> None:
    (folder / "robson.db").unlink()
    ended = doctor(folder)
    assert ended.code == 1
    assert f"ends at event {count}" in one_of(ended, "database")["seen"]


def test_databases_that_are_not_this_versions(folder: Path) -> None:
    file = folder / "robson.db"
    sqlite3.connect(file).execute("VACUUM").connection.close()
    file.chmod(0o600)
    ended = doctor(folder)
    assert (ended.code, one_of(ended, "database")["level"]) == (0, "warning")
    assert "robsond migrate" in one_of(ended, "database")["advice"]
    file.write_bytes(b"no database" * 1000)
    ended = doctor(folder)
    assert (ended.code, one_of(ended, "database")["level"]) == (1, "refused")
    assert "SCHEMA_UNKNOWN" in one_of(ended, "database")["seen"]


def test_a_database_in_memory(folder: Path) -> None:
    ended = doctor(folder, ROBSON_ENV="test")
    assert (ended.code, "memory" in one_of(ended, "database")["seen"]) == (0, True)


def test_a_database_elsewhere_is_looked_at_where_it_is(folder: Path) -> None:
    (folder / "apart").mkdir(mode=0o700)
    ended = doctor(folder, DATABASE_URL=f"sqlite:///{folder}/apart/own.db")
    assert {"space of the database", "sync of the database"} <= set(levels(ended))
    (folder / "apart").chmod(0o755)
    ended = doctor(folder, DATABASE_URL=f"sqlite:///{folder}/apart/own.db")
    assert one_of(ended, "permissions")["level"] == "warning"
    assert "apart (755)" in one_of(ended, "permissions")["seen"]


@pytest.mark.parametrize("name", ["robson.db", "token", "head.json", KEPT_FILE])
def test_files_that_others_may_touch_are_refused(folder: Path, count: int, name: str) -> None:
    (folder / name).touch()
    (folder / name).chmod(0o640)
    ended = doctor(folder)
    assert ended.code == 1
    assert f"{name} (640)" in one_of(ended, "permissions")["seen"]


def test_a_folder_that_cannot_be_one(folder: Path) -> None:
    (folder / "file").touch()
    ended = doctor(folder / "file")
    assert ended.code == 1
    assert one_of(ended, "data_dir")["level"] == "refused"
    assert one_of(ended, "sync")["level"] == "refused"


# ------------------------------------------------------------------------- beside a running daemon


def test_beside_a_running_daemon(folder: Path) -> None:
    with Robsond(folder) as daemon:
        daemon.arm(symbol="BTCUSDT", strategy="manual", stop_distance="1%")
        database = (folder / "robson.db").read_bytes()
        ended = doctor(folder)
        assert ended.code == 0, ended.out
        assert "open in another process" in one_of(ended, "database")["seen"]
        assert "is ready" in one_of(ended, "daemon")["seen"]
        assert one_of(ended, "log")["seen"].endswith("chained and complete")
        assert (folder / "robson.db").read_bytes() == database
        unknown = doctor(folder, ROBSON_API_TOKEN="y" * 43)
        assert one_of(unknown, "log")["level"] == "warning"
        assert "not verified" in one_of(unknown, "log")["seen"]
        daemon.kill()
        killed = doctor(folder)
        assert one_of(killed, "daemon")["level"] == "warning"
        assert one_of(killed, "log")["level"] == "ok", "read from the files again"


def test_beside_a_process_that_does_not_answer(folder: Path, count: int) -> None:
    holder = sqlite3.connect(folder / "robson.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("PRAGMA journal_mode=WAL").fetchall()
    holder.execute("BEGIN IMMEDIATE")
    try:
        ended = doctor(folder)
        assert one_of(ended, "log")["level"] == "warning"
        assert "--url" in one_of(ended, "log")["advice"]
        away = doctor(folder, "--url", "http://127.0.0.1:9")
        assert one_of(away, "daemon")["level"] == "warning"
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def test_a_token_that_others_may_read_is_not_used(folder: Path) -> None:
    (folder / "daemon.json").write_text('{"pid": 1, "port": 9}')
    (folder / "token").write_text("x" * 43)
    for file in folder.iterdir():
        file.chmod(0o644)
    ended = doctor(folder)
    assert ended.code == 1
    assert "chmod 600" in one_of(ended, "daemon")["seen"]


def test_progress_is_shown_on_a_terminal(folder: Path, count: int) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "ROBSON_DATA_DIR": str(folder),
    }
    code = "import sys; from robsond.cli import main; sys.argv[1:] = ['doctor']; main()"
    with Terminal([sys.executable, "-c", code], environment, folder, kind="xterm") as terminal:
        assert terminal.ended() == 0
        assert "verifying the log: 0 of" in terminal.shown


# ---------------------------------------------------------------------------------- each check


@pytest.mark.parametrize(
    ("usual_ms", "level"),
    [(1, "ok"), (49, "ok"), (50, "warning"), (999, "warning"), (1000, "refused")],
)
def test_what_a_slow_sync_means(usual_ms: int, level: str) -> None:
    usual = usual_ms * 1_000_000
    found = doctor_local.sync_finding("sync", [1, usual, usual + 200_000])
    assert one_of((found,), "sync")["level"] == level
    assert f"after {usual_ms}.0 ms, {usual_ms}.2 ms at worst" in found.seen


@pytest.mark.parametrize(
    ("mib", "level"), [(99, "refused"), (100, "warning"), (1023, "warning"), (1024, "ok")]
)
def test_what_little_room_means(mib: int, level: str) -> None:
    found = doctor_local.room_finding("space", mib * 1024**2)
    assert one_of((found,), "space")["level"] == level


def test_a_probe_takes_time_and_leaves_nothing(folder: Path) -> None:
    took = disk.sync_durations(folder, 3)
    assert len(took) == 3
    assert min(took) > 0
    assert list(folder.iterdir()) == []


async def test_a_clock_that_was_set_back(folder: Path, count: int) -> None:
    found = await store_seen(settings_of(folder), patience(now=0))
    assert one_of(found.findings, "machine_clock")["level"] == "refused"


async def test_the_patience_is_asked_while_it_reads(folder: Path, count: int) -> None:
    told: list[tuple[int, int]] = []
    wanted = attrs.evolve(patience(), tell=lambda done, total: told.append((done, total)))
    found = await store_seen(settings_of(folder), wanted)
    assert told == [(0, count)]
    assert found.epoch == SeededIds("x").new_id("epoch")


# ------------------------------------------------------------------------------------ PostgreSQL


def _tables(schemas: Schemas, url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        )
        return {str(row[0]) for row in rows}


async def looked_at(folder: Path, url: str) -> StoreSeen:
    return await store_seen(settings_of(folder, DATABASE_URL=url), patience(now=FAR - 1))


async def test_a_server_is_read_and_never_written(folder: Path, schemas: Schemas) -> None:
    url = schemas.fresh()
    empty = await looked_at(folder, url)
    assert one_of(empty.findings, "database")["advice"].startswith("robsond migrate")
    assert _tables(schemas, url) == set(), "the doctor makes no tables"
    count = await write_log(url, folder)
    found = await looked_at(folder, url)
    assert [one.level for one in found.findings] == ["ok", "ok", "ok"]
    assert one_of(found.findings, "log")["seen"].startswith(f"{count} events")
    assert "@" not in one_of(found.findings, "database")["seen"]


async def test_a_server_that_a_daemon_has(folder: Path, schemas: Schemas) -> None:
    url = schemas.fresh()
    opened = await robson_store.open(url, ids=SeededIds("x"))
    try:
        assert (await looked_at(folder, url)).is_in_use
    finally:
        await opened.close()


async def test_a_server_that_is_not_there(folder: Path) -> None:
    found = await looked_at(folder, "postgresql://me:secret@127.0.0.1:9/none")
    assert one_of(found.findings, "database")["level"] == "refused"
    assert "secret" not in str(found)


# ---------------------------------------------------------------------------------- confirmation

LIVE = {
    "ROBSON_MODE": "live",
    "ROBSON_CONNECTOR": "binance",
    "BINANCE_API_KEY": "k" * 40,
    "BINANCE_API_SECRET": "s" * 40,
}


@pytest.mark.parametrize(
    ("epoch", "more", "level", "words"),
    [
        ("", {}, "warning", "ROBSON_LIVE_CONFIRM=acc"),
        ("", {"ROBSON_LIVE_CONFIRM": "acc"}, "ok", ""),
        ("e", {}, "refused", f"ROBSON_LIVE_CONFIRM to: acc/{database_id('e')}"),
        ("e", {"ROBSON_LIVE_CONFIRM": "acc"}, "ok", ""),
    ],
)
def test_whether_live_mode_would_start(
    folder: Path, epoch: str, more: dict[str, str], level: str, words: str
) -> None:
    found = confirmation(settings_of(folder, **LIVE, **more), "acc", epoch)
    wanted = one_of(found, "confirmation")
    assert wanted["level"] == level
    assert words in wanted["advice"]


def test_what_was_kept_counts_and_a_damaged_file_does_not(folder: Path) -> None:
    settings = settings_of(folder, **LIVE)
    cap = settings.live.position_cap
    KeptFile(folder).save(Subject(account="acc", database=database_id("e"), cap=cap))
    assert one_of(confirmation(settings, "acc", "e"), "confirmation")["level"] == "ok"
    assert one_of(confirmation(settings, "acc", "f"), "confirmation")["level"] == "refused"
    (folder / KEPT_FILE).write_text("{")
    assert one_of(confirmation(settings, "acc", "e"), "confirmation")["level"] == "refused"
    assert confirmation(settings_of(folder), "acc", "e") == ()
