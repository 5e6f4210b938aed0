"""Every command against a small real server: what it asks, what it prints, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from robsond import dto
from robsond.cli.app import run
from tests.robsond.cli_fake import HEAD, TOKEN, FakeDaemon, fake_daemon, view, why_step

ONE = "p-0123456789abcdef"


@attrs.frozen
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Robson = Callable[..., Ended]


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with fake_daemon() as running:
        yield running


@pytest.fixture
def robson(
    daemon: FakeDaemon,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Robson:
    monkeypatch.setenv("ROBSON_API_URL", daemon.url)
    monkeypatch.setenv("ROBSON_API_TOKEN", TOKEN)
    monkeypatch.setenv("ROBSON_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str) -> Ended:
        code = run(arguments)
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return call


LOOKS = [
    ("status",),
    ("positions",),
    ("orders",),
    ("risk",),
    ("events",),
    ("why", ONE),
    ("verify-log",),
    ("replay",),
]


@pytest.mark.parametrize("command", LOOKS, ids=lambda command: command[0])
def test_looking_changes_nothing_and_ends_with_0(
    robson: Robson, daemon: FakeDaemon, command: tuple[str, ...]
) -> None:
    ended = robson(*command)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.strip()
    assert daemon.posts == []


@pytest.mark.parametrize("command", LOOKS, ids=lambda command: command[0])
def test_json_is_one_document_and_nothing_else(robson: Robson, command: tuple[str, ...]) -> None:
    ended = robson(*command, "--json")
    assert (ended.code, ended.err) == (0, "")
    assert isinstance(ended.json, dict)


TABLES = [command for command in LOOKS if command != ("events",)]


@pytest.mark.parametrize("command", TABLES, ids=lambda command: command[0])
def test_output_fits_80_columns_and_keep_figures_whole(
    robson: Robson, command: tuple[str, ...]
) -> None:
    ended = robson(*command)
    assert max(len(line) for line in ended.out.splitlines()) <= 80


def test_status_shows_mode_head_position_age_and_worst_case(robson: Robson) -> None:
    shown = robson("status").out
    for part in ("PAPER", "abababababab", ONE, "61,714.32", "120 ms", "61.66", "▼ -12.50"):
        assert part in shown, part


def test_a_live_account_never_looks_like_paper(robson: Robson, daemon: FakeDaemon) -> None:
    from tests.robsond.cli_fake import status

    daemon.answer("GET", "/api/status", status(mode="live"))
    assert "LIVE" in robson("status").out
    assert "PAPER" not in robson("status").out


def test_only_paper_and_shadow_have_quiet_colors() -> None:
    from robsond.cli.tables import banner

    loud = banner("live").style
    assert banner("something new").style == loud
    assert banner("paper").style != loud
    assert banner("shadow").style != loud


def test_status_json_holds_what_the_table_shows(robson: Robson) -> None:
    document = robson("status", "--json").json
    assert document["status"]["mode"] == "paper"
    assert document["positions"][0]["position_id"] == ONE
    assert document["risk"]["worst_case_loss"] == "61.655"


def test_gains_and_losses_are_told_without_color(robson: Robson, daemon: FakeDaemon) -> None:
    views = [view(), view(position_id="p-2", unrealized_pnl="-3.129")]
    daemon.answer("GET", "/api/positions", dto.PositionsReply(positions=views))
    shown = robson("positions").out
    assert "▲ +21.44" in shown or "▲ +21.43" in shown
    assert "▼ -3.13" in shown
    assert "\x1b[" not in shown


def test_positions_filters_by_status(robson: Robson, daemon: FakeDaemon) -> None:
    robson("positions", "--status", "active")
    assert daemon.seen[-1].params == {"status": "Active"}


def test_closed_positions_say_why(robson: Robson, daemon: FakeDaemon) -> None:
    views = [
        view(status="Closed", close_reason="trailing_stop"),
        view(position_id="p-2", status="Closed", denial_code="COSTS_EAT_RISK"),
    ]
    daemon.answer("GET", "/api/positions", dto.PositionsReply(positions=views))
    shown = robson("positions").out
    assert f"{ONE}: trailing stop" in shown
    assert "p-2: denied: COSTS_EAT_RISK" in shown


def test_empty_states_say_what_to_do(robson: Robson, daemon: FakeDaemon) -> None:
    daemon.answer("GET", "/api/positions", dto.PositionsReply(positions=[]))
    assert "robson arm BTCUSDT" in robson("positions").out
    assert "robson arm BTCUSDT" in robson("status").out


def test_risk_says_what_can_be_lost(robson: Robson) -> None:
    shown = robson("risk").out
    assert "61.66" in shown
    assert "500" in shown


def test_events_are_sentences_in_order(robson: Robson, daemon: FakeDaemon) -> None:
    lines = robson("events", "--after", "0", "--position", ONE, "--type", "EntryFilled").out
    assert "armed long BTCUSDT, delay decides when" in lines
    assert "entered 0.5 at 61,837.63, stop 61,652.12" in lines
    assert daemon.seen[-1].params == {
        "after": "0",
        "limit": "100",
        "position": ONE,
        "type": "EntryFilled",
    }


def test_an_unknown_event_is_named_not_hidden(robson: Robson, daemon: FakeDaemon) -> None:
    from tests.robsond.cli_fake import event

    strange = [event(1, "SomethingNew"), event(2, "EntryFilled")]
    reply = dto.EventsReply(events=strange, head=HEAD, next_after=None)
    daemon.answer("GET", "/api/events", reply)
    shown = robson("events").out
    assert "SomethingNew" in shown
    assert "EntryFilled" in shown


def test_why_marks_what_was_decided_the_same_again(robson: Robson) -> None:
    shown = robson("why", ONE).out
    assert "the stop followed" in shown
    assert "✓ same" in shown
    assert "1 of 1" in shown


def test_why_ends_with_5_when_a_decision_differs(robson: Robson, daemon: FakeDaemon) -> None:
    steps = [why_step(same=False, difference="stop 61700 instead of 61714.32")]
    reply = dto.WhyReply(position_id=ONE, steps=steps, all_same=False)
    daemon.answer("GET", f"/api/why/{ONE}", reply)
    ended = robson("why", ONE)
    assert ended.code == 5
    assert "DIFFERS" in ended.out
    assert "61700 instead of 61714.32" in ended.out
    assert robson("why", ONE, "--json").code == 5


def test_verify_log_ends_with_5_and_names_the_event(robson: Robson, daemon: FakeDaemon) -> None:
    problem = "event 2: its content or its predecessor was altered"
    reply = dto.VerifyReply(ok=False, head=HEAD, checked=1, problem=problem, sequence=2)
    daemon.answer("GET", "/api/verify-log", reply)
    ended = robson("verify-log")
    assert ended.code == 5
    assert problem in ended.out
    document = robson("verify-log", "--json")
    assert (document.code, document.json["ok"]) == (5, False)


def test_replay_ends_with_5_when_the_state_differs(robson: Robson, daemon: FakeDaemon) -> None:
    reply = dto.ReplayReply(
        ok=False, events=3, positions=1, head=HEAD, state_hash="00", problem="p-1 differs"
    )
    daemon.answer("GET", "/api/replay", reply)
    ended = robson("replay")
    assert ended.code == 5
    assert "p-1 differs" in ended.out


@pytest.mark.parametrize("action", ["disarm", "close"])
def test_ending_a_position_posts_once_with_a_fresh_key(
    robson: Robson, daemon: FakeDaemon, action: str
) -> None:
    assert robson(action, ONE).code == 0
    assert robson(action, ONE, "--json").json["position"]["position_id"] == ONE
    first, second = daemon.posts
    assert first.path == f"/api/positions/{ONE}/{action}"
    assert first.body == {}
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_a_given_key_is_sent_as_it_is(robson: Robson, daemon: FakeDaemon) -> None:
    robson("close", ONE, "--idempotency-key", "my-own-key-1")
    assert daemon.posts[0].headers["idempotency-key"] == "my-own-key-1"


def test_an_unknown_position_ends_with_4(robson: Robson) -> None:
    for command in (("close", "p-9"), ("disarm", "p-9"), ("why", "p-9")):
        ended = robson(*command, "--json")
        assert (ended.code, ended.json["error"]["code"]) == (4, "NOT_FOUND")


def test_a_refusal_ends_with_1_and_shows_code_field_and_fix(
    robson: Robson, daemon: FakeDaemon
) -> None:
    path = f"/api/positions/{ONE}/disarm"
    daemon.refuse(
        "POST", path, 409, code="ALREADY_ENTERING", message="use close", field="position_id"
    )
    ended = robson("disarm", ONE)
    assert (ended.code, ended.out) == (1, "")
    for part in ("ALREADY_ENTERING", "position_id", "use close"):
        assert part in ended.err
    document = robson("disarm", ONE, "--json")
    assert document.err == ""
    assert document.json == {
        "error": {"code": "ALREADY_ENTERING", "message": "use close", "field": "position_id"}
    }


def test_panic_asks_first_and_refuses_where_nobody_can_be_asked(
    robson: Robson, daemon: FakeDaemon
) -> None:
    ended = robson("panic")
    assert ended.code == 2
    assert "robson panic --yes" in ended.err
    assert daemon.seen == []


def test_panic_yes_closes_everything(robson: Robson, daemon: FakeDaemon) -> None:
    ended = robson("panic", "--yes")
    assert ended.code == 0
    assert ONE in ended.out
    assert [request.path for request in daemon.seen] == ["/api/panic"]
    assert robson("panic", "--yes", "--json").json == {"closing": [ONE], "disarmed": []}


def test_a_wrong_token_says_where_to_get_the_right_one(
    robson: Robson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBSON_API_TOKEN", "x" * 43)
    ended = robson("status")
    assert ended.code == 1
    assert "ROBSON_API_TOKEN" in ended.err
    assert "x" * 43 not in ended.err


def test_nobody_there_ends_with_3_and_says_how_to_start_it(
    robson: Robson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBSON_API_URL", "http://127.0.0.1:9")
    ended = robson("status", "--json")
    assert ended.code == 3
    assert ended.json["error"]["code"] == "DAEMON_NOT_REACHABLE"
    assert "robsond run" in ended.json["error"]["message"]


def test_another_program_on_the_port_is_not_taken_for_robsond(
    robson: Robson, daemon: FakeDaemon
) -> None:
    daemon.answers["GET", "/api/status"] = (200, b"<html>hello</html>")
    ended = robson("status", "--json")
    assert (ended.code, ended.json["error"]["code"]) == (3, "NOT_ROBSON")


def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(
    robson: Robson, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robsond.cli.client.TIMEOUT_SECONDS", 0.2)
    daemon.pause = 1.0
    looked = robson("status", "--json")
    assert (looked.code, looked.json["error"]["code"]) == (3, "DAEMON_SILENT")
    acted = robson("close", ONE, "--json")
    assert "may still have been done" in acted.json["error"]["message"]


def test_an_answer_nobody_foresaw_is_still_one_document(robson: Robson, daemon: FakeDaemon) -> None:
    daemon.answer("GET", "/api/positions", {"unexpected": True})
    ended = robson("positions", "--json")
    assert ended.code == 0
    ended = robson("positions")
    assert ended.code == 1
    assert "DEFECT" in ended.err


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("events", "--after", "-1"), "--after"),
        (("events", "--limit", "0"), "--limit"),
        (("events", "--limit", "x"), "--limit"),
        (("events", "--type", "no such"), "--type"),
        (("events", "--position", "../x"), "ID"),
        (("events", "--follow"), "--follow"),
        (("status", "--watch"), "--watch"),
        (("status", "--interval", "0"), "--interval"),
        (("positions", "--status", "open"), "--status"),
        (("close", "../../api/panic"), "ID"),
        (("close", ""), "ID"),
        (("close", ".."), "ID"),
        (("disarm",), "ID"),
        (("why", "a b"), "ID"),
        (("why", ONE, "--sequence", "x"), "--sequence"),
        (("close", ONE, "--idempotency-key", "short"), "--idempotency-key"),
        (("panic", "--yes", "--idempotency-key", "k k k k k"), "--idempotency-key"),
        (("status", "--url", "localhost:8080"), "--url"),
        (("status", "--url", "http://192.0.2.1:8080"), "--url"),
        (("status", "--url", "http://me:secret@localhost"), "--url"),
        (("status", "--nonsense"), "--nonsense"),
    ],
)
def test_bad_usage_ends_with_2_names_the_field_and_asks_nothing(
    robson: Robson, daemon: FakeDaemon, arguments: tuple[str, ...], field: str
) -> None:
    ended = robson(*arguments, "--json")
    assert (ended.code, ended.err) == (2, "")
    assert ended.json["error"]["field"] == field
    assert ended.json["error"]["message"]
    assert daemon.seen == []


def test_every_command_shows_an_example(robson: Robson) -> None:
    names = [
        "demo", "status", "arm", "disarm", "close", "panic", "risk", "positions", "orders",
        "events", "why", "verify-log", "replay",
    ]  # fmt: skip
    listed = robson("--help").out
    for name in names:
        ended = robson(name, "--help")
        assert ended.code == 0
        assert f"Example: robson {name}" in " ".join(ended.out.split()), name
        assert "--json" in ended.out
        assert name in listed


def test_the_page_about_the_command_line_names_every_command_option_and_code() -> None:
    from robsond.cli import errors
    from robsond.cli.app import robson as program

    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    for name, command in program.commands.items():
        assert f"robson {name}" in page, name
        options = {option for param in command.params for option in param.opts}
        missing = {o for o in options if o.startswith("--") and o not in page}
        assert not missing, (name, missing)
    codes = [value for name, value in vars(errors).items() if name.startswith("EXIT_")]
    assert len(codes) == 7
    assert all(f"| {code} |" in page for code in codes)
