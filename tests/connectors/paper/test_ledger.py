"""The paper venue's own file."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from robson_connectors.paper.ledger import PaperLedger, stored_identity
from robson_domain.errors import ConfigurationError, StoreError
from robson_engine.simulated_venue import VenueDelta

IDENTITY = '{"market":"simulated","seed":1}'


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.db")


def delta(head: str, *orders: tuple[int, str]) -> VenueDelta:
    return VenueDelta(head=head, orders=orders)


def test_what_was_written_is_read(path: str) -> None:
    ledger = PaperLedger(path, IDENTITY)
    assert ledger.read() is None
    ledger.write(delta("first", (10, "b"), (9, "d")))
    ledger.write(delta("second", (10, "c")))
    ledger.close()
    ledger.close()
    again = PaperLedger(path, IDENTITY)
    kept = again.read()
    again.close()
    assert kept is not None
    assert (kept.head, kept.orders) == ("second", ("d", "c"))


def test_only_its_owner_may_read_it(path: str) -> None:
    before = os.umask(0)
    try:
        ledger = PaperLedger(path, IDENTITY)
    finally:
        os.umask(before)
    ledger.write(delta("first"))
    for name in os.listdir(os.path.dirname(path)):
        mode = os.stat(os.path.join(os.path.dirname(path), name)).st_mode
        assert stat.S_IMODE(mode) == 0o600, name
    ledger.close()


def test_every_commit_is_synced(path: str) -> None:
    ledger = PaperLedger(path, IDENTITY)
    pragmas = ("PRAGMA synchronous", "PRAGMA journal_mode", "PRAGMA locking_mode")
    found = [ledger._database.execute(pragma).fetchone()[0] for pragma in pragmas]
    ledger.close()
    assert found == [2, "wal", "exclusive"]


def test_it_belongs_to_one_market(path: str) -> None:
    PaperLedger(path, IDENTITY).close()
    with pytest.raises(ConfigurationError) as caught:
        PaperLedger(path, '{"market":"simulated","seed":2}')
    message = str(caught.value)
    assert "seed: 1 there, 2 now" in message
    assert "market:" not in message.partition("(")[2]
    assert "another data directory" in message
    PaperLedger(path, IDENTITY).close()


def test_an_identity_that_is_no_object_is_another_market(path: str) -> None:
    PaperLedger(path, '"something"').close()
    with pytest.raises(ConfigurationError, match="unreadable"):
        PaperLedger(path, IDENTITY)


def test_it_belongs_to_one_process(path: str) -> None:
    ledger = PaperLedger(path, IDENTITY)
    with pytest.raises(StoreError, match="in use by another process"):
        PaperLedger(path, IDENTITY)
    ledger.close()
    PaperLedger(path, IDENTITY).close()


def test_what_is_no_ledger_is_refused(path: str, tmp_path: Path) -> None:
    Path(path).write_bytes(b"something else, and quite long enough to be no database" * 40)
    with pytest.raises(StoreError, match="no usable paper ledger"):
        PaperLedger(path, IDENTITY)
    with pytest.raises(StoreError, match="no usable paper ledger"):
        stored_identity(path)
    with pytest.raises(StoreError, match="no usable paper ledger"):
        PaperLedger(str(tmp_path / "nowhere" / "ledger.db"), IDENTITY)


def test_another_layout_is_refused(path: str) -> None:
    PaperLedger(path, IDENTITY).close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE facts SET value = '2' WHERE name = 'layout'")
    database.close()
    with pytest.raises(StoreError, match="ledger layout 2, this build knows 1"):
        PaperLedger(path, IDENTITY)


def test_a_foreign_table_is_refused(path: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE facts (other TEXT)")
    database.close()
    with pytest.raises(StoreError, match="no usable paper ledger"):
        PaperLedger(path, IDENTITY)


def test_a_failed_write_leaves_nothing(path: str) -> None:
    ledger = PaperLedger(path, IDENTITY)
    ledger.write(delta("first", (1, "a")))
    # No more pages than there are: what is asked for is raised to that.
    ledger._database.execute("PRAGMA max_page_count = 1")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        ledger.write(delta("second", (1, "b"), (2, "x" * 100_000)))
    kept = ledger.read()
    ledger.close()
    assert kept is not None
    assert (kept.head, kept.orders) == ("first", ("a",))


def test_identity_before_opening(path: str) -> None:
    assert stored_identity(path) is None
    assert not os.path.exists(path)
    PaperLedger(path, IDENTITY).close()
    assert stored_identity(path) == IDENTITY
    sqlite3.connect(path).close()


def test_identity_of_an_empty_file(path: str) -> None:
    Path(path).touch()
    assert stored_identity(path) is None
