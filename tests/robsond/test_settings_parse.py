"""Parsers of single settings: what a file may hold, what passes through, what is refused how."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robsond.bad import Bad
from robsond.plan import parse_plan
from robsond.secret import Secret
from robsond.settings import load, parse
from robsond.settings.checks import is_loopback

OWN = "t" * 43
STEP = {"arm": {"symbol": "BTCUSDT"}}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("parser", "raw", "value"),
    [
        (parse.flag, True, True),
        (parse.flag, False, False),
        (parse.flag, 1, True),
        (parse.flag, " Off ", False),
        (parse.whole(1, 9), 9, 9),
        (parse.whole(-5, 9), "-5", -5),
        (parse.number("0", "9"), Decimal("9.0"), Decimal(9)),
        (parse.number("0", "9"), 7, Decimal(7)),
        (parse.path, Path("/data"), Path("/data")),
        (parse.path, "~/data", Path.home() / "data"),
        (parse.database, "", ""),
        (parse.database, " sqlite:///x.db ", "sqlite:///x.db"),
        (parse.database, "memory://", "memory://"),
        (parse.table, {"a": 1}, {"a": 1}),
        (parse.anything, " as it is ", "as it is"),
        (parse.host, "[::1]", "[::1]"),
        (parse.speed, "MAX", "max"),
        (parse.speed, 2, "2"),
        (parse.speed, "2.50", "2.5"),
        (parse.optional(parse.name), None, None),
        (parse.optional(parse.name), "", None),
        (parse.listed(parse.name), ["a", "b", "a"], ("a", "b")),
        (parse.listed(parse.name), "", ()),
        (parse.choice("INFO", "DEBUG"), "debug", "DEBUG"),
    ],
)
def test_taken(parser: Callable[[Any], Any], raw: Any, value: Any) -> None:
    assert parser(raw) == value
    assert type(parser(raw)) is type(value) or isinstance(value, Path)


@pytest.mark.parametrize(
    ("parser", "raw", "said"),
    [
        (parse.flag, "yess", "neither true nor false"),
        (parse.flag, 2, "neither true nor false"),
        (parse.whole(1, 9), 10, "10 is outside 1 to 9"),
        (parse.whole(1, 9), 5.0, "no whole number; write one from 1 to 9"),
        (parse.whole(1, 9), "1" * 19, "no whole number"),
        (parse.number("0", "9", above=True), "0", "above 0"),
        (parse.number("0", "9"), "9.01", "9.01 is"),
        (parse.number("0", "9"), [], "list is not exact; write it as text"),
        (parse.path, 5, "5 is no text; put it in quotes"),
        (parse.database, "sqlite://file.db", "three slashes"),
        (parse.table, "a=1", "write a table in robson.toml"),
        (parse.anything, True, "put it in quotes"),
        (parse.host, "a b", "no host name or address"),
        (parse.name, "a/b", "letters, digits, dots"),
        (parse.speed, "-1", "write 1 for real time, a factor, or max"),
        (parse.listed(parse.name), 5, "separate the parts by commas"),
        (parse.choice("", "test"), "prod", "(empty), test"),
    ],
)
def test_refused(parser: Callable[[Any], Any], raw: Any, said: str) -> None:
    with pytest.raises(Bad) as caught:
        parser(raw)
    assert said in str(caught.value)


def test_a_token_passes_through_and_is_never_repeated() -> None:
    kept = Secret(OWN)
    assert parse.token(kept) is kept
    assert parse.token(f" {OWN}\n").reveal() == OWN
    assert not parse.token("")
    for bad in (OWN[1:], OWN[:-1] + "\u00e9", OWN + " x"):
        with pytest.raises(Bad) as caught:
            parse.token(bad)
        assert bad not in str(caught.value)


def test_a_plan_is_a_list_in_the_file_and_json_in_the_environment() -> None:
    from_file = parse_plan([STEP, {**STEP, "after": "closed:1"}])
    assert [step.closed_needed for step in from_file] == [0, 1]
    assert parse_plan('[{"arm": {"symbol": "BTCUSDT"}}]') == from_file[:1]
    assert parse_plan("") == parse_plan(()) == ()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([{"after": "start"}], "`arm`"),
        ([{**STEP, "until": "x"}], "`until`"),
        ([STEP, {**STEP, "after": "closed:0"}], "$[1].after: 'closed:0' is neither start"),
        ([STEP, {**STEP, "after": "x" * 99}], f"$[1].after: '{'x' * 20}' is"),
        ([STEP] * 101, "101 steps; at most 100"),
        (5, "ROBSON_PLAN in docs/configuration.md"),
    ],
)
def test_a_plan_that_cannot_be_names_step_and_field(raw: Any, said: str) -> None:
    with pytest.raises(Bad) as caught:
        parse_plan(raw)
    assert said in str(caught.value)


def test_a_plan_of_a_hundred_steps_is_taken() -> None:
    assert len(parse_plan([STEP] * 100)) == 100


@pytest.mark.parametrize(
    ("host", "answer"),
    [("localhost", True), ("127.8.8.8", True), ("[::1]", True), ("::", False), ("a.test", False)],
)
def test_only_this_machine_is_loopback(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


def test_a_proxy_without_names_is_mentioned() -> None:
    proxied = {"ROBSON_BEHIND_PROXY": "true", "ROBSON_API_TOKEN": OWN}
    (warning,) = load(proxied).warnings
    assert "ROBSON_ALLOWED_HOSTS" in warning
    assert load({**proxied, "ROBSON_ALLOWED_HOSTS": "robson.test"}).warnings == ()
