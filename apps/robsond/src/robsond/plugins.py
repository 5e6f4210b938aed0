"""Detectors of other packages. Installed is not trusted: only allowed packages are loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import attrs

from robson_engine import DETECTORS
from robson_engine.detectors import DetectorType

GROUP: Final = "robson.detectors"


@attrs.frozen(kw_only=True)
class Registry:
    """Every detector that may be used, by name, and what is wrong with the others."""

    detectors: Mapping[str, DetectorType]
    problems: tuple[str, ...] = ()


def detectors(allow: Collection[str]) -> Registry:
    """Return the built-in detectors and those of the packages in ``allow``."""
    return chosen(entry_points(group=GROUP), allow)


def chosen(found: Iterable[EntryPoint], allow: Collection[str]) -> Registry:
    """Return what :func:`detectors` returns, for the entry points given."""
    allowed = {_plain(name) for name in allow}
    known: dict[str, DetectorType] = dict(DETECTORS)
    problems = []
    for entry in sorted(found, key=lambda one: (one.name, _origin(one))):
        problem = _add(entry, allowed, known)
        if problem:
            problems.append(f"detector {entry.name} of {_origin(entry)}: {problem}")
    return Registry(detectors=known, problems=tuple(problems))


def _add(entry: EntryPoint, allowed: set[str], known: dict[str, DetectorType]) -> str:
    if _origin(entry) not in allowed:
        return f"not loaded; add {_origin(entry)} to plugins.allow if you trust it"
    if entry.name in known:
        return "not loaded; there is a detector of that name already"
    try:
        loaded = entry.load()
    except Exception as error:
        return f"cannot be loaded ({type(error).__name__}: {error}); repair or uninstall it"
    if not callable(getattr(loaded, "create", None)):
        return f"{entry.value} is no detector; ask its author"
    known[entry.name] = loaded
    return ""


def _origin(entry: EntryPoint) -> str:
    return "unknown" if entry.dist is None else _plain(entry.dist.name)


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")
