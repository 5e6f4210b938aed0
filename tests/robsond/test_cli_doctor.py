"""The doctor looks at the venue and says what stands in the way."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio.from_thread
import pytest

from robsond.cli.app import run
from robsond.compose_binance import account_id
from robsond.live_confirm import KEPT_FILE, KeptFile, Subject
from robsond.settings import load
from tests.binance_exchange import API_KEY, API_SECRET, Exchange, running_exchange


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_exchange()) as exchange,
    ):
        yield exchange


def settle(monkeypatch: pytest.MonkeyPatch, folder: Path, **settings: str) -> None:
    for name, value in {"ROBSON_DATA_DIR": str(folder), **settings}.items():
        monkeypatch.setenv(name, value)


def at(exchange: Exchange, secret: str = API_SECRET) -> dict[str, str]:
    return {
        "ROBSON_CONNECTOR": "binance",
        "ROBSON_MODE": "shadow",
        "BINANCE_API_KEY": API_KEY,
        "BINANCE_API_SECRET": secret,
        "BINANCE_BASE_URL": exchange.base_url,
        "BINANCE_WS_URL": exchange.ws_url,
        "BINANCE_WS_API_URL": exchange.ws_api_url,
    }


def findings(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_it_names_the_account_and_every_check(
    exchange: Exchange,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settle(monkeypatch, tmp_path, **at(exchange))
    run(["doctor", "btcusdt", "--json"])
    document = findings(capsys)
    assert document["account"].startswith("binance-")
    names = " ".join(one["name"] for one in document["findings"])
    for part in ("clock", "key", "BTCUSDT"):
        assert part in names
    assert API_KEY not in str(document)
    assert API_SECRET not in str(document)
    assert not list(tmp_path.iterdir()), "nothing is written"
    assert document["counts"]["refused"] == 0, document
    run(["doctor", "BTCUSDT"])
    assert document["account"] in capsys.readouterr().out


def test_a_wrong_secret_is_a_failure_with_a_reason(
    exchange: Exchange,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settle(monkeypatch, tmp_path, **at(exchange, "wrong"))
    assert run(["doctor", "--json"]) == 1
    failed = [one for one in findings(capsys)["findings"] if one["level"] == "refused"]
    assert failed


def test_paper_on_the_live_market_needs_no_key(
    exchange: Exchange,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settle(monkeypatch, tmp_path, **{**at(exchange), "ROBSON_MODE": "paper"})
    assert run(["doctor", "BTCUSDT", "--json"]) == 0
    found = {one["name"]: one for one in findings(capsys)["findings"]}
    assert (found["key"]["level"], found["key"]["advice"]) == ("ok", "")
    assert found["trading BTCUSDT"]["level"] == "ok"


def test_the_allowed_pairs_are_looked_at_when_none_is_named(
    exchange: Exchange,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settle(monkeypatch, tmp_path, **at(exchange), ROBSON_ALLOWED_SYMBOLS="ETHUSDT")
    run(["doctor", "--json"])
    names = [one["name"] for one in findings(capsys)["findings"]]
    assert "collateral ETHUSDT" in names
    assert "collateral BTCUSDT" not in names


def test_a_risky_key_is_refused_until_the_phrase_accepts_it(
    exchange: Exchange,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    exchange.key_rights(enableWithdrawals=True)
    settle(monkeypatch, tmp_path, **at(exchange))
    assert run(["doctor", "--json"]) == 1
    level = {one["name"]: one["level"] for one in findings(capsys)["findings"]}
    assert level["key_withdraw"] == "refused"
    phrase = "use a key that may withdraw"
    settle(monkeypatch, tmp_path, ROBSON_LIVE_KEY_CONFIRM=phrase)
    assert run(["doctor", "--json"]) == 0
    level = {one["name"]: one["level"] for one in findings(capsys)["findings"]}
    assert level["key_withdraw"] == "warning"
    monkeypatch.delenv("ROBSON_LIVE_KEY_CONFIRM")
    account = account_id(load(os.environ).settings)
    subject = Subject(account=account, database="db-1", cap=Decimal(50), risks=("may withdraw",))
    KeptFile(tmp_path).save(subject)
    assert run(["doctor", "--json"]) == 0, "accepted at the terminal and kept"
    capsys.readouterr()
    (tmp_path / KEPT_FILE).write_text("{")
    assert run(["doctor", "--json"]) == 1, "a damaged file accepts nothing"


def test_hosts_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path, ROBSON_CONNECTOR="binance", BINANCE_BASE_URL="https://evil.test")
    assert run(["doctor"]) == 2
    assert "evil.test" in capsys.readouterr().err


def test_what_is_no_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path, ROBSON_CONNECTOR="binance")
    assert run(["doctor", "?"]) == 2
    assert "SYMBOLS" in capsys.readouterr().err
