"""What new users tripped over: messages in words of the command line, ids, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from robsond import dto
from robsond.cli.errors import CliError, code_of_ctrl_c
from robsond.cli.output import Output
from robsond.dto import EstimateView
from tests.robsond.cli_fake import EVENTS, HEAD, MOMENT, TOKEN, FakeDaemon, fake_daemon, view
from tests.robsond.cli_fake import risk as risk_reply
from tests.robsond.cli_fake import status as status_reply
from tests.robsond.cli_person import Ended
from tests.robsond.cli_person import robson as person

ONE = "p-0123456789abcdef"
TWO = "p-0129999999999999"
Robson = Callable[..., Ended]


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with fake_daemon() as running:
        yield running


@pytest.fixture
def robson(daemon: FakeDaemon, tmp_path: Path) -> Robson:
    own = {
        "ROBSON_API_URL": daemon.url,
        "ROBSON_API_TOKEN": TOKEN,
        "ROBSON_DATA_DIR": str(tmp_path),
    }
    return lambda *typed, **more: person(*typed, **{**own, **more})


# ------------------------------------------------------------------------ ids


@pytest.mark.parametrize("typed", [ONE, "0123", "p-0123", "0123456789abcdef"])
@pytest.mark.parametrize("action", ["close", "disarm", "why"])
def test_the_beginning_of_an_id_is_enough(robson: Robson, action: str, typed: str) -> None:
    assert robson(action, typed).code == 0


def test_events_of_the_beginning_of_an_id(robson: Robson, daemon: FakeDaemon) -> None:
    assert robson("events", "--position", "0123").code == 0
    assert daemon.seen[-1].params["position"] == ONE


def test_a_beginning_of_several_ids_is_never_guessed(robson: Robson, daemon: FakeDaemon) -> None:
    both = dto.PositionsReply(positions=[view(), view(position_id=TWO)])
    daemon.answer("GET", "/api/positions", both)
    ended = robson("close", "012")
    assert (ended.code, daemon.posts) == (2, [])
    assert ONE in ended.err
    assert TWO in ended.err
    assert robson("close", "0123").code == 0


def test_an_id_that_is_the_beginning_of_another_means_itself(
    robson: Robson, daemon: FakeDaemon
) -> None:
    plans = [view(position_id="plan-1"), view(position_id="plan-10")]
    daemon.answer("GET", "/api/positions", dto.PositionsReply(positions=plans))
    robson("close", "plan-1")
    assert daemon.posts[-1].path == "/api/positions/plan-1/close"


def test_a_missing_position_is_told_in_words_of_the_command_line(
    robson: Robson, daemon: FakeDaemon
) -> None:
    message = "There is no position p-9; see /api/positions."
    daemon.refuse("GET", "/api/why/p-9", 404, code="NOT_FOUND", message=message)
    ended = robson("why", "p-9")
    assert (ended.code, "/api" in ended.err) == (4, False)
    assert "`robson positions` lists" in ended.err


def test_a_sequence_is_checked_before_it_is_asked_for(robson: Robson, daemon: FakeDaemon) -> None:
    ended = robson("why", ONE, "--sequence", "0")
    assert (ended.code, daemon.seen) == (2, [])
    assert "--sequence: must be the number of an event" in ended.err


# --------------------------------------------------------------------- events


def test_follow_ends_after_its_limit(robson: Robson, daemon: FakeDaemon) -> None:
    page = dto.EventsReply(events=EVENTS[:1], head=HEAD, next_after=1)
    daemon.answer("GET", "/api/events", page)
    ended = robson("events", "--follow", "--limit", "2")
    assert (ended.code, len(ended.out.splitlines())) == (0, 2)
    assert [request.params["limit"] for request in daemon.seen] == ["2", "1"]


def test_an_end_beyond_the_log_is_said(robson: Robson, daemon: FakeDaemon) -> None:
    daemon.answer("GET", "/api/events", dto.EventsReply(events=[], head=HEAD, next_after=None))
    ended = robson("events", "--after", "999999")
    assert ended.out == "No such events after event 999999; the log ends at event 3.\n"


def test_event_types_are_found_in_any_case(robson: Robson, daemon: FakeDaemon) -> None:
    for typed, sent in (("entryfilled", "EntryFilled"), ("NotYetKnown", "NotYetKnown")):
        robson("events", "--type", typed)
        assert daemon.seen[-1].params["type"] == sent


# --------------------------------------------------------------------- arming


def test_an_estimate_needs_no_phrase(robson: Robson, daemon: FakeDaemon) -> None:
    robson("arm", "BTCUSDT", "--risk-percent", "6", "--dry-run")
    assert daemon.posts[-1].body["confirm_risk_percent"] == "6"
    phrase = "I accept 6% risk"
    robson("arm", "BTCUSDT", "--risk-percent", "6", "--dry-run", "--confirm-risk", phrase)
    assert daemon.posts[-1].body["confirm_risk_percent"] == "6"
    assert robson("arm", "BTCUSDT", "--risk-percent", "6").code == 1
    assert len(daemon.posts) == 2


def test_a_missing_stop_names_the_options(robson: Robson, daemon: FakeDaemon) -> None:
    message = "manual knows no stop; name one with stop or stop_distance"
    daemon.refuse("POST", "/api/positions", 422, code="NO_STOP", message=message)
    assert "with --stop or --stop-distance" in robson("arm", "BTCUSDT").err


@pytest.mark.parametrize(
    ("side", "stop", "where"), [("long", "70000", "below"), ("short", "50000", "above")]
)
def test_a_stop_that_must_wait_for_its_price_is_noted(
    robson: Robson, daemon: FakeDaemon, side: Any, stop: str, where: str
) -> None:
    armed = view(status="Armed", side=side, params={"stop": stop}, last_price="59926.16")
    daemon.answer("POST", "/api/positions", dto.PositionReply(position=armed), 201)
    told = " ".join(robson("arm", "BTCUSDT", "--stop", stop).out.split())
    assert f"is not {where} the price 59,926.16" in told
    fine = view(status="Armed", side=side, params={"stop": stop}, last_price="60000")
    other = "100000" if side == "long" else "1"
    fine = view(status="Armed", side=side, params={"stop": stop}, last_price=other)
    daemon.answer("POST", "/api/positions", dto.PositionReply(position=fine), 201)
    assert "Note" not in robson("arm", "BTCUSDT", "--stop", stop).out


def test_an_estimate_is_shown(robson: Robson, daemon: FakeDaemon) -> None:
    shown = EstimateView(
        symbol="BTCUSDT", side="long", price="60000", stop="59000", stop_distance="1000",
        quantity="0.1", notional="6000", risk_amount="100", loss_max="100", denial_code=None,
        message="would be entered",
    )  # fmt: skip
    daemon.answer("POST", "/api/positions", dto.EstimateReply(estimate=shown))
    assert "estimate" in robson("arm", "BTCUSDT", "--dry-run").out


# -------------------------------------------------------------------- looking


def test_a_finished_playback_is_said_and_nothing_is_advised(
    robson: Robson, daemon: FakeDaemon
) -> None:
    over = dto.PlaybackView(
        state="finished", market_time=MOMENT, first=MOMENT, last=MOMENT, trades=9757
    )
    daemon.answer("GET", "/api/status", status_reply(playback=over))
    daemon.answer("GET", "/api/positions", dto.PositionsReply(positions=[]))
    told = " ".join(robson("status").out.split())
    assert "The playback is finished: 9,757 trades up to 2024-08-08 12:00:00.000 UTC." in told
    assert "No market data" not in told
    assert "robson arm" not in told


def test_prices_are_shown_of_pairs_that_are_followed(robson: Robson, daemon: FakeDaemon) -> None:
    assert "120 ms" in robson("status").out
    closed = dto.PositionsReply(positions=[view(status="Closed")])
    daemon.answer("GET", "/api/positions", closed)
    told = robson("status").out
    assert "120 ms" not in told
    assert "a pair is followed while" in " ".join(told.split())


def test_a_filter_that_finds_nothing_is_not_an_empty_house(
    robson: Robson, daemon: FakeDaemon
) -> None:
    daemon.answer("GET", "/api/positions", dto.PositionsReply(positions=[]))
    assert robson("positions", "--status", "error").out == "No position is in status Error.\n"
    assert "Arm one" in robson("positions").out


def test_what_only_waits_has_no_row_of_risk(robson: Robson, daemon: FakeDaemon) -> None:
    reply = risk_reply()
    waiting = dto.PositionRiskView(
        position_id=TWO, symbol="BTCUSDT", side="long", status="Armed", open_qty="0", stop=None,
        loss_at_stop="0",
    )  # fmt: skip
    reply.per_position.append(waiting)
    daemon.answer("GET", "/api/risk", reply)
    shown = robson("risk").out
    assert ONE in shown
    assert TWO not in shown


# ------------------------------------------------------------- ends and errors


def test_a_refused_token_names_what_held_it(
    robson: Robson, daemon: FakeDaemon, tmp_path: Path
) -> None:
    assert "token from ROBSON_API_TOKEN." in robson("status", ROBSON_API_TOKEN="x" * 43).err
    held = tmp_path / "held"
    held.write_text("y" * 43)
    held.chmod(0o600)
    told = robson("status", ROBSON_API_TOKEN="", ROBSON_API_TOKEN_FILE=str(held)).err
    assert f"token from {held} (ROBSON_API_TOKEN_FILE)" in told
    assert "none was found" in robson("status", ROBSON_API_TOKEN="").err


def test_json_may_stand_before_the_command(robson: Robson) -> None:
    assert robson("--json", "risk").json["worst_case_loss"] == "61.655"
    assert robson("--json", "why", ONE).json["position_id"] == ONE
    assert robson("--json", "no-such").code == 2


def test_nobody_there_is_said_without_names_of_classes(robson: Robson) -> None:
    for url in ("http://127.0.0.1:9", "https://127.0.0.1:9"):
        ended = robson("status", "--url", url)
        assert (ended.code, "Error)" in ended.err) == (3, False)


def test_https_to_a_daemon_that_speaks_none_is_named(robson: Robson, daemon: FakeDaemon) -> None:
    ended = robson("status", "--url", daemon.url.replace("http:", "https:"))
    assert (ended.code, "does not speak https" in ended.err) == (3, True)


def test_ctrl_c_is_the_end_of_what_has_no_other() -> None:
    assert code_of_ctrl_c(["events", "--follow"]) == 0
    assert code_of_ctrl_c(["status", "--watch"]) == 0
    assert code_of_ctrl_c(["panic"]) == 130


def test_long_lines_break_at_words_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = " ".join(["a denial with many words"] * 6)
    monkeypatch.setenv("COLUMNS", "60")
    Output(as_json=False).line(long, 4)
    assert capsys.readouterr().out == f"{long}\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = Output(as_json=False)
    assert out.console.is_terminal
    out.line(long, 4)
    out.fail(CliError("CODE", long))
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert len(lines) > 2
    assert all(len(line) <= 60 for line in (*lines, *shown.err.splitlines()))
    assert all(line.startswith("    ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines) == long
