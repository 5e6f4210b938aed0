"""Which daemon a command speaks to, and with which token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robsond.cli.errors import CliError
from robsond.cli.target import find_target


def folder_with(path: Path, port: object = 4711, token: str = "from-file") -> str:
    (path / "daemon.json").write_text(json.dumps({"pid": 1, "port": port}))
    (path / "token").write_text(f"{token}\n")
    (path / "token").chmod(0o600)
    return str(path)


def test_the_option_wins_over_everything(tmp_path: Path) -> None:
    env = {"ROBSON_API_URL": "http://localhost:1"}
    target = find_target("https://robson.example", folder_with(tmp_path), env)
    assert (target.url, target.source) == ("https://robson.example", "--url")


def test_a_data_directory_named_in_the_call_wins_over_the_environment(tmp_path: Path) -> None:
    env = {"ROBSON_API_URL": "http://localhost:1"}
    assert find_target(None, folder_with(tmp_path), env).url == "http://127.0.0.1:4711"


def test_the_environments_address_wins_over_its_data_directory(tmp_path: Path) -> None:
    env = {"ROBSON_API_URL": "http://localhost:1/", "ROBSON_DATA_DIR": folder_with(tmp_path)}
    assert find_target(None, None, env).url == "http://localhost:1"


def test_a_running_daemon_is_found_by_its_data_directory(tmp_path: Path) -> None:
    target = find_target(None, None, {"ROBSON_DATA_DIR": folder_with(tmp_path)})
    assert (target.url, target.token) == ("http://127.0.0.1:4711", "from-file")


@pytest.mark.parametrize("port", ["no", None, True, {}], ids=str)
def test_a_damaged_daemon_file_is_no_daemon(tmp_path: Path, port: object) -> None:
    with pytest.raises(CliError) as caught:
        find_target(None, folder_with(tmp_path, port), {})
    assert caught.value.exit_code == 3


def test_nothing_at_all_means_the_default_address_without_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robsond.cli.local.default_data_dir", lambda: str(tmp_path))
    target = find_target(None, None, {})
    assert (target.url, target.token) == ("http://localhost:8080", "")
    assert str(tmp_path) in target.token_advice


def test_the_token_comes_from_the_first_place_that_has_one(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    secret = tmp_path / "mounted"
    secret.write_text("mounted-token\n")
    secret.chmod(0o600)
    both = {"ROBSON_API_TOKEN": "own", "ROBSON_API_TOKEN_FILE": str(secret)}
    assert find_target(None, folder, both).token == "own"
    named = {"ROBSON_API_TOKEN_FILE": str(secret)}
    assert find_target(None, folder, named).token == "mounted-token"


def test_a_named_token_file_must_be_readable(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        find_target("http://[::1]:1", None, {"ROBSON_API_TOKEN_FILE": str(tmp_path / "none")})
    assert caught.value.field == "ROBSON_API_TOKEN_FILE"


def test_the_token_is_not_part_of_what_is_printed(tmp_path: Path) -> None:
    assert "from-file" not in repr(find_target(None, folder_with(tmp_path), {}))


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080",
        "ftp://localhost",
        "http://",
        "http://10.0.0.1:8080",
        "http://robson.example",
        "http://user:word@localhost",
        "http://localhost/?token=x",
        "http://localhost.evil.example",
        "http://[::1",
        "http://localhost:notaport",
    ],
)
def test_an_address_that_could_leak_the_token_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(CliError) as caught:
        find_target(url, str(tmp_path), {})
    assert (caught.value.field, caught.value.exit_code) == ("--url", 2)


@pytest.mark.parametrize("url", ["http://[::1]:8080", "http://127.0.0.1:1", "https://192.0.2.1"])
def test_loopback_and_encrypted_addresses_are_taken(tmp_path: Path, url: str) -> None:
    assert find_target(url, str(tmp_path), {}).url == url


@pytest.mark.parametrize("by_option", [True, False], ids=["option", "environment"])
def test_a_named_data_directory_without_a_daemon_never_means_another_daemon(
    tmp_path: Path, by_option: bool
) -> None:
    option = str(tmp_path) if by_option else None
    env = {} if by_option else {"ROBSON_DATA_DIR": str(tmp_path)}
    with pytest.raises(CliError) as caught:
        find_target(None, option, env)
    assert (caught.value.code, caught.value.exit_code) == ("DAEMON_NOT_REACHABLE", 3)
    assert f"ROBSON_DATA_DIR={tmp_path} robsond run" in caught.value.message
