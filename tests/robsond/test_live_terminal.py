"""Live mode on a real terminal: what is shown, what must be typed, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from robsond import compose
from robsond.compose_binance import account_id
from robsond.live_confirm import KEPT_FILE, database_id
from robsond.settings import load
from tests.binance_exchange import API_KEY, API_SECRET, Exchange, running_exchange
from tests.robsond.daemon_process import Robsond
from tests.robsond.terminal import Terminal

ORDER = "/sapi/v1/margin/order"
KEY_PHRASE = "use a key that may withdraw and has no IP list"


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_exchange()) as exchange,
    ):
        yield exchange


def live(exchange: Exchange, folder: Path, **more: str) -> Robsond:
    return Robsond(
        folder,
        ROBSON_CONNECTOR="binance",
        ROBSON_MODE="live",
        BINANCE_API_KEY=API_KEY,
        BINANCE_API_SECRET=API_SECRET,
        BINANCE_BASE_URL=exchange.base_url,
        BINANCE_WS_URL=exchange.ws_url,
        BINANCE_WS_API_URL=exchange.ws_api_url,
        **more,
    )


def seat(daemon: Robsond, **more: str) -> Terminal:
    arguments = [sys.executable, "-m", "robsond.program", "run"]
    return Terminal(arguments, {**daemon.environment, **more}, daemon.folder)


def account_of(daemon: Robsond) -> str:
    return account_id(load(daemon.settings | {"ROBSON_DATA_DIR": "."}).settings)


def phrase_in(shown: str, account: str) -> str:
    (found,) = {
        line.strip() for line in shown.splitlines() if line.strip().startswith(f"{account}/")
    }
    return found


def confirmed(daemon: Robsond, *phrases: str) -> None:
    """Start it on a terminal, type the account's phrase and these, and stop it again."""
    account = account_of(daemon)
    with seat(daemon) as terminal:
        terminal.type(phrase_in(terminal.until("\n> "), account))
        for phrase in phrases:
            terminal.until(f"    {phrase}\n\n> ")
            terminal.type(phrase)
        terminal.until('"ready"')
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.ended() == 0


def database_of(folder: Path, account: str) -> str:
    """Return which database is kept as confirmed."""
    found: str = json.loads((folder / KEPT_FILE).read_text())["accounts"][account]["database"]
    return found


def lose_database(folder: Path) -> None:
    for name in ("robson.db", "robson.db-wal", "robson.db-shm", "head.json"):
        (folder / name).unlink(missing_ok=True)


def test_what_is_shown_typed_and_kept(exchange: Exchange, tmp_path: Path) -> None:
    daemon = live(exchange, tmp_path)
    account = account_of(daemon)
    with seat(daemon) as terminal:
        shown = terminal.until("\n> ")
        assert not (tmp_path / KEPT_FILE).exists()
        for part in (
            "real money", "live, binance", account, "BTCUSDT: 0 BTC, ", str(tmp_path / "robson.db"),
            "worth at most 50", "5 positions at once", "5 % of the capital of 10000",
        ):  # fmt: skip
            assert part in shown
        assert API_KEY not in shown
        phrase = phrase_in(shown, account)
        terminal.type(phrase)
        terminal.until('"ready"')
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.ended() == 0
    kept = tmp_path / KEPT_FILE
    assert kept.stat().st_mode & 0o777 == 0o600
    assert phrase == f"{account}/{database_of(tmp_path, account)}"
    with daemon.start():  # as a service manager does: no terminal, no setting
        assert daemon.get("/api/status")["mode"] == "live"
        assert daemon.stop() == 0
    with seat(daemon) as terminal:  # and nobody is asked twice
        assert "type:" not in terminal.until('"ready"')


@pytest.mark.parametrize("typed", ["yes", "", "account"])
def test_anything_else_starts_nothing(exchange: Exchange, tmp_path: Path, typed: str) -> None:
    daemon = live(exchange, tmp_path)
    with seat(daemon) as terminal:
        terminal.until("\n> ")
        terminal.type(account_of(daemon) if typed == "account" else typed)
        assert terminal.ended() == 2
        assert "the phrase was not typed" in terminal.shown
        assert "set ROBSON_LIVE_CONFIRM=binance-" in terminal.shown
    assert not (tmp_path / KEPT_FILE).exists()
    assert exchange.audit.calls("POST", ORDER) == []


def test_it_can_be_stopped_while_it_waits(exchange: Exchange, tmp_path: Path) -> None:
    with seat(live(exchange, tmp_path)) as terminal:
        terminal.until("\n> ")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.ended(10) == 0
    assert not (tmp_path / KEPT_FILE).exists()


def test_another_database_needs_a_confirmation_of_its_own(
    exchange: Exchange, tmp_path: Path
) -> None:
    daemon = live(exchange, tmp_path)
    account = account_of(daemon)
    confirmed(daemon)
    before = database_of(tmp_path, account)
    lose_database(tmp_path)
    code, output = daemon.finish(ROBSON_LIVE_CONFIRM=account)
    assert code == 2
    assert "the database has changed" in output
    assert before in output
    assert database_of(tmp_path, account) == before
    phrase = output.split("set ROBSON_LIVE_CONFIRM=")[1].split()[0]
    assert phrase.startswith(f"{account}/db-")
    with seat(daemon) as terminal:
        assert "The database has changed" in terminal.until("\n> ")
    daemon.settings["ROBSON_LIVE_CONFIRM"] = phrase
    with daemon.start():
        assert daemon.stop() == 0
    assert phrase == f"{account}/{database_of(tmp_path, account)}"


async def epoch_in(folder: Path) -> str:
    async with compose.offline_store(load({"ROBSON_DATA_DIR": str(folder)}).settings) as store:
        return store.epoch


def test_the_account_alone_confirms_the_first_database(exchange: Exchange, tmp_path: Path) -> None:
    daemon = live(exchange, tmp_path)
    daemon.settings["ROBSON_LIVE_CONFIRM"] = account_of(daemon)
    with daemon.start():
        assert daemon.stop() == 0
    kept = json.loads((tmp_path / KEPT_FILE).read_text())["accounts"]
    epoch = asyncio.run(epoch_in(tmp_path))
    assert {name: one["database"] for name, one in kept.items()} == {
        account_of(daemon): database_id(epoch)
    }


def test_cap_and_key_are_typed_too_and_kept(exchange: Exchange, tmp_path: Path) -> None:
    exchange.key_rights(enableWithdrawals=True, ipRestrict=False)
    daemon = live(exchange, tmp_path, ROBSON_LIVE_POSITION_CAP="200")
    code, output = daemon.finish(ROBSON_LIVE_CONFIRM=account_of(daemon))
    assert code == 2
    assert 'set ROBSON_LIVE_CAP_CONFIRM="positions up to 200"' in output
    assert exchange.audit.calls() == [], "what the settings lack is said before anybody is asked"
    confirmed(daemon, "positions up to 200", KEY_PHRASE)
    with daemon.start():
        assert daemon.stop() == 0
    code, output = daemon.finish(ROBSON_LIVE_POSITION_CAP="201")
    assert code == 2
    assert "positions up to 201" in output


def test_a_key_that_may_too_much_is_refused(exchange: Exchange, tmp_path: Path) -> None:
    daemon = live(exchange, tmp_path)
    daemon.settings["ROBSON_LIVE_CONFIRM"] = account_of(daemon)
    exchange.key_rights(permitsUniversalTransfer=True)
    code, output = daemon.finish()
    assert code == 2
    assert 'set ROBSON_LIVE_KEY_CONFIRM="use a key that may transfer funds away"' in output
    assert not (tmp_path / KEPT_FILE).exists()
    assert exchange.audit.calls("POST", ORDER) == []


def test_a_venue_that_does_not_say_what_the_key_may_do_keeps_nothing_from_starting(
    exchange: Exchange, tmp_path: Path
) -> None:
    daemon = live(exchange, tmp_path)
    daemon.settings["ROBSON_LIVE_CONFIRM"] = account_of(daemon)
    exchange.fault("html", "/sapi/v1/account/apiRestrictions", "GET", times=None)
    with daemon.start():
        assert "the rights of the key could not be asked" in daemon.drain()
    assert (tmp_path / KEPT_FILE).exists()
