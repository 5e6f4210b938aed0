"""Rules about size and shape. Every limit may go down, never up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.architecture.tree import Source

FUNCTION_LINES_MAX: Final = 60
FUNCTION_LINES_P90: Final = 30
FUNCTION_LINES_MEDIAN: Final = 12
FILE_LINES_MAX: Final = 400
POSITIONAL_MAX: Final = 5

UNFINISHED: Final = (
    # Written in pieces, so that this file keeps its own rule.
    "TO" + "DO",
    "FIX" + "ME",
    "X" * 3,
    "NotImplemented" + "Error",
    "pragma: no" + " cover",
)
_UNFINISHED: Final = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in UNFINISHED))

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: Function) -> int:
    """Return the number of lines of the body; a docstring is no code and does not count."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    if not body:
        return 0
    last = body[-1].end_lineno or body[-1].lineno
    return last - body[0].lineno + 1


def function_sizes(source: Source) -> list[int]:
    """Return the body length of every function in ``source``."""
    return [body_lines(function) for function in _functions(source.tree)]


def long_functions(source: Source) -> list[str]:
    """Functions longer than one screen hide their own branches."""
    return [
        source.at(function.lineno, f"{function.name} has {size} lines")
        for function in _functions(source.tree)
        if (size := body_lines(function)) > FUNCTION_LINES_MAX
    ]


def percentile(sizes: list[int], percent: int) -> int:
    """Return the smallest size that at least ``percent`` of ``sizes`` do not exceed."""
    ordered = sorted(sizes)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def spread_too_wide(sizes: list[int]) -> list[str]:
    """A code base of long functions is hard to read even when none breaks the limit."""
    found = []
    for percent, limit in ((90, FUNCTION_LINES_P90), (50, FUNCTION_LINES_MEDIAN)):
        size = percentile(sizes, percent)
        if size > limit:
            found.append(f"{percent} % of the functions: {size} lines, limit {limit}")
    return found


def long_file(source: Source) -> list[str]:
    """A file is one thought."""
    count = source.text.count("\n")
    return [source.at(count, f"{count} lines")] if count > FILE_LINES_MAX else []


def crowded_parameters(source: Source) -> list[str]:
    """Six things in a row get swapped; name them, or make them one value."""
    found = []
    for function in _functions(source.tree):
        named = [*function.args.posonlyargs, *function.args.args]
        if named and named[0].arg in ("self", "cls"):
            named = named[1:]
        if len(named) > POSITIONAL_MAX:
            found.append(source.at(function.lineno, f"{function.name} takes {len(named)}"))
    return found


def unfinished(source: Source) -> list[str]:
    """What is in the tree works; what does not is an issue, not a comment."""
    return [
        source.at(number, match.group())
        for number, line in enumerate(source.text.splitlines(), start=1)
        if (match := _UNFINISHED.search(line))
    ]
