"""``robsond`` called in process: exit codes and what is said."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from robsond import daemon, program, system
from robsond.settings import Settings
from tests.robsond.daemon_process import write_recording


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(system, "harden", lambda: None)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def run(tmp_path: Path, *arguments: str, **environment: str) -> int:
    return program.run(arguments, {"ROBSON_DATA_DIR": str(tmp_path / "data"), **environment})


def test_check_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "check-config", ROBSON_HTTP_PORT="1234") == 0
    shown = capsys.readouterr()
    assert "1234" in shown.out
    assert not (tmp_path / "data").exists()


def test_check_config_reads_the_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write_recording(tmp_path / "t", trades=12))
    settings = {"ROBSON_TRADES_FILE": path, "ROBSON_SYMBOL": "BTCUSDT"}
    assert run(tmp_path, "check-config", **settings) == 0
    assert "12 trades" in capsys.readouterr().out
    Path(path).write_text("nonsense")
    assert run(tmp_path, "check-config", **settings) == 2


def test_migrate_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "migrate") == 0
    assert run(tmp_path, "migrate") == 0
    assert "ends at event 0" in capsys.readouterr().err


def test_a_database_of_something_else_is_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "robson.db").write_bytes(b"not a database" * 100)
    assert run(tmp_path, "migrate") == 4
    assert "nothing was changed" in capsys.readouterr().err
    assert (tmp_path / "data" / "robson.db").read_bytes() == b"not a database" * 100


def test_config_file_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my.toml").write_text("capital = 777\n")
    assert run(tmp_path, "check-config", "--config", "my.toml") == 0
    assert "777" in capsys.readouterr().out
    assert run(tmp_path, "check-config", "--config", "gone.toml") == 2


@pytest.mark.parametrize("arguments", [(), ("dance",), ("run", "--token", "x"), ("run", "--conf")])
def test_bad_arguments_are_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as info:
        run(tmp_path, *arguments)
    assert info.value.code == 2


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as info:
        program.main(["--help"])
    assert info.value.code == 0
    shown = capsys.readouterr().out
    assert "Example:" in shown
    assert "Exit codes" in shown


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (daemon.AlreadyRunning("x"), 3),
        (daemon.Broken("x"), 1),
    ],
)
def test_ends_have_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    async def ends(_: Settings) -> None:
        raise error

    monkeypatch.setattr(daemon, "run", ends)
    assert run(tmp_path, "run") == code
