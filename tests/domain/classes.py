"""Every class the domain defines, found by looking, so that a new one is tested without a list."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from types import ModuleType

import attrs

import robson_domain


@cache
def modules() -> tuple[ModuleType, ...]:
    """Return every module of the domain but the test kit."""
    found = pkgutil.walk_packages(robson_domain.__path__, "robson_domain.")
    names = [module.name for module in found if ".testing" not in module.name]
    return tuple(importlib.import_module(name) for name in sorted(names))


@cache
def classes() -> tuple[type, ...]:
    """Return every class defined in the domain, private ones included."""
    return tuple(
        kind
        for module in modules()
        for _, kind in sorted(inspect.getmembers(module, inspect.isclass))
        if kind.__module__ == module.__name__
    )


def records() -> tuple[type, ...]:
    """Return the public classes with fields: attrs classes and named tuples."""
    return tuple(
        kind
        for kind in classes()
        if (attrs.has(kind) or hasattr(kind, "_fields")) and not kind.__name__.startswith("_")
    )
