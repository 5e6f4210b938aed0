"""Installed is not trusted: other packages' code runs only when it is named."""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

from robson_engine import DETECTORS
from robsond.plugins import chosen, detectors


class _Package(Distribution):
    """An installed package that is nothing but its name."""

    def read_text(self, filename: str) -> str | None:
        return "Name: acme-detectors\nVersion: 1\n" if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def entry(name: str, value: str, package: Distribution | None = None) -> EntryPoint:
    point = EntryPoint(name=name, value=value, group="robson.detectors")
    vars(point).update(dist=package or _Package())
    return point


@pytest.fixture
def _acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme.py").write_text(
        "LOADED = True\n"
        "class Good:\n"
        "    @classmethod\n"
        "    def create(cls, given, watch): return cls()\n"
        "number = 5\n"
    )
    (tmp_path / "acme_broken.py").write_text("raise RuntimeError('boom')\n")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("_acme")
def test_what_is_not_allowed_is_never_imported() -> None:
    found = chosen([entry("good", "acme:Good")], [])
    assert found.detectors == DETECTORS
    assert "plugins.allow" in found.problems[0]
    assert "acme" not in sys.modules


@pytest.mark.usefixtures("_acme")
@pytest.mark.parametrize("allow", ["acme-detectors", "Acme_Detectors", "acme.detectors"])
def test_what_is_allowed_is_there(allow: str) -> None:
    found = chosen([entry("good", "acme:Good")], [allow])
    assert found.problems == ()
    assert found.detectors["good"].__name__ == "Good"  # type: ignore[attr-defined]
    assert set(found.detectors) == {*DETECTORS, "good"}


@pytest.mark.usefixtures("_acme")
@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("bad", "acme_broken:Good", "cannot be loaded"),
        ("bad", "acme:missing", "cannot be loaded"),
        ("bad", "acme:number", "no detector"),
        ("manual", "acme:Good", "of that name"),
    ],
)
def test_what_is_broken_harms_nobody_else(name: str, value: str, problem: str) -> None:
    found = chosen([entry(name, value), entry("good", "acme:Good")], ["acme-detectors"])
    assert "good" in found.detectors
    assert problem in found.problems[0]
    assert found.detectors["manual"] is DETECTORS["manual"]


def test_what_is_installed_here_is_enough() -> None:
    assert set(detectors(()).detectors) == set(DETECTORS)
