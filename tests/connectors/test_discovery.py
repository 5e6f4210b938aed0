"""Connectors of other people: found, allowed by name, and harmless when broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from robson_connectors import discover
from robson_connectors.discovery import GROUP, Plugins, discovered
from robson_domain.errors import ConfigurationError


class Shelf:
    """A folder on the import path in which distributions are installed as pip would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, points: str, module: str = "", code: str = "") -> None:
        info = self.folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")
        if module:
            (self.folder / f"{module}.py").write_text(code)

    def points(self) -> list[EntryPoint]:
        found = distributions(path=[str(self.folder)])
        return [point for dist in found for point in dist.entry_points.select(group=GROUP)]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield Shelf(tmp_path)
    for name in set(sys.modules) - before:
        if name.startswith("shelf_"):
            del sys.modules[name]


GOOD = "def connector(config):\n    return ('made', config)\n"


def problem(plugins: Plugins, name: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        plugins.factory(name)
    return str(caught.value)


def test_own_connectors_need_no_permission() -> None:
    plugins = discover()
    assert {"paper", "memory"} <= set(plugins.usable)
    from robson_connectors.memory import connector

    assert plugins.factory("memory") is connector


def test_an_allowed_connector_is_usable(shelf: Shelf) -> None:
    shelf.install("robson-acme", "acme = shelf_acme:connector", "shelf_acme", GOOD)
    plugins = discovered(shelf.points(), ["Robson_Acme"])
    assert plugins.factory("acme")({"a": 1}) == ("made", {"a": 1})
    assert plugins.problems == ()
    assert [(p.name, p.distribution) for p in plugins.found] == [("acme", "robson-acme")]


def test_installed_is_not_trusted(shelf: Shelf) -> None:
    code = "raise AssertionError('this code must never run')\n"
    shelf.install("robson-acme", "acme = shelf_acme:connector", "shelf_acme", code)
    plugins = discovered(shelf.points(), [])
    message = "connector acme of robson-acme: add robson-acme to plugins.allow if you trust it"
    assert plugins.problems == (message,)
    assert problem(plugins, "acme") == message
    assert "shelf_acme" not in sys.modules


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import shelf_nowhere\n", "ModuleNotFoundError: No module named 'shelf_nowhere'"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("1/0\n", "ZeroDivisionError"),
        ("x = (\n", "SyntaxError"),
        ("", "AttributeError"),
    ],
)
def test_a_broken_one_harms_nobody(shelf: Shelf, code: str, said: str) -> None:
    shelf.install("robson-bad", "bad = shelf_bad:connector", "shelf_bad", code)
    shelf.install("robson-acme", "acme = shelf_acme:connector", "shelf_acme", GOOD)
    plugins = discovered(shelf.points(), ["robson-bad", "robson-acme"])
    assert set(plugins.usable) == {"acme"}
    assert "connector bad of robson-bad cannot be loaded" in problem(plugins, "bad")
    assert said in problem(plugins, "bad")
    assert "repair or uninstall it" in problem(plugins, "bad")


def test_what_is_no_function_is_refused(shelf: Shelf) -> None:
    shelf.install("robson-acme", "acme = shelf_acme:connector", "shelf_acme", "connector = 5\n")
    plugins = discovered(shelf.points(), ["robson-acme"])
    assert "shelf_acme:connector is no function" in problem(plugins, "acme")


def test_nobody_takes_an_own_name(shelf: Shelf) -> None:
    shelf.install("a-thief", "paper = shelf_thief:connector", "shelf_thief", GOOD)
    shelf.install("robson-connectors", "paper = shelf_own:connector", "shelf_own", GOOD)
    plugins = discovered(shelf.points(), ["a-thief"])
    assert plugins.problems == (
        "connector paper of a-thief: its name is taken by robson-connectors",
    )
    assert plugins.factory("paper").__module__ == "shelf_own"


def test_the_same_distribution_found_twice_is_one(shelf: Shelf) -> None:
    shelf.install("robson-acme", "acme = shelf_acme:connector", "shelf_acme", GOOD)
    plugins = discovered([*shelf.points(), *shelf.points()], ["robson-acme"])
    assert len(plugins.found) == 1
    assert plugins.problems == ()


def test_an_unknown_name_lists_the_usable_ones(shelf: Shelf) -> None:
    shelf.install("robson-acme", "acme = shelf_acme:connector", "shelf_acme", GOOD)
    plugins = discovered(shelf.points(), ["robson-acme"])
    assert problem(plugins, "acne") == "connector 'acne' is not installed; usable: acme"
    assert problem(Plugins(()), "x") == "connector 'x' is not installed; usable: none"


def test_a_point_without_distribution_is_not_trusted() -> None:
    point = EntryPoint(name="loose", value="shelf_loose:connector", group=GROUP)
    plugins = discovered([point], [])
    assert "connector loose of unknown" in problem(plugins, "loose")
