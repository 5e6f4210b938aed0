"""How the daemon ends: by a signal, by a broken machine, and when it cannot begin."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from robson_domain import ConfigurationError, RobsonError
from robsond import daemon
from robsond.daemon import Broken, Service
from robsond.machine import Machine
from robsond.settings import Settings, load
from robsond.system import RealClock
from tests.robsond.leftovers import is_held


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(folder: Path) -> Settings:
    test = {"ROBSON_DATA_DIR": str(folder), "ROBSON_HTTP_PORT": "0", "ROBSON_ENV": "test"}
    return load(test).settings


def exists(path: Path) -> bool:
    return path.exists()


async def announced(folder: Path, running: asyncio.Future[None]) -> None:
    async with asyncio.timeout(20):
        while not exists(folder / daemon.INFO_FILE) and not running.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    running = asyncio.ensure_future(daemon.run(settings(tmp_path)))
    await announced(tmp_path, running)
    os.kill(os.getpid(), number)
    async with asyncio.timeout(20):
        await running
    assert not exists(tmp_path / daemon.INFO_FILE)
    assert not is_held(tmp_path / daemon.LOCK_FILE)
    assert not asyncio.get_running_loop().remove_signal_handler(number), "it is left behind"
    signal.signal(number, before)


async def test_a_machine_that_halts_ends_the_daemon_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door is closed, the lock is free, and the caller hears that something is wrong."""
    opened: list[Machine] = []
    begin = Machine.open

    async def remembered(machine: Machine) -> object:
        opened.append(machine)
        return await begin(machine)

    monkeypatch.setattr(Machine, "open", remembered)
    running = asyncio.ensure_future(Service(settings(tmp_path), RealClock()).run(asyncio.Event()))
    async with asyncio.timeout(20):
        await announced(tmp_path, running)
        while not opened or opened[0]._facade is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        opened[0].failed.set()
        with pytest.raises(Broken, match="see the log"):
            await running
    assert not is_held(tmp_path / daemon.LOCK_FILE)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="ROBSON_DATA_DIR: cannot use") as caught:
        Service(settings(tmp_path / "file" / "data"), RealClock())
    assert isinstance(caught.value, RobsonError)
    assert "choose another folder" in str(caught.value)
