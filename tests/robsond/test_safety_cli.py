"""``robson safety-net``: what it shows, what it asks, and what it sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from robson_domain import codec
from robsond import safety_dto
from robsond.cli import output
from robsond.cli.proving import timeline
from robsond.cli.story import sentence
from robsond.cli.tables import resting
from robsond.dto import OrdersReply, OrderView, PositionsReply, VenueStopView
from robsond.safety_sentences import SAFETY_SENTENCES
from robsond.views import json_object
from tests.robsond.cli_fake import MOMENT, TOKEN, FakeDaemon, event, fake_daemon, status, view
from tests.robsond.cli_person import Ended, robson
from tests.robsond.test_sentences import stored

GUARD = "guard-btcusdt-12"


def pair(**changes: Any) -> safety_dto.SeenPairView:
    usual = safety_dto.SeenPairView(
        symbol="ETHUSDT", side="short", state="observed", reason=None, quantity="1.2",
        collateral="0", entry_price="2000", price="2010", stop="2040", distance="30",
        position_id="guard-ethusdt-41",
    )  # fmt: skip
    return msgspec.structs.replace(usual, **changes)


CORE = pair(
    symbol="BTCUSDT", side="long", state="skipped", reason="core_managed", quantity="0.05",
    price="97000", stop=None, distance=None, position_id="p-1",
)  # fmt: skip


def reply(**changes: Any) -> safety_dto.SafetyNetReply:
    usual = safety_dto.SafetyNetReply(
        mode="observe", is_running=True, poll_seconds=20, looked_at=MOMENT, age_ms=4200,
        failed=None, pairs=[CORE, pair()], guards=[view(position_id=GUARD, kind="guard")],
        rules=[], quarantined=[], another_robson=None,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **changes)


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with fake_daemon() as daemon:
        daemon.answer("GET", "/api/safety-net", reply())
        daemon.answer("POST", "/api/safety-net/mode", reply(mode="act"))
        daemon.answer("POST", "/api/warnings/clear", reply())
        for action in ("rule", "hand-over"):
            daemon.answer("POST", f"/api/safety-net/BTCUSDT/{action}", reply())
        yield daemon


def run(daemon: FakeDaemon, *typed: str) -> Ended:
    return robson(*typed, ROBSON_API_URL=daemon.url, ROBSON_API_TOKEN=TOKEN)


def shown(daemon: FakeDaemon, **changes: Any) -> str:
    daemon.answer("GET", "/api/safety-net", reply(**changes))
    ended = run(daemon, "safety-net")
    assert ended.code == 0, ended.err
    assert all(len(line) <= 80 for line in ended.out.splitlines())
    return " ".join(ended.out.split())


def test_what_it_sees(daemon: FakeDaemon) -> None:
    out = shown(daemon)
    assert "Safety Net: OBSERVES. It sends nothing." in out
    assert "Last look: 2024-08-08 12:00:00.000 UTC, 4.2 s ago; it looks every 20 s." in out
    assert "BTCUSDT long Robson's own 0.05 97,000 - -" in out
    assert "ETHUSDT short would be guarded 1.2 2,010 2,040 1.49 %" in out
    assert "ETHUSDT: guard-ethusdt-41" in out
    assert "1 guard would act. To let it: robson safety-net act" in out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "act"}, "Safety Net: ACTS. What reaches its stop is closed at market."),
        ({"pairs": [], "guards": []}, "Nothing of yours is on any pair."),
        ({"pairs": [], "looked_at": None, "age_ms": None}, "It has not looked yet"),
        ({"pairs": [], "failed": "no answer"}, "FAILED: no answer"),
        ({"is_running": False}, "There is no Safety Net on a paper account"),
        ({"pairs": [pair(state="monitored")]}, "ETHUSDT short guarded"),
        ({"pairs": [pair(state="own_stop")]}, "your own stop covers it"),
        ({"pairs": [pair(state="ignored")]}, "ignored, as you asked"),
        ({"pairs": [pair(state="skipped", reason=None)]}, "left alone"),
        ({"pairs": [pair(state="skipped", reason="some_word")]}, "some word"),
        ({"pairs": [pair(state="doubt", reason="no_answer")]}, "guard-ethusdt-41, no answer"),
        ({"pairs": [pair(state="something_new")]}, "something new"),
        ({"pairs": [pair(collateral="0.3")]}, "besides 0.3 of collateral"),
        ({"pairs": [pair(side=None, state="collateral", position_id=None)]}, "ETHUSDT collateral"),
        (
            {"rules": [safety_dto.PairRuleView(symbol="SOLUSDT", rule="adopt")]},
            "Your rules: SOLUSDT adopt.",
        ),
        (
            {"quarantined": [safety_dto.QuarantineView(symbol="BTCUSDT", problem="it differs")]},
            "it differs. Look at the account, then: robson safety-net clear BTCUSDT",
        ),
        ({"another_robson": "robson_core_a"}, "ANOTHER ROBSON trades on this account"),
    ],
)
def test_every_state_has_its_words(daemon: FakeDaemon, changes: dict[str, Any], words: str) -> None:
    assert words in shown(daemon, **changes)


@pytest.mark.parametrize(
    ("typed", "path", "body"),
    [
        (("act", "--yes"), "/api/safety-net/mode", {"mode": "act"}),
        (("observe",), "/api/safety-net/mode", {"mode": "observe"}),
        (("watch", "btcusdt"), "/api/safety-net/BTCUSDT/rule", {"rule": "watch"}),
        (("adopt", "BTCUSDT"), "/api/safety-net/BTCUSDT/rule", {"rule": "adopt"}),
        (("ignore", "BTCUSDT"), "/api/safety-net/BTCUSDT/rule", {"rule": "ignore"}),
        (("hand-over", "BTCUSDT"), "/api/safety-net/BTCUSDT/hand-over", {}),
        (
            ("hand-over", "BTCUSDT", "--stop-distance", "1%"),
            "/api/safety-net/BTCUSDT/hand-over",
            {"stop_distance": "1%"},
        ),
        (("clear",), "/api/warnings/clear", {"symbol": None}),
        (("clear", "BTC/USDT"), "/api/warnings/clear", {"symbol": "BTCUSDT"}),
    ],
)
def test_what_is_sent(
    daemon: FakeDaemon, typed: tuple[str, ...], path: str, body: dict[str, Any]
) -> None:
    ended = run(daemon, "safety-net", *typed, "--idempotency-key", "my-own-key")
    assert ended.code == 0, ended.err
    (sent,) = daemon.posts
    assert (sent.path, sent.body, sent.headers["idempotency-key"]) == (path, body, "my-own-key")
    assert "Safety Net:" in ended.out


@pytest.mark.parametrize(
    "typed",
    [
        ("safety-net", "--json"),
        ("--json", "safety-net"),
        ("safety-net", "observe", "--json"),
        ("safety-net", "--json", "observe"),
        ("--json", "safety-net", "observe"),
    ],
)
def test_json_wherever_it_is_typed(daemon: FakeDaemon, typed: tuple[str, ...]) -> None:
    ended = run(daemon, *typed)
    assert (ended.code, ended.json["is_running"]) == (0, True)


def test_an_address_before_the_command_counts(daemon: FakeDaemon) -> None:
    ended = robson("safety-net", "--url", daemon.url, "observe", ROBSON_API_TOKEN=TOKEN)
    assert ended.code == 0, ended.err


def test_nobody_can_be_asked(daemon: FakeDaemon) -> None:
    ended = run(daemon, "safety-net", "act")
    assert (ended.code, daemon.posts) == (2, [])
    assert "NOT_CONFIRMED" in ended.err
    assert "robson safety-net act --yes" in ended.err


@pytest.mark.parametrize(("typed", "code", "sent"), [("act", 0, 1), ("yes", 1, 0), ("", 1, 0)])
def test_in_a_terminal_the_word_is_typed(
    daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, sent: int
) -> None:
    passed = pair(symbol="BTCUSDT", side="long", price="93000", stop="93100", distance="-100")
    daemon.answer("GET", "/api/safety-net", reply(pairs=[passed, pair()]))
    monkeypatch.setattr(output.Output, "is_terminal", True)
    asked: list[str] = []

    def prompt(text: str, **_: object) -> str:
        asked.append(text)
        return typed

    monkeypatch.setattr("robsond.cli.safety_net.click.prompt", prompt)
    ended = run(daemon, "safety-net", "act")
    assert (ended.code, len(daemon.posts)) == (code, sent)
    assert asked == ['Type "act" to go on']
    assert "Already beyond it: BTCUSDT long at 93,000, stop 93,100." in ended.out


def test_errors_name_what_was_typed(daemon: FakeDaemon) -> None:
    daemon.refuse(
        "POST", "/api/safety-net/BTCUSDT/hand-over", 422, code="NO_PRICE", message="none yet",
        field="stop_distance",
    )  # fmt: skip
    ended = run(daemon, "safety-net", "hand-over", "BTCUSDT", "--stop-distance", "1%", "--json")
    assert ended.error == {"code": "NO_PRICE", "message": "none yet", "field": "--stop-distance"}
    bad = run(daemon, "safety-net", "ignore", "??")
    assert (bad.code, "SYMBOL" in bad.err) == (2, True)
    far = run(daemon, "safety-net", "hand-over", "BTCUSDT", "--stop-distance", "40%")
    assert (far.code, "--stop-distance" in far.err) == (2, True)


@pytest.mark.parametrize(
    "name", ["act", "observe", "watch", "adopt", "ignore", "hand-over", "clear"]
)
def test_every_command_shows_how(name: str) -> None:
    ended = robson("safety-net", name, "--help")
    assert f"Example: robson safety-net {name}" in " ".join(ended.out.split())


# ------------------------------------------------------------- elsewhere


def test_a_guard_is_found_by_the_beginning_of_its_id(daemon: FakeDaemon) -> None:
    run(daemon, "why", "guard-btc")
    assert daemon.seen[-1].path == f"/api/why/{GUARD}"


def test_the_status_tells_of_guards_and_warnings(daemon: FakeDaemon) -> None:
    daemon.answer(
        "GET",
        "/api/status",
        status(guards=2, warnings=["BTCUSDT is quarantined: x. See: robson safety-net"]),
    )
    out = " ".join(run(daemon, "status").out.split())
    assert "yours, guarded 2 (robson safety-net)" in out
    assert "Attention: BTCUSDT is quarantined: x. See: robson safety-net" in out


def test_a_stop_at_the_venue_is_shown(daemon: FakeDaemon) -> None:
    stop = VenueStopView(
        client_order_id="robson_core_a", status="ACCEPTED", quantity="0.5", stop_price="61097.18"
    )
    daemon.answer("GET", "/api/positions", PositionsReply(positions=[view(venue_stop=stop)]))
    out = " ".join(run(daemon, "positions").out.split())
    assert "a stop order for 0.5 rests at the venue at 61,097.18 (accepted)" in out
    assert resting({"venue_stop": None}) == ""
    order = OrderView(
        client_order_id="robson_core_a", venue_order_id="2", position_id="p-1", symbol="BTCUSDT",
        side="sell", kind="venue_stop", status="ACCEPTED", order_qty="0.5", filled_qty="0.5",
        stop_price="61097.18", average_price=None, reject_code=None, created_at=MOMENT,
    )  # fmt: skip
    daemon.answer("GET", "/api/orders", OrdersReply(orders=[order]))
    assert "stop 61,097.18" in run(daemon, "orders").out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("VenueStopPlaced", "stop order at the venue: SELL 50 at 97.02"),
        ("CancelRequested", "canceling stop order robson_core_ilgjg3sldhjn2duepp"),
        ("InterestAccrued", "interest so far: 0.012"),
        ("RepayRequested", "repaying 1,250.5 USDT"),
        (
            "PositionReduced",
            (
                "the account holds 10 less, at 99.5, explained by trades: "
                "trade 7003 of the account: sold 10 at 99.5"
            ),
        ),
        ("GuardOpened", "guarded: long BTCUSDT, 50 opened by you at 100, stop 98"),
        ("GuardFollowed", "guard follows: 60 from 100.25, stop 98.25"),
        ("GuardBreached", "safety stop 98 reached at 97.9; only observing, nothing sent"),
        ("GuardReleased", "guard ends, nothing sent: gone"),
        ("GuardHandedOver", "handed over to Robson: stop 98.5 trails 2 behind"),
        ("GuardDebtSeen", "owed before: 1,250.5 USDT"),
        ("SafetyNetSet", "Safety Net: act"),
        ("PairRuleSet", "BTCUSDT: adopt what you hold"),
        (
            "PairQuarantined",
            (
                "BTCUSDT quarantined: "
                "the account holds 40 of what the log says are 50; no trade explains it"
            ),
        ),
        ("AnotherRobsonSeen", "another Robson: order robson_core_2222222222222222aa on BTCUSDT"),
        ("WarningCleared", "you cleared the warning about BTCUSDT"),
    ],
)
def test_the_log_in_one_line_each(name: str, said: str) -> None:
    assert sentence(json_object(codec.encode(stored(name)))) == said


def test_no_kind_of_event_is_left_without_a_line() -> None:
    for kind in SAFETY_SENTENCES:
        told = sentence(json_object(codec.encode(stored(kind.__name__))))
        assert told != kind.__name__, kind


def test_the_timeline_names_a_guard() -> None:
    opened = event(
        1, "GuardOpened", symbol="BTCUSDT", side="LONG", quantity="0.5", entry_price="95000",
        is_estimated=False, stop="93100",
    )  # fmt: skip
    (told,) = timeline([opened])
    assert (told["symbol"], told["side"]) == ("BTCUSDT", "long, yours")
