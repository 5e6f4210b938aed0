"""What a name in a source means: ``now`` in ``from datetime import datetime`` and so on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.tree import Source


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
    """Return the full dotted name of ``node`` as far as imports tell, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([names.get(node.id, node.id), *reversed(parts)])


def used_names(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and full dotted name of everything the code refers to, imports included."""
    names = imported_names(source.tree)
    yield from imported_modules(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node, names)
            if name:
                yield node.lineno, name


def calls(source: Source) -> Iterator[tuple[ast.Call, str]]:
    """Yield every call with the full dotted name of what is called.

    A method of something computed has no full name; it comes as ``.method``.
    """
    names = imported_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func, names)
            if not name and isinstance(node.func, ast.Attribute):
                name = f".{node.func.attr}"
            yield node, name
