"""The parts of the demonstration: its settings, what it tells, and when it was a success."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from robsond.cli.errors import CliError
from robsond.cli.showing import DemoOptions
from robsond.demo.plan import DemoPlan, clean_environment
from robsond.demo.recorded import pairs_of
from robsond.demo.report import judge
from robsond.demo.story import Stories, Story
from robsond.settings import load
from tests.robsond.cli_fake import event

NOTHING: dict[str, Any] = {
    "trades": None, "frames": None, "symbol": None, "tick_size": None, "step_size": None,
    "stop_distance": None, "delay": None, "speed": None, "latency_ms": 50, "fee_rate": "0.0005",
    "capital": "10000", "accept_costs": False,
}  # fmt: skip


def plan(**typed: Any) -> DemoPlan:
    return DemoOptions(**{**NOTHING, **typed}).plan()


@pytest.fixture
def trades(tmp_path: Path) -> str:
    path = tmp_path / "spot_ethusdt_today.csv"
    path.write_text("ts_ns,price,qty,is_buyer_maker\n1000,10.00,1,0\n")
    return str(path)


FRAME = '{"stream":"x@trade","data":{"e":"trade","s":"%s","t":1,"p":"10","q":"1","T":1}}'


def frames(folder: Path, *pairs: str) -> str:
    path = folder / "frames.gz"
    lines = [f"{n} {FRAME % pair}" for n, pair in enumerate(pairs, start=1)]
    path.write_bytes(gzip.compress(("1 {}\n" + "\n".join(lines) + "\n").encode()))
    return str(path)


def test_the_daemon_takes_the_simulated_settings(tmp_path: Path) -> None:
    chosen = plan()
    settings = load(chosen.environment(str(tmp_path))).settings
    assert (settings.mode, settings.is_recording, settings.http.port) == ("paper", False, 0)
    assert settings.plan == ()
    assert [(arm["symbol"], arm["side"]) for arm in chosen.arms()] == [
        ("BTCUSDT", "long"),
        ("ETHUSDT", "short"),
    ]


def test_the_daemon_takes_the_settings_of_a_recording(tmp_path: Path, trades: str) -> None:
    chosen = plan(
        trades=trades, tick_size="0.010", step_size="0.1", stop_distance="0.2%", latency_ms=0,
        fee_rate="0", speed="10",
    )  # fmt: skip
    settings = load(chosen.environment(str(tmp_path))).settings
    assert settings.is_recording
    assert settings.market.symbol == "ETHUSDT"
    assert (str(settings.market.tick_size), settings.market.playback_speed) == ("0.01", "10")
    assert settings.market.latency_ms == 0
    first, second = settings.plan
    assert (first.arm.side, first.after) == ("long", "start")
    assert (second.arm.side, second.after) == ("short", "closed:1")
    assert first.arm.stop_distance == "0.2%"
    assert first.arm.params == {"seconds": "0"}
    assert chosen.arms() == []


def test_two_recorded_pairs_are_traded_side_by_side(tmp_path: Path) -> None:
    chosen = plan(frames=frames(tmp_path, "BTCUSDT", "ETHUSDT", "BTCUSDT"))
    steps = json.loads(chosen.environment("/x")["ROBSON_PLAN"])
    assert [(s["arm"]["symbol"], s["arm"]["side"], s["after"]) for s in steps] == [
        ("BTCUSDT", "long", "start"),
        ("ETHUSDT", "short", "start"),
    ]


def test_the_pair_is_found_in_frames_and_in_names(tmp_path: Path) -> None:
    assert pairs_of("", frames(tmp_path, "SOLUSDT")) == ("SOLUSDT",)
    named = tmp_path / "usdm_btcusdt_20240808.csv"
    named.write_text("ts_ns,price,qty\n")
    assert pairs_of(str(named), "") == ("BTCUSDT",)
    for trades, recorded in (("/data/trades.csv", ""), ("", frames(tmp_path))):
        with pytest.raises(CliError) as caught:
            pairs_of(trades, recorded)
        assert caught.value.exit_code == 2


def test_nothing_of_the_persons_own_settings_reaches_the_demonstration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = ("DATABASE_URL", "ROBSON_MODE", "ROBSON_API_TOKEN", "MEXC_API_KEY", "LOG_LEVEL")
    for name in secrets:
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("SSL_CERT_FILE", "kept")
    found = clean_environment({"ROBSON_MODE": "paper"})
    assert found["SSL_CERT_FILE"] == "kept"
    assert {name: found.get(name) for name in secrets} == {
        **dict.fromkeys(secrets),
        "ROBSON_MODE": "paper",
    }


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"trades": "/nowhere"}, "--trades"),
        ({"frames": "/nowhere"}, "--frames"),
        ({"trades": "/a", "frames": "/b"}, "--trades"),
        ({"symbol": "BTCUSDT"}, "--symbol"),
        ({"tick_size": "0.01"}, "--tick-size"),
        ({"step_size": "0.01"}, "--step-size"),
        ({"speed": "10"}, "--speed"),
        ({"stop_distance": "0"}, "--stop-distance"),
        ({"stop_distance": "11%"}, "--stop-distance"),
        ({"delay": "-1"}, "--delay"),
        ({"latency_ms": 60_001}, "--latency-ms"),
        ({"fee_rate": "0.06"}, "--fee-rate"),
        ({"fee_rate": "x"}, "--fee-rate"),
        ({"capital": "0"}, "--capital"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_right_names_its_option(typed: dict[str, Any], field: str) -> None:
    with pytest.raises(CliError) as caught:
        plan(**typed)
    assert (caught.value.field, caught.value.exit_code) == (field, 2)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"symbol": "?"}, "--symbol"),
        ({"tick_size": "0"}, "--tick-size"),
        ({"step_size": "x"}, "--step-size"),
        ({"speed": "0"}, "--speed"),
        ({"speed": "fast"}, "--speed"),
    ],
    ids=str,
)
def test_with_a_recording_too(trades: str, typed: dict[str, Any], field: str) -> None:
    with pytest.raises(CliError) as caught:
        plan(trades=trades, **typed)
    assert caught.value.field == field


def filled(price: str, quantity: str = "0.5") -> dict[str, str]:
    return {"price": price, "quantity": quantity}


LIFE = [
    event(1, "PositionArmed", command={
        "symbol": "BTCUSDT", "side": "LONG", "detector": {"name": "delay", "params": []}}),
    event(2, "EntryOrderPlaced", intent={"side": "BUY", "quantity": "1"}, risk_amount="100"),
    event(3, "EntryFilled", fill=filled("100"), best="100", stop="99", mark=5),
    event(4, "EntryFilled", fill=filled("100.2"), best="100.2", stop="99.2", mark=6),
    event(5, "TrailingStopUpdated", best="101", stop="100", previous_stop="99.2", mark=9),
    event(6, "ExitTriggered", reason="trailing_stop", price="99.9", stop="100", mark=12),
    event(7, "ExitOrderPlaced", intent={"side": "SELL", "quantity": "1"}),
    event(8, "ExitFilled", fill=filled("99.8", "1"), open_qty="0", mark=13),
    event(9, "PositionClosed", reason="trailing_stop", realized_pnl="-0.3", dust="0"),
]  # fmt: skip


def told(events: list[dict[str, Any]]) -> Story:
    stories = Stories()
    for one in events:
        stories.take(one)
    assert stories.sequence == events[-1]["sequence"]
    return stories.all[0]


def test_a_story_is_the_fold_of_its_events() -> None:
    story = told(LIFE)
    assert story.really_closed
    assert (story.side, story.stage, story.ended_as) == ("long", "closed", "trailing_stop")
    assert [(m.best, m.stop, m.trade_id) for m in story.moves] == [
        ("100", "99", 5),
        ("100.2", "99.2", 6),
        ("101", "100", 9),
    ]
    assert story.trigger is not None
    assert (story.trigger.price, story.trigger.stop, story.trigger.trade_id) == ("99.9", "100", 12)
    assert [fill.price for fill in (*story.entries, *story.exits)] == ["100", "100.2", "99.8"]


@pytest.mark.parametrize("length", range(1, len(LIFE)))
def test_nothing_before_the_end_counts_as_closed(length: int) -> None:
    story = told(LIFE[:length])
    assert not story.really_closed
    assert not story.is_over


DENIED = [LIFE[0], event(2, "EntryDenied", code="COSTS_EAT_RISK", message="too dear")]
ENDED = [LIFE[0], event(2, "PositionDisarmed", reason="end_of_data")]


def test_only_real_fills_make_a_success() -> None:
    closed = told(LIFE)
    assert judge([closed, closed], 2, recording=False) == ""
    assert "1 of 2" in judge([closed], 2, recording=False)
    assert "COSTS_EAT_RISK" in judge([told(DENIED)], 2, recording=False)
    assert "COSTS_EAT_RISK" in judge([closed, told(DENIED)], 2, recording=True)
    assert "still active" in judge([closed, told(LIFE[:5])], 2, recording=False)
    assert "none was armed" in judge([], 2, recording=True)


def test_a_recording_may_end_before_the_second_position_not_before_the_first() -> None:
    closed = told(LIFE)
    assert judge([closed], 2, recording=True) == ""
    assert judge([closed, told(ENDED)], 2, recording=True) == ""
    assert judge([closed, told(ENDED)], 2, recording=False) != ""
    assert judge([told(ENDED)], 2, recording=True) != ""
