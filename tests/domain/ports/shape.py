"""What every port has in common, and how to look at it."""

from __future__ import annotations

import inspect
from typing import Any


def methods(port: type[Any]) -> dict[str, Any]:
    """Return the public methods and properties that an adapter of ``port`` must have."""
    return {
        name: member
        for name, member in vars(port).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    }


def duties(port: type[Any]) -> dict[str, str]:
    """Return what each of them promises."""
    return {name: inspect.getdoc(member) or "" for name, member in methods(port).items()}


def asynchronous(port: type[Any]) -> set[str]:
    """Return the names of the methods that are awaited."""
    return {name for name, member in methods(port).items() if inspect.iscoroutinefunction(member)}
