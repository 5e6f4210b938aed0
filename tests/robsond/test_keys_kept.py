"""Idempotency keys outlive the process: one effect for a key, whatever happens between."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from robson_domain import ConfigurationError, InDoubtError
from robsond import key_file
from robsond.idempotency import Once
from robsond.key_file import KEYS_FILE, Kept, KeyFile
from robsond.keys import Scope
from tests.robsond.api_client import Api, error_of, make_api
from tests.robsond.daemon_process import Robsond

LIVELY = {"ROBSON_MARKET_SEED": "5", "ROBSON_MARKET_VOLATILITY": "300", "ROBSON_FEE_RATE": "0"}
WIDE = {"symbol": "BTCUSDT", "strategy": "manual", "stop_distance": "5%"}
WAITS = {"symbol": "ETHUSDT", "strategy": "breakout"}


# ------------------------------------------------------------------ the real daemon


@pytest.fixture
def robsond(tmp_path: Path) -> Iterator[Robsond]:
    with Robsond(tmp_path, **LIVELY) as daemon:
        yield daemon


def restart(daemon: Robsond) -> None:
    daemon.kill()
    daemon.start()


def test_panic_repeated_after_a_kill_does_not_close_what_came_later(robsond: Robsond) -> None:
    first = robsond.arm(**WIDE)
    robsond.until(first, "Active")
    answer = robsond.post("/api/panic", key="end-it")
    assert answer.json() == {"closing": [first], "disarmed": []}
    robsond.until(first, "Closed")
    restart(robsond)
    later = robsond.arm(**WIDE)
    robsond.until(later, "Active")
    again = robsond.post("/api/panic", key="end-it")
    assert (again.status_code, again.json()) == (200, answer.json())
    assert robsond.position(later)["status"] == "Active"
    assert robsond.post("/api/panic", key="end-it-now").json()["closing"] == [later]


def test_each_command_gives_its_first_answer_after_a_kill(robsond: Robsond) -> None:
    opened, waiting = robsond.arm(**WIDE), robsond.arm(**WAITS)
    robsond.until(opened, "Active")
    calls = {
        "a": f"/api/positions/{waiting}/disarm",
        "b": f"/api/positions/{opened}/close",
    }
    first = {key: robsond.post(path, key=key).json() for key, path in calls.items()}
    robsond.until(opened, "Closed")
    restart(robsond)
    for key, path in calls.items():
        answer = robsond.post(path, key=key)
        assert (answer.status_code, answer.json()) == (200, first[key])
        other = robsond.post("/api/panic", key=key)
        assert other.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"


def _begin_and_kill(daemon: Robsond, path: str, key: str) -> None:
    """Send a command that cannot become durable, and kill the daemon while it waits for that."""
    database, away = daemon.folder / "robson.db", daemon.folder / "away"
    database.rename(away)

    def ask() -> None:
        with contextlib.suppress(httpx.HTTPError, RuntimeError):
            daemon.post(path, key=key)

    asking = threading.Thread(target=ask)
    asking.start()
    keys, deadline = daemon.folder / KEYS_FILE, time.monotonic() + 10
    while key not in keys.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert key in keys.read_text()
    daemon.kill()
    asking.join()
    away.rename(database)


def test_what_was_begun_when_it_was_killed_is_never_carried_out_again(robsond: Robsond) -> None:
    name = robsond.arm(**WIDE)
    robsond.until(name, "Active")
    _begin_and_kill(robsond, "/api/panic", "end-it")
    robsond.start()
    for _ in range(2):
        answer = robsond.post("/api/panic", key="end-it")
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (409, "OUTCOME_UNKNOWN")
        assert "GET /api/positions" in error["message"]
    assert robsond.position(name)["status"] == "Active"
    assert robsond.post("/api/panic", key="anew").json()["closing"] == [name]


def test_arming_that_was_begun_when_it_was_killed_is_found_or_done(robsond: Robsond) -> None:
    """The position's id follows from the key: there is one of it at most."""
    keys = robsond.folder / KEYS_FILE
    first = robsond.post("/api/positions", WAITS, key="arm-it").json()["position"]
    robsond.kill()
    begun = [line for line in keys.read_text().splitlines() if '"begun"' in line]
    keys.write_text("\n".join(begun) + "\n")
    robsond.start()
    again = robsond.post("/api/positions", WAITS, key="arm-it")
    assert (again.status_code, again.json()["position"]["position_id"]) == (
        201, first["position_id"],
    )  # fmt: skip
    assert len(robsond.get("/api/positions")["positions"]) == 1


# ------------------------------------------------------------------ without a process


def reopened(api: Api, folder: Path) -> Api:
    """Return a new process's view of the same machine and the same folder."""
    api.door.once._store.close()
    second = make_api(api.machine)
    second.door.once = Once(KeyFile(folder))
    return second


@pytest.fixture
def api(tmp_path: Path) -> Api:
    api = make_api()
    api.door.once = Once(KeyFile(tmp_path))
    return api


async def post(api: Api, path: str, key: str, body: Any = None) -> httpx.Response:
    return await api.post(path, body, Scope.TRADE, headers={"Idempotency-Key": key})


async def test_a_refusal_leaves_the_key_free(api: Api, tmp_path: Path) -> None:
    path = "/api/positions/p-1/close"
    assert (await post(api, path, "k")).status_code == 404
    api = reopened(api, tmp_path)
    assert (await post(api, path, "k")).status_code == 404
    assert (await post(api, "/api/panic", "k")).status_code == 200


@pytest.mark.parametrize("error", [InDoubtError("not durable", "UNCONFIRMED"), RuntimeError("x")])
async def test_an_end_nobody_knows_is_not_tried_again(
    api: Api, tmp_path: Path, error: Exception
) -> None:
    api.machine.fail = error
    assert (await post(api, "/api/panic", "k")).status_code in (500, 503)
    api.machine.fail = None
    for _ in range(2):
        answer = await post(api, "/api/panic", "k")
        assert (answer.status_code, error_of(answer)["code"]) == (409, "OUTCOME_UNKNOWN")
        api = reopened(api, tmp_path)
    assert api.machine.calls == ["Panic"]


async def test_the_command_is_on_the_disk_before_the_machine_hears_of_it(
    api: Api, tmp_path: Path
) -> None:
    seen: list[str] = []
    panic = api.machine.panic

    async def spy() -> Any:
        seen.append((tmp_path / KEYS_FILE).read_text())
        return await panic()

    api.machine.panic = spy  # type: ignore[method-assign]
    await post(api, "/api/panic", "k")
    (text,) = seen
    assert '"key":"k"' in text
    assert '"begun"' in text
    assert "answered" not in text


async def test_a_caller_who_hangs_up_finds_the_answer_later(api: Api, tmp_path: Path) -> None:
    gate = asyncio.Event()
    panic = api.machine.panic

    async def slow() -> Any:
        await gate.wait()
        return await panic()

    api.machine.panic = slow  # type: ignore[method-assign]
    first = asyncio.ensure_future(post(api, "/api/panic", "k"))
    await asyncio.sleep(0.05)
    first.cancel()
    gate.set()
    await asyncio.sleep(0.05)
    second = reopened(api, tmp_path)
    assert (await post(second, "/api/panic", "k")).json() == {"closing": [], "disarmed": []}
    assert second.machine.calls == ["Panic"]


def kept(folder: Path) -> dict[str, Kept]:
    store = KeyFile(folder)
    try:
        return store.load()
    finally:
        store.close()


def filled(folder: Path, *keys: str) -> KeyFile:
    store = KeyFile(folder)
    store.load()
    for key in keys:
        store.begun(key, Kept("POST /api/panic x"))
        store.ended(key, Kept("POST /api/panic x", b'{"n":1}'))
    return store


def test_the_file_is_private_and_survives_a_torn_end(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b").close()
    path = tmp_path / KEYS_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    whole = path.read_bytes()
    assert {key: one.answer for key, one in kept(tmp_path).items()} == {
        "a": b'{"n":1}', "b": b'{"n":1}',
    }  # fmt: skip
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        found = kept(tmp_path)
        assert set(found) <= {"a", "b"}
        assert all(one.answer in (None, b'{"n":1}') for one in found.values())
        # What comes next is not glued to the torn line.
        filled(tmp_path, "c").close()
        assert kept(tmp_path)["c"].answer == b'{"n":1}'


def test_a_line_that_is_damaged_costs_its_key_only(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b").close()
    path = tmp_path / KEYS_FILE
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["\x00garbage", *lines[2:]]) + "\n")
    assert set(kept(tmp_path)) == {"b"}


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_file, "KEYS_MAX", 5)
    monkeypatch.setattr(key_file, "_LINES_MAX", 20)
    store = filled(tmp_path, *(f"k{n}" for n in range(100)))
    assert len((tmp_path / KEYS_FILE).read_text().splitlines()) <= 20
    store.close()
    assert list(kept(tmp_path)) == [f"k{n}" for n in range(95, 100)]
    assert len((tmp_path / KEYS_FILE).read_text().splitlines()) == 10


def test_a_file_that_was_removed_is_made_anew_with_everything(tmp_path: Path) -> None:
    store = filled(tmp_path, "a")
    (tmp_path / KEYS_FILE).unlink()
    store.begun("b", Kept("x"))
    store.close()
    assert set(kept(tmp_path)) == {"a", "b"}


def test_a_disk_that_refuses_does_not_stop_a_command(tmp_path: Path) -> None:
    """Closing a position must not depend on a file that only remembers it."""
    folder = tmp_path / "data"
    folder.mkdir()
    store = filled(folder, "a")
    shutil.rmtree(folder)
    store.begun("b", Kept("x"))
    folder.mkdir()
    store.ended("b", Kept("x", b"{}"))
    store.close()
    assert {key: one.answer for key, one in kept(folder).items()} == {
        "a": b'{"n":1}', "b": b"{}",
    }  # fmt: skip


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / KEYS_FILE).mkdir()
    with pytest.raises(ConfigurationError, match="cannot use"):
        kept(tmp_path)


def test_after_closing_nothing_is_written(tmp_path: Path) -> None:
    """The next process has the file by then."""
    store = filled(tmp_path, "a")
    store.close()
    store.ended("a", None)
    store.begun("b", Kept("x"))
    assert set(kept(tmp_path)) == {"a"}


async def test_an_answer_of_another_version_is_not_an_error_of_ours(
    api: Api, tmp_path: Path
) -> None:
    await post(api, "/api/panic", "k")
    path = tmp_path / KEYS_FILE
    path.write_text(path.read_text().replace("closing", "ended"))
    answer = await post(reopened(api, tmp_path), "/api/panic", "k")
    assert (answer.status_code, error_of(answer)["code"]) == (409, "OUTCOME_UNKNOWN")
    assert api.machine.calls == ["Panic"]
