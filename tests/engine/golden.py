"""Golden vectors of the trading rules: read, and compared with what the engine says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from robson_domain import codec

FOLDER: Final = Path(__file__).parents[1] / "golden" / "engine"


def cases_of(name: str) -> list[dict[str, Any]]:
    """Return the cases of one file of vectors."""
    cases: list[dict[str, Any]] = json.loads((FOLDER / name).read_text())["cases"]
    return cases


def missing(expected: Any, actual: Any, where: str = "") -> list[str]:
    """Return what ``expected`` says and ``actual`` does not: objects may hold more, lists not."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [
            found
            for key, value in expected.items()
            for found in missing(value, actual.get(key, "(nothing)"), f"{where}.{key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [
            found
            for number, (left, right) in enumerate(zip(expected, actual, strict=True))
            for found in missing(left, right, f"{where}[{number}]")
        ]
    return [] if expected == actual else [f"{where}: expected {expected!r}, got {actual!r}"]


def shown(value: object) -> Any:
    """Return a value as it would be stored."""
    return codec.encode(value)
