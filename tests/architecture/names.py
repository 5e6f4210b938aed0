"""What a name in a source means: ``now`` in ``from datetime import datetime`` and so on."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import Final

from tests.architecture.tree import Source

_BUILTINS: Final = frozenset(dir(builtins))


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Return local name to full dotted name, for every import anywhere in the file."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                # `import os.path` binds `os`; `import os.path as p` binds the whole path.
                full = alias.name if alias.asname else alias.name.split(".")[0]
                names[alias.asname or full] = full
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def imported_modules(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of every import; ``from a import b`` yields ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """Return the full dotted name of ``node`` when its root was imported, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return ""
    return ".".join([names[node.id], *reversed(parts)])


def used_names(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and full dotted name of what is imported, used of that, or called of built-ins."""
    names = imported_names(source.tree)
    yield from imported_modules(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node, names)
            if name:
                yield node.lineno, name
        elif isinstance(node, ast.Call) and _builtin(node.func):
            yield node.lineno, _builtin(node.func)


def _builtin(function: ast.expr) -> str:
    # Only calls: a field or a variable may well be named `open`.
    if isinstance(function, ast.Name) and function.id in _BUILTINS:
        return function.id
    return ""


def calls(source: Source) -> Iterator[tuple[ast.Call, str]]:
    """Yield every call with the full dotted name of what is called.

    A method of something that was not imported has no full name; it comes as ``.method``.
    """
    names = imported_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func, names) or _builtin(node.func)
            if not name and isinstance(node.func, ast.Attribute):
                name = f".{node.func.attr}"
            yield node, name
