"""The example of a third-party connector works as its README says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

import pytest

from robson_connectors.discovery import GROUP, discovered
from robson_domain.testing.clocks import SteppedClock
from tests.architecture.tree import ROOT

EXAMPLE: Final = ROOT / "examples" / "custom_connector"


def _run(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=EXAMPLE,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_passes_the_cards() -> None:
    printed = _run("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    passed = re.search(r"(\d+) passed", printed)
    assert passed is not None
    assert int(passed[1]) > 30


def test_it_is_typed() -> None:
    _run("mypy", "--no-incremental", "--cache-dir", os.devnull, "src", "tests")


def test_it_is_found_once_it_is_installed_and_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run("hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    monkeypatch.syspath_prepend(str(installed))
    found = distributions(path=[str(installed)])
    points = [point for dist in found for point in dist.entry_points.select(group=GROUP)]
    assert discovered(points, []).usable == {}
    factory = discovered(points, ["robson-toybox"]).factory("toybox")
    made = factory({"clock": SteppedClock(0)})
    assert type(made).__name__ == "ToyboxConnector"
    for name in [name for name in sys.modules if name.startswith("robson_toybox")]:
        monkeypatch.delitem(sys.modules, name)


def test_its_readme_names_every_file() -> None:
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    files = [path for folder in ("src", "tests") for path in (EXAMPLE / folder).rglob("*.py")]
    for path in files:
        if path.name != "__init__.py":
            assert path.relative_to(EXAMPLE).as_posix() in text
