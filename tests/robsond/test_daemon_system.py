"""Clock, ids, files and process: the real things."""

from __future__ import annotations

import asyncio
import gzip
import os
import resource
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from robson_domain import ConfigurationError, ValidationError
from robsond import system
from robsond.system import InstanceLock, RandomIds, RealClock, SeededIds
from robsond.system import clock as clocks

SECOND = 1_000_000_000


class _Times:
    """Stands in for the module ``time``: two clocks a test can set."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_000 * SECOND, 50 * SECOND

    def time_ns(self) -> int:
        return self.wall

    def monotonic_ns(self) -> int:
        return self.monotonic

    def advance(self, ns: int) -> None:
        self.wall += ns
        self.monotonic += ns


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> _Times:
    fake = _Times()
    monkeypatch.setattr(clocks, "time", fake)
    return fake


def test_time_is_utc() -> None:
    assert abs(RealClock().now_ns() - time.time_ns()) < SECOND


def test_a_clock_that_is_set_back_changes_nothing(times: _Times) -> None:
    clock = RealClock()
    times.advance(SECOND)
    times.wall -= 3600 * SECOND
    assert clock.now_ns() == 1_001 * SECOND


def test_a_machine_that_slept_catches_up(times: _Times) -> None:
    clock = RealClock()
    times.wall += 3600 * SECOND
    assert clock.now_ns() == 4_600 * SECOND
    times.advance(SECOND)
    assert clock.now_ns() == 4_601 * SECOND


def test_small_steps_of_the_wall_clock_are_ignored(times: _Times) -> None:
    clock = RealClock()
    times.wall += SECOND // 2
    assert clock.now_ns() == 1_000 * SECOND


async def test_sleep_until() -> None:
    clock = RealClock()
    async with asyncio.timeout(2):
        await clock.sleep_until(clock.now_ns() + SECOND // 20)
        await clock.sleep_until(clock.now_ns() - SECOND)


@pytest.mark.parametrize("ids", [RandomIds(), SeededIds("x")])
def test_ids_are_unique_and_plain(ids: RandomIds | SeededIds) -> None:
    found = [ids.new_id(kind) for kind in ("position", "command", "epoch") for _ in range(100)]
    assert len(set(found)) == 300
    assert all(len(one) <= 36 and one.replace("-", "").isalnum() for one in found)
    assert found[0].startswith("p-")


def test_seeded_ids_repeat_and_resume_elsewhere() -> None:
    first, second, other = SeededIds("a"), SeededIds("a"), SeededIds("b")
    assert first.new_id("position") == second.new_id("position") != other.new_id("position")
    second.resume("12")
    third = SeededIds("a")
    third.new_id("position")
    assert second.new_id("position") != third.new_id("position")
    assert second.new_id("x") != SeededIds("a").new_id("x")


def test_tokens_have_256_bits() -> None:
    tokens = {system.new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)


def test_private_files_replace_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    system.write_private(path, "one")
    system.write_private(path, "two")
    assert system.read_text(path) == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_failed_write_keeps_the_old(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    (path / "x").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        system.write_private(path, "two")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_private_folder(tmp_path: Path) -> None:
    folder = system.ensure_private_dir(tmp_path / "a" / "b")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (tmp_path / "f").touch()
    with pytest.raises(OSError, match=r"File exists|Not a directory"):
        system.ensure_private_dir(tmp_path / "f")


def test_one_process_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = InstanceLock(path)
    assert lock.acquire()
    assert not InstanceLock(path).acquire()
    code = (
        "import sys; from robsond.system import InstanceLock; "
        f"sys.exit(InstanceLock({str(path)!r}).acquire())"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    lock.release()
    lock.release()
    assert subprocess.run([sys.executable, "-c", code]).returncode == 1


def test_hardening_leaves_no_memory_image_and_no_open_files() -> None:
    code = (
        "import os, resource; from robsond import system; system.harden(); "
        "print(oct(os.umask(0)), resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.split() == ["0o77", "0"]
    assert resource.RLIMIT_CORE is not None
    assert os.getpid() == system.process_id()


@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_read_plain_or_packed_whatever_the_name(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "x.txt"
    text = b"one\ntwo\r\n\xc3\xa9"
    path.write_bytes(gzip.compress(text) if packed else text)
    assert list(system.read_lines(path)) == ["one\n", "two\r\n", "é"]
    assert not system.is_parquet(path)


def test_damaged_and_odd_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(ConfigurationError, match="cannot read"):
        list(system.read_lines(path))
    path.write_bytes(gzip.compress(os.urandom(100_000))[:5_000])
    with pytest.raises(ValidationError, match=r"line 1|damaged"):
        list(system.read_lines(path))
    path.write_bytes(b"ok\n\xff\n")
    with pytest.raises(ValidationError, match="line 2: is not UTF-8"):
        list(system.read_lines(path))
    path.write_bytes(b"x" * (1 << 21))
    with pytest.raises(ValidationError, match="line 1: longer"):
        list(system.read_lines(path))
