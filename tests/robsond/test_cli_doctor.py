"""The doctor looks at the venue and says what stands in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio.from_thread
import pytest

from robsond.cli.app import run
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
    failed = [one for one in findings(capsys)["findings"] if one["level"] == "failed"]
    assert failed


def test_a_venue_that_needs_no_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path)
    assert run(["doctor"]) == 1
    assert "ROBSON_CONNECTOR=binance" in capsys.readouterr().err


def test_what_is_no_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path, ROBSON_CONNECTOR="binance")
    assert run(["doctor", "?"]) == 2
    assert "SYMBOLS" in capsys.readouterr().err
