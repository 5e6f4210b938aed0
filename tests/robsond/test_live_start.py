"""The start of live mode in this process, on a terminal or none, with what a venue may answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from structlog.testing import capture_logs

from robson_domain import ConfigurationError, Money, RetryableVenueError
from robsond import compose_binance
from robsond.live_confirm import KEPT_FILE, KeptFile, Subject, database_id
from robsond.live_start import LiveStart, NoFacts
from robsond.settings import Settings, load
from robsond.system import RealClock

HERE = Subject(account="binance-1", database="db-1", cap=Decimal(50))
LIVE = {
    "ROBSON_MODE": "live",
    "ROBSON_CONNECTOR": "binance",
    "BINANCE_API_KEY": "k" * 40,
    "BINANCE_API_SECRET": "s" * 40,
}


@attrs.define
class Facts:
    """A venue that says what it was told to, or nothing."""

    says: tuple[str, ...] = ()
    is_silent: bool = False
    asked: int = 0

    async def risks(self) -> tuple[str, ...]:
        self.asked += 1
        if self.is_silent:
            raise RetryableVenueError("it rains", "RAIN")
        return self.says

    async def balances(self) -> tuple[str, ...]:
        raise RetryableVenueError("it rains", "RAIN")


@attrs.frozen
class Seat:
    """The person's end of a terminal that is this process's own."""

    handle: int

    def type(self, line: str) -> None:
        os.write(self.handle, f"{line}\n".encode())

    def shown(self) -> str:
        """Return everything shown; a terminal hands it over in pieces."""
        os.set_blocking(self.handle, False)
        found = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                found += os.read(self.handle, 65_536)
        return found.decode().replace("\r\n", "\n")


@contextmanager
def sitting() -> Iterator[Seat]:
    """Make this process's input and output a terminal.

    Inside the test, not a fixture: pytest puts its own streams in place after those.
    """
    master, slave = pty.openpty()
    with (
        pytest.MonkeyPatch.context() as patch,
        os.fdopen(os.dup(slave), "r") as reader,
        os.fdopen(slave, "w") as writer,
    ):
        patch.setattr(sys, "stdin", reader)
        patch.setattr(sys, "stdout", writer)
        yield Seat(master)
    os.close(master)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


def settings_of(folder: Path, **more: str) -> Settings:
    return load({"ROBSON_DATA_DIR": str(folder), **LIVE, **more}).settings


def start(folder: Path, facts: Facts | NoFacts, **more: str) -> LiveStart:
    return LiveStart(settings_of(folder, **more), facts, "sqlite:////data/robson.db")


async def test_what_is_asked_is_shown_with_what_cannot_be_known(tmp_path: Path) -> None:
    with sitting() as seat:
        seat.type(HERE.phrase)
        await start(tmp_path, Facts()).require(HERE)
        shown = seat.shown()
    assert "could not be asked: it rains" in shown
    assert "no right beyond reading and trading" in shown
    assert "db-1 at /data/robson.db" in shown
    assert KeptFile(tmp_path).of("binance-1") is not None


async def test_every_phrase_is_asked_for_and_all_must_be_typed(tmp_path: Path) -> None:
    rich, facts = attrs.evolve(HERE, cap=Decimal(60)), Facts(("may withdraw",))
    with sitting() as seat:
        for line in (HERE.phrase, "positions up to 60", "use a key that"):
            seat.type(line)
        with pytest.raises(ConfigurationError, match="ROBSON_LIVE_KEY_CONFIRM"):
            await start(tmp_path, facts).require(rich)
        assert "use a key that may withdraw" in seat.shown()
    assert not (tmp_path / KEPT_FILE).exists()


async def test_a_wait_that_is_given_up_leaves_nothing_behind(tmp_path: Path) -> None:
    with sitting():
        waiting = asyncio.ensure_future(start(tmp_path, Facts()).require(HERE))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not asyncio.get_running_loop().remove_reader(sys.stdin.fileno())


async def test_a_setting_that_says_something_else_is_not_typed_over(tmp_path: Path) -> None:
    facts = Facts()
    with sitting(), pytest.raises(ConfigurationError, match="it says"):
        await start(tmp_path, facts, ROBSON_LIVE_CONFIRM="other").require(HERE)
    assert facts.asked == 0


@pytest.mark.usefixtures("nobody")
async def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    facts = Facts()
    with pytest.raises(ConfigurationError, match="set ROBSON_LIVE_CONFIRM=binance-1/db-1"):
        await start(tmp_path, facts).require(HERE)
    assert facts.asked == 0, "the venue hears nothing before"
    await start(tmp_path, facts, ROBSON_LIVE_CONFIRM="binance-1").require(HERE)
    await start(tmp_path, facts).require(HERE)
    assert facts.asked == 2


@pytest.mark.usefixtures("nobody")
async def test_rights_that_cannot_be_asked_are_said_and_keep_nothing_from_starting(
    tmp_path: Path,
) -> None:
    silent, sure = Facts(is_silent=True), {"ROBSON_LIVE_CONFIRM": "binance-1"}
    for wanted in (sure, {}):
        with capture_logs() as entries:
            await start(tmp_path, silent, **wanted).require(HERE)
        assert [entry["why"] for entry in entries] == ["it rains"]


@pytest.mark.usefixtures("nobody")
async def test_a_right_that_was_added_later_is_said_and_stops_are_watched(tmp_path: Path) -> None:
    await start(tmp_path, Facts(), ROBSON_LIVE_CONFIRM="binance-1").require(HERE)
    with capture_logs() as entries:
        await start(tmp_path, Facts(("has no IP list",))).require(HERE)
    assert [(e["log_level"], e["more"]) for e in entries] == [("error", "has no IP list")]
    other = attrs.evolve(HERE, database="db-2")
    with pytest.raises(ConfigurationError, match="use a key that has no IP list"):
        await start(tmp_path, Facts(("has no IP list",)), ROBSON_LIVE_CONFIRM=other.phrase).require(
            other
        )


async def test_a_connector_of_another_package_is_confirmed_by_its_name(tmp_path: Path) -> None:
    more = {"ROBSON_CONNECTOR": "acme", "ROBSON_PLUGINS_ALLOW": "robson-acme"}
    settings = settings_of(tmp_path, **more)
    with sitting() as seat:
        seat.type(f"acme/{database_id('e')}")
        await compose_binance.confirm(settings, RealClock(), "e", "memory://")
        assert "not known for this connector" in seat.shown()
    assert KeptFile(tmp_path).of("acme") is not None


def test_no_order_can_leave_before_a_confirmation_was_kept(tmp_path: Path) -> None:
    """Should a start ever forget to ask."""
    with pytest.raises(ConfigurationError, match="was not confirmed"):
        compose_binance.venue(settings_of(tmp_path), RealClock(), Money(100))


async def test_other_modes_need_no_confirmation(tmp_path: Path) -> None:
    settings = load({"ROBSON_DATA_DIR": str(tmp_path)}).settings
    await compose_binance.confirm(settings, RealClock(), "e", "memory://")
    assert not (tmp_path / KEPT_FILE).exists()
