"""Every member builds a wheel that is complete and works without what it does not declare."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.test_packaging import distribution
from tests.architecture.tree import MEMBERS, ROOT, member_metadata

NEEDS_EXTRA: Final = {
    "robson_domain": ("robson_domain.testing",),
    "robson_engine": ("robson_engine.research",),
    "robson_connectors": ("robson_connectors.paper",),
}
"""Modules that say in their documentation which extra they need."""

# Runs without site, so neither editable installs nor .pth files are seen: what counts as installed
# is what the arguments name.
_IMPORT_ALL: Final = """
import importlib, pkgutil, sys
package, skipped, *folders = sys.argv[1:]
sys.path.extend(folders)
root = importlib.import_module(package)
assert root.__file__.startswith(folders[0]), root.__file__
count = 0
def walk(path, prefix):
    global count
    for found in pkgutil.iter_modules(path, prefix):
        if found.name in skipped.split(",") or found.name.endswith(".__main__"):
            continue
        module = importlib.import_module(found.name)
        count += 1
        if found.ispkg:
            walk(module.__path__, found.name + ".")
walk(root.__path__, package + ".")
print(count)
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build every wheel with the installed hatchling, and unpack each into its own folder."""
    folder = tmp_path_factory.mktemp("wheels")
    unpacked = {}
    for package, member in MEMBERS.items():
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        built = subprocess.run(command, cwd=ROOT / member, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        (wheel,) = folder.glob(f"{package}-*.whl")
        unpacked[package] = folder / package
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked[package])
    return unpacked


def _metadata(folder: Path) -> Message:
    (path,) = folder.glob("*.dist-info/METADATA")
    return HeaderParser().parsestr(path.read_text(encoding="utf-8"))


def _own_needs(wheels: dict[str, Path], package: str) -> list[str]:
    """Return the members that ``package`` declares without an extra, and theirs, itself first."""
    needs = [package]
    for name in needs:
        for requirement in _metadata(wheels[name]).get_all("Requires-Dist") or []:
            needed = distribution(requirement).replace("-", "_")
            if "extra ==" not in requirement and needed in MEMBERS and needed not in needs:
                needs.append(needed)
    return needs


@pytest.mark.parametrize("package", MEMBERS)
def test_wheel_carries_every_file(wheels: dict[str, Path], package: str) -> None:
    source = ROOT / MEMBERS[package] / "src"
    kept = {p.relative_to(source) for p in source.rglob("*") if p.is_file()}
    expected = {path for path in kept if "__pycache__" not in path.parts}
    packed = {p.relative_to(wheels[package]) for p in wheels[package].rglob("*") if p.is_file()}
    assert {p for p in packed if ".dist-info" not in p.parts[0]} == expected


@pytest.mark.parametrize("package", MEMBERS)
def test_wheel_says_its_license(wheels: dict[str, Path], package: str) -> None:
    metadata = _metadata(wheels[package])
    assert metadata["License-Expression"] == "MIT"
    assert list(wheels[package].glob("*.dist-info/licenses/LICENSE"))


@pytest.mark.parametrize("package", MEMBERS)
def test_wheel_imports_alone(wheels: dict[str, Path], package: str) -> None:
    """No import works only because the workspace happens to hold the other members."""
    folders = [str(wheels[name]) for name in _own_needs(wheels, package)]
    library = sysconfig.get_paths()["purelib"]
    skipped = () if package == "robsond" else NEEDS_EXTRA.get(package, ())
    command = [sys.executable, "-I", "-S", "-c", _IMPORT_ALL, package, ",".join(skipped)]
    run = subprocess.run([*command, *folders, library], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_domain_wheel_needs_attrs_alone(wheels: dict[str, Path]) -> None:
    needs = _metadata(wheels["robson_domain"]).get_all("Requires-Dist") or []
    assert [distribution(need) for need in needs if "extra ==" not in need] == ["attrs"]


@pytest.mark.parametrize("package", MEMBERS)
def test_entry_points_are_those_declared(wheels: dict[str, Path], package: str) -> None:
    project = member_metadata(package)["project"]
    names = {*project.get("scripts", {}), *project.get("gui-scripts", {})}
    names |= {name for group in project.get("entry-points", {}).values() for name in group}
    files = list(wheels[package].glob("*.dist-info/entry_points.txt"))
    text = files[0].read_text(encoding="utf-8") if files else ""
    assert {line.split(" = ")[0] for line in text.splitlines() if " = " in line} == names


def test_a_missing_member_is_noticed(wheels: dict[str, Path]) -> None:
    """The check above can fail: an import of a member that was not handed in breaks."""
    folder = wheels["robson_store"].parent / "planted" / "robson_planted"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "greedy.py").write_text("import robson_engine\n", encoding="utf-8")
    folders = [str(folder.parent), str(wheels["robson_domain"])]
    command = [sys.executable, "-I", "-S", "-c", _IMPORT_ALL, "robson_planted", "", *folders]
    library = sysconfig.get_paths()["purelib"]
    run = subprocess.run([*command, library], capture_output=True, text=True)
    assert "No module named 'robson_engine'" in run.stderr
