"""What every member must carry, and that what it says about itself is true."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Any, Final

import pytest

from tests.architecture.names import imported_modules
from tests.architecture.tree import (
    MEMBERS,
    ROOT,
    Source,
    member_metadata,
    root_metadata,
    shipped_sources,
)

OWN: Final = {package.replace("_", "-") for package in MEMBERS}
_REQUIREMENT: Final = re.compile(r"^([A-Za-z0-9._-]+)(\[[a-z,]+\])?(.*)$")


def distribution(requirement: str) -> str:
    """Return the normalized name in a requirement such as ``psycopg[binary]>=3.2``."""
    found = _REQUIREMENT.match(requirement.strip())
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found.group(1)).lower()


def _project(package: str) -> dict[str, Any]:
    project: dict[str, Any] = member_metadata(package)["project"]
    return project


def declared(project: dict[str, Any]) -> set[str]:
    """Return the distributions that ``project`` declares, extras included."""
    extras = project.get("optional-dependencies", {}).values()
    needs = [*project["dependencies"], *(need for extra in extras for need in extra)]
    return {distribution(need) for need in needs}


def undeclared(source: Source, allowed: set[str], providers: dict[str, list[str]]) -> list[str]:
    """Return imports that only work here because something else installed them."""
    found = []
    for line, name in imported_modules(source.tree):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names or top == source.package:
            continue
        names = {top.replace("_", "-")} if top in MEMBERS else set(providers.get(top, [top]))
        if not {distribution(provider) for provider in names} & allowed:
            found.append(source.at(line, f"{top} is not declared"))
    return found


@pytest.mark.parametrize("package", MEMBERS)
@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "LICENSE", "src/{}/py.typed"])
def test_member_carries(package: str, name: str) -> None:
    assert (ROOT / MEMBERS[package] / name.format(package)).is_file()


@pytest.mark.parametrize("package", MEMBERS)
def test_member_says_who_it_is(package: str) -> None:
    project = _project(package)
    assert project["name"] == package.replace("_", "-")
    assert project["requires-python"] == ">=3.11"
    assert project["license"] == "MIT"
    assert {"Typing :: Typed", "Private :: Do Not Upload"} <= set(project["classifiers"])
    assert f"## {project['version']}" in (ROOT / MEMBERS[package] / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("package", MEMBERS)
def test_license_is_the_one_of_the_project(package: str) -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License")
    assert (ROOT / MEMBERS[package] / "LICENSE").read_text() == text


@pytest.mark.parametrize("package", MEMBERS)
def test_member_imports_only_what_it_declares(package: str) -> None:
    allowed = declared(_project(package))
    providers = dict(packages_distributions())
    found = [
        finding
        for source in shipped_sources()
        if source.package == package
        for finding in undeclared(source, allowed, providers)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("import httpx\n", 1),
        ("import robson_engine.engine\n", 1),
        ("import attrs\n", 0),
        ("import attr\n", 0),
        ("import json\n", 0),
        ("from robson_store import memory\n", 0),
        ("from robson_domain import values\n", 0),
    ],
)
def test_undeclared_imports_are_seen(text: str, count: int) -> None:
    source = Source("packages/robson-store/src/robson_store/planted.py", text)
    allowed = {"attrs", "robson-domain"}
    assert len(undeclared(source, allowed, dict(packages_distributions()))) == count


def _listed(name: str) -> set[str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and line[0] not in "#-"}


def test_run_requirements_are_those_of_the_members() -> None:
    needs = {
        need
        for package in MEMBERS
        for need in _project(package)["dependencies"]
        if distribution(need) not in OWN
    }
    assert _listed("run.in") == needs


def test_dev_requirements_are_those_of_the_group() -> None:
    group = root_metadata()["dependency-groups"]["dev"]
    assert _listed("dev.in") == set(group)


def test_extras_can_be_tested() -> None:
    """What an extra needs is in the environment that runs the tests."""
    locked = set(_pins("dev.lock"))
    for package in MEMBERS:
        for needs in _project(package).get("optional-dependencies", {}).values():
            assert {distribution(need) for need in needs} - OWN <= locked


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", text, re.MULTILINE)
    return {distribution(pin): version for pin, version in found}


def lock_flaws(text: str) -> list[str]:
    """Return what a lock must not have: addresses, and pins that anybody could replace."""
    flaws = [line for line in text.splitlines() if "://" in line or "file:" in line]
    for entry in re.split(r"\n(?=\S)", text.strip()):
        if "==" not in entry or "--hash=sha256:" not in entry:
            flaws.append(entry.splitlines()[0])
    return flaws


@pytest.mark.parametrize("name", ["run.lock", "dev.lock"])
def test_lock_pins_by_hash_and_names_no_address(name: str) -> None:
    assert lock_flaws((ROOT / "requirements" / name).read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "attrs==1\n",
        "attrs>=1 --hash=sha256:ab\n",
        "--index-url https://example.org\nattrs==1 \\\n    --hash=sha256:ab\n",
        "attrs @ https://example.org/a.whl#==1 --hash=sha256:ab\n",
    ],
)
def test_flaws_of_a_lock_are_seen(text: str) -> None:
    assert lock_flaws(text) != []


@pytest.mark.parametrize("name", ["run", "dev"])
def test_lock_is_not_behind_its_input(name: str) -> None:
    assert {distribution(need) for need in _listed(f"{name}.in")} <= set(_pins(f"{name}.lock"))


def test_tests_run_on_the_versions_users_get() -> None:
    dev, run = _pins("dev.lock"), _pins("run.lock")
    assert {name: dev.get(name) for name in run} == run


def test_members_have_their_own_version_range() -> None:
    """A wheel of one member must not meet a wheel of another that it was not made for."""
    for package in MEMBERS:
        for need in _project(package)["dependencies"]:
            if distribution(need) in OWN:
                assert re.fullmatch(r"[a-z-]+(\[[a-z]+\])?>=0\.\d+,<0\.\d+", need), need


def test_workspace_lists_every_member() -> None:
    globs = root_metadata()["tool"]["uv"]["workspace"]["members"]
    found = {path.relative_to(ROOT).as_posix() for glob in globs for path in ROOT.glob(glob)}
    assert {name for name in found if (ROOT / name).is_dir()} == set(MEMBERS.values())


def test_addresses_stay_out_of_the_repository() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"uv.lock", "pylock.toml"} <= set(ignored)


def test_root_is_no_distribution() -> None:
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "build-system" not in metadata
