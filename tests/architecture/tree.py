"""Where the sources are, and one source as the rules see it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs

ROOT: Final = Path(__file__).resolve().parents[2]

MEMBERS: Final = {
    "robson_domain": "packages/robson-domain",
    "robson_engine": "packages/robson-engine",
    "robson_exec": "packages/robson-exec",
    "robson_store": "packages/robson-store",
    "robson_connectors": "packages/robson-connectors",
    "robsond": "apps/robsond",
}
"""Import package to folder."""

_PYTHON_FOLDERS: Final = (
    "packages", "apps", "tests", "tools", "benchmarks", "examples", "alembic", "deploy", "docs",
)  # fmt: skip
_SKIPPED: Final = {".venv", "node_modules", "__pycache__", "build", "dist"}


@attrs.frozen
class Source:
    """One Python file: its path from the root of the repository, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)

    @property
    def package(self) -> str:
        """The import package this file ships in, or an empty string."""
        for package, folder in MEMBERS.items():
            if self.path.startswith(f"{folder}/src/"):
                return package
        return ""

    def inside(self, *modules: str) -> bool:
        """Return whether this file is one of ``modules`` or lies in one.

        Args:
            modules: Paths below ``src`` without suffix, for example ``robsond/system``.
        """
        _, _, below = self.path.partition("/src/")
        return any(below == f"{module}.py" or below.startswith(f"{module}/") for module in modules)

    def at(self, line: int, message: str) -> str:
        return f"{self.path}:{line}: {message}"


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _python_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        if not _SKIPPED.intersection(path.relative_to(ROOT).parts[:-1]):
            yield path


def _read(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


@cache
def all_sources() -> tuple[Source, ...]:
    """Every Python file of the repository."""
    folders = [ROOT / name for name in _PYTHON_FOLDERS if (ROOT / name).is_dir()]
    return tuple(_read(path) for folder in folders for path in _python_files(folder))


@cache
def shipped_sources() -> tuple[Source, ...]:
    """Every Python file that ships in a wheel."""
    return tuple(source for source in all_sources() if source.package)


@cache
def member_metadata(package: str) -> dict[str, Any]:
    """The ``pyproject.toml`` of the member that ships ``package``."""
    return tomllib.loads((ROOT / MEMBERS[package] / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def root_metadata() -> dict[str, Any]:
    """The ``pyproject.toml`` of the workspace."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
