"""``robson arm``: what it sends, and what it refuses before sending anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from robsond import dto
from robsond.cli.app import run
from tests.robsond.cli_fake import TOKEN, FakeDaemon, fake_daemon


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDaemon]:
    monkeypatch.setenv("ROBSON_API_TOKEN", TOKEN)
    monkeypatch.setenv("ROBSON_DATA_DIR", str(tmp_path))
    with fake_daemon() as running:
        monkeypatch.setenv("ROBSON_API_URL", running.url)
        yield running


def sent(daemon: FakeDaemon, *arguments: str) -> dict[str, Any]:
    assert run(["arm", *arguments]) == 0
    body: dict[str, Any] = daemon.posts[-1].body
    return body


def test_the_bare_command_arms_a_long_with_one_percent(daemon: FakeDaemon) -> None:
    assert sent(daemon, "BTCUSDT") == {
        "symbol": "BTCUSDT",
        "side": "long",
        "strategy": "ma_crossover",
        "params": {},
        "risk_percent": "1",
    }


def test_everything_that_can_be_said_is_sent_in_canonical_form(daemon: FakeDaemon) -> None:
    body = sent(
        daemon, "btc/usdt", "--side", "SHORT", "--strategy", "delay", "--param", "interval=5m",
        "--delay", "2.50", "--capital", "1000.0", "--risk-percent", "2.0",
        "--stop-distance", "0.50%", "--expires", "1h30m", "--accept-costs",
    )  # fmt: skip
    assert body == {
        "symbol": "BTCUSDT",
        "side": "short",
        "strategy": "delay",
        "params": {"interval": "5m", "seconds": "2.5"},
        "capital": "1000",
        "risk_percent": "2",
        "stop_distance": "0.5%",
        "expires": 5400,
        "accept_costs": True,
    }


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("45s", 45),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86400),
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00+00:00"),
        ("2030-01-01T02:00:00+02:00", "2030-01-01T02:00:00+02:00"),
    ],
)
def test_expiry_is_a_duration_or_a_moment(daemon: FakeDaemon, typed: str, meant: int | str) -> None:
    assert sent(daemon, "BTCUSDT", "--expires", typed)["expires"] == meant


def test_a_stop_price_and_an_absolute_distance(daemon: FakeDaemon) -> None:
    assert sent(daemon, "BTCUSDT", "--stop", "93100.00")["stop"] == "93100"
    assert sent(daemon, "BTCUSDT", "--stop-distance", "150")["stop_distance"] == "150"


def test_no_delay_is_a_delay(daemon: FakeDaemon) -> None:
    body = sent(daemon, "BTCUSDT", "--strategy", "delay", "--delay", "0")
    assert body["params"] == {"seconds": "0"}


def test_each_call_is_a_new_position_unless_told_otherwise(daemon: FakeDaemon) -> None:
    sent(daemon, "BTCUSDT")
    sent(daemon, "BTCUSDT")
    sent(daemon, "BTCUSDT", "--idempotency-key", "the-same-one")
    keys = [request.headers["idempotency-key"] for request in daemon.posts]
    assert len(set(keys)) == 3
    assert keys[2] == "the-same-one"


BAD = [
    (("x",), "SYMBOL"),
    (("BTC",), "SYMBOL"),
    (("BTCUSDT", "--side", "up"), "--side"),
    (("BTCUSDT", "--strategy", "No Such!"), "--strategy"),
    (("BTCUSDT", "--param", "fast"), "--param"),
    (("BTCUSDT", "--param", "=9"), "--param"),
    (("BTCUSDT", "--param", "fast="), "--param"),
    (("BTCUSDT", "--param", "fast=9", "--param", "fast=8"), "--param"),
    (("BTCUSDT", "--param", "stop=9"), "--param"),
    (("BTCUSDT", "--param", "stop_distance=9"), "--param"),
    (("BTCUSDT", "--delay", "3"), "--delay"),
    (("BTCUSDT", "--strategy", "delay", "--delay", "-3"), "--delay"),
    (("BTCUSDT", "--strategy", "delay", "--delay", "1", "--param", "seconds=2"), "--delay"),
    (("BTCUSDT", "--capital", "0"), "--capital"),
    (("BTCUSDT", "--capital", "-5"), "--capital"),
    (("BTCUSDT", "--capital", "NaN"), "--capital"),
    (("BTCUSDT", "--capital", "1e99"), "--capital"),
    (("BTCUSDT", "--capital", "1,000"), "--capital"),
    (("BTCUSDT", "--risk-percent", "0"), "--risk-percent"),
    (("BTCUSDT", "--risk-percent", "101"), "--risk-percent"),
    (("BTCUSDT", "--risk-percent", "one"), "--risk-percent"),
    (("BTCUSDT", "--stop", "0"), "--stop"),
    (("BTCUSDT", "--stop", "inf"), "--stop"),
    (("BTCUSDT", "--stop", "1", "--stop-distance", "1"), "--stop"),
    (("BTCUSDT", "--stop-distance", "0"), "--stop-distance"),
    (("BTCUSDT", "--stop-distance", "0.09%"), "--stop-distance"),
    (("BTCUSDT", "--stop-distance", "10.1%"), "--stop-distance"),
    (("BTCUSDT", "--stop-distance", "%"), "--stop-distance"),
    (("BTCUSDT", "--expires", "soon"), "--expires"),
    (("BTCUSDT", "--expires", "0s"), "--expires"),
    (("BTCUSDT", "--expires", ""), "--expires"),
    (("BTCUSDT", "--expires", "2030-01-01T00:00:00"), "--expires"),
    (("BTCUSDT", "--idempotency-key", "a b"), "--idempotency-key"),
    ((), "SYMBOL"),
]


@pytest.mark.parametrize(("typed", "field"), BAD, ids=str)
def test_a_value_that_cannot_be_right_names_its_option_and_nothing_is_sent(
    daemon: FakeDaemon,
    capsys: pytest.CaptureFixture[str],
    typed: tuple[str, ...],
    field: str,
) -> None:
    assert run(["arm", *typed, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["field"] == field
    assert len(error["message"]) > 10
    assert daemon.seen == []


@pytest.mark.parametrize("percent", ["0.1%", "10%"])
def test_the_limits_of_the_distance_are_allowed(daemon: FakeDaemon, percent: str) -> None:
    assert sent(daemon, "BTCUSDT", "--stop-distance", percent)["stop_distance"] == percent


def test_five_percent_needs_no_phrase(daemon: FakeDaemon) -> None:
    assert "confirm_risk_percent" not in sent(daemon, "BTCUSDT", "--risk-percent", "5")


@pytest.mark.parametrize("phrase", [None, "yes", "I accept 6% risk"])
def test_more_risk_without_the_phrase_is_refused_with_the_way_to_do_it(
    daemon: FakeDaemon, capsys: pytest.CaptureFixture[str], phrase: str | None
) -> None:
    typed = ["arm", "BTCUSDT", "--risk-percent", "7.50"]
    given = ["--confirm-risk", phrase] if phrase else []
    assert run([*typed, *given, "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "RISK_NOT_CONFIRMED"
    assert '--confirm-risk "I accept 7.5% risk"' in error["message"]
    assert daemon.seen == []


def test_more_risk_with_the_phrase_is_sent_with_the_confirmation(daemon: FakeDaemon) -> None:
    body = sent(daemon, "BTCUSDT", "--risk-percent", "7.50", "--confirm-risk", "I accept 7.5% risk")
    assert (body["risk_percent"], body["confirm_risk_percent"]) == ("7.5", "7.5")


ESTIMATE = dto.EstimateReply(
    estimate=dto.EstimateView(
        symbol="BTCUSDT", side="long", price="61837.63", stop="61652.12", stop_distance="185.51",
        quantity="0.32", notional="19788.04", risk_amount="100", loss_max="99.87",
        denial_code="COSTS_EAT_RISK", message="fees of the round trip are too high",
    )
)  # fmt: skip


def test_a_dry_run_shows_an_estimate_that_says_so(
    daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.answer("POST", "/api/positions", ESTIMATE)
    assert run(["arm", "BTCUSDT", "--dry-run", "--risk-percent", "9"]) == 0
    shown = capsys.readouterr().out
    assert daemon.posts[0].body["dry_run"] is True
    for part in ("estimate", "nothing was armed", "99.87", "0.32", "61,652.12", "COSTS_EAT_RISK"):
        assert part in shown, part


def test_a_dry_run_in_json_is_the_daemons_estimate(
    daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.answer("POST", "/api/positions", ESTIMATE)
    assert run(["arm", "BTCUSDT", "--dry-run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["estimate"]["is_estimate"] is True
    assert document["estimate"]["loss_max"] == "99.87"


@pytest.mark.parametrize(
    ("field", "option"),
    [("fast", "--param fast"), ("capital", "--capital"), ("risk_percent", "--risk-percent")],
)
def test_a_value_the_daemon_refuses_ends_with_2_and_names_the_option(
    daemon: FakeDaemon, capsys: pytest.CaptureFixture[str], field: str, option: str
) -> None:
    path = "/api/positions"
    daemon.refuse("POST", path, 400, code="BAD_VALUE", message=f"{field}: write 9", field=field)
    assert run(["arm", "BTCUSDT", "--param", "fast=x"]) == 2
    assert f"Error (BAD_VALUE): {option}: write 9\n" == capsys.readouterr().err
