"""``robson demo`` with what is no recording, or one of several pairs: said before it starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.robsond.cli_person import robson

T0 = 1_700_000_000_000_000_000


@pytest.fixture
def mixed(tmp_path: Path) -> str:
    rows = (
        f"{T0 + n * 1_000_000_000},{name},{price},1"
        for n, (name, price) in enumerate([("BTCUSDT", "60000"), ("ETHUSDT", "2500")] * 3)
    )
    path = tmp_path / "mixed.csv"
    path.write_text("\n".join(["ts_ns,symbol,price,qty", *rows]))
    return str(path)


@pytest.fixture
def frames(tmp_path: Path) -> str:
    trade = {"e": "trade", "s": "BTCUSDT", "t": 1, "p": "60000", "q": "1", "T": T0 // 10**6}
    path = tmp_path / "some.frames"
    path.write_text(f"{T0} {json.dumps(trade)}\n")
    return str(path)


def told(*typed: str) -> str:
    """Return what ``demo`` says before it starts anything."""
    ended = robson("demo", *typed)
    assert (ended.code, ended.out) == (2, ""), ended.err
    return ended.err


def test_several_pairs_in_one_file_must_be_chosen_from(mixed: str) -> None:
    assert "holds BTCUSDT, ETHUSDT: choose one with --symbol" in told("--trades", mixed)


def test_the_pair_of_a_file_is_read_from_it(mixed: str, tmp_path: Path) -> None:
    one = tmp_path / "x.csv"
    lines = Path(mixed).read_text().splitlines()
    one.write_text("\n".join([lines[0], *(line for line in lines if "ETHUSDT" in line)]))
    from robsond.demo.recorded import pairs_of

    assert pairs_of(str(one), "") == ("ETHUSDT",)


def test_a_pair_that_frames_do_not_hold_is_refused(frames: str) -> None:
    assert "holds BTCUSDT and not ETHUSDT" in told("--frames", frames, "--symbol", "ETHUSDT")


def test_a_pair_in_a_currency_nobody_knows_is_named(frames: str) -> None:
    text = Path(frames).read_text()
    Path(frames).write_text(text.replace("BTCUSDT", "FOOBAR"))
    assert "holds trades of FOOBAR, in no quote currency known here" in told("--frames", frames)


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("nonsense\n")
    assert f"{bad}: " in told("--trades", str(bad))
    assert f"{tmp_path} is a folder, no file" in told("--trades", str(tmp_path))
    assert "gone.csv does not exist" in told("--trades", "gone.csv")


def test_numbers_that_cannot_be_are_refused_at_once(mixed: str) -> None:
    assert "--delay: 1e9 is more than 2592000 seconds" in told("--delay", "1e9")
    assert "a factor, or max" in told("--trades", mixed, "--symbol", "BTCUSDT", "--speed", "abc")


def test_the_example_in_the_help_is_one_that_trades() -> None:
    """At the default fee a distance of 0.2 % is denied: commissions eat the risk."""
    assert "--stop-distance 0.3%" in robson("demo", "--help", COLUMNS="200").out
