"""Write the reference pages that follow from the sources.

    python tools/generate_docs.py            write the pages
    python tools/generate_docs.py --check    say which of them are stale, and fail then

What a page says stands in one place only: the tables with their comments, the docstrings, the
denial codes. ``tests/architecture/test_generated_docs.py`` fails when a page is not what this
program would write.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
import tokenize
import typing
from collections.abc import Iterator, Sequence
from enum import StrEnum
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs

from robson_domain import (
    DENIAL_MEANINGS,
    INTENT_TRANSITIONS,
    ORDER_TRANSITIONS,
    POSITION_TRANSITIONS,
    Event,
    IntentStatus,
    OrderStatus,
    PositionStatus,
    RobsonError,
    intents,
    orders,
    position_lifecycle,
)
from robson_domain.event_base import BaseEvent
from robson_domain.lifecycle import Table

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = "docs/reference"
NOTICE: Final = "<!-- Written by tools/generate_docs.py from the sources; do not edit. -->"

Reasons = dict[tuple[str, str], str]
"""(status, event) to the comment above it; the event is empty for a comment on a whole row."""


@attrs.frozen(kw_only=True)
class Lifecycle:
    """One table of statuses, and how to tell of it."""

    title: str
    module: ModuleType
    variable: str
    table: Table[Any]
    born: str
    birth: str
    ended: frozenset[str]
    intro: str
    other_births: tuple[tuple[str, str], ...] = ()


LIFECYCLES: Final = (
    Lifecycle(
        title="Position",
        module=position_lifecycle,
        variable="POSITION_TRANSITIONS",
        table=POSITION_TRANSITIONS,
        born=PositionStatus.ARMED,
        birth="PositionArmed",
        ended=frozenset({PositionStatus.CLOSED}),
        other_births=((PositionStatus.ACTIVE, "GuardOpened"),),
        intro="Moved by events of the log. Protection follows quantity, not status: whatever is"
        " open has a stop that is evaluated. A guard of what the person opened by hand begins"
        " Active.",
    ),
    Lifecycle(
        title="Order",
        module=orders,
        variable="ORDER_TRANSITIONS",
        table=ORDER_TRANSITIONS,
        born=OrderStatus.DRAFT,
        birth="decided",
        ended=frozenset(status for status in OrderStatus if status.is_terminal),
        intro="Moved by our own doing (submitted, denied, cancel_sent) and by the venue's reports."
        " No report about an order that was sent is illegal: reports repeat, cross and come late.",
    ),
    Lifecycle(
        title="Intent",
        module=intents,
        variable="INTENT_TRANSITIONS",
        table=INTENT_TRANSITIONS,
        born=IntentStatus.RECORDED,
        birth="recorded",
        ended=frozenset(status for status in IntentStatus if status.is_resolved),
        intro="Recorded before the first byte is sent, and resolved by what is known of the order.",
    ),
)


def pages() -> dict[str, str]:
    """Return every generated page: path from the root of the repository to its text."""
    made = {
        "lifecycles": lifecycles_page(),
        "denial-codes": denials_page(),
        "events": events_page(),
        "errors": errors_page(),
    }
    return {f"{FOLDER}/{name}.md": text for name, text in made.items()}


def _page(title: str, intro: str, *parts: str) -> str:
    return (
        "\n\n".join((f"# {title}", NOTICE, _filled(intro), *(p.strip("\n") for p in parts))) + "\n"
    )


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 99, break_long_words=False, break_on_hyphens=False)


def _grid(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# ------------------------------------------------------------------- lifecycles


def lifecycles_page() -> str:
    """Return the page of lifecycles: a diagram and a table each."""
    intro = """A status changes by its table alone; a pair that is not in it raises
        IllegalTransition, and nothing has happened then. The diagrams show what changes a status;
        the tables show every pair that is possible, with the reason where one is needed."""
    return _page("Lifecycles", intro, *map(_lifecycle, LIFECYCLES))


def _lifecycle(lifecycle: Lifecycle) -> str:
    reasons = reasons_in(inspect.getsource(lifecycle.module), lifecycle.variable)
    rows = [row for status in lifecycle.table for row in _rows(lifecycle, status, reasons)]
    notes = [
        f"- {status}: {reasons[status.name, '']}"
        for status in lifecycle.table
        if (status.name, "") in reasons
    ]
    parts = [
        f"## {lifecycle.title}",
        _filled(lifecycle.intro),
        "```mermaid\n" + "\n".join(_diagram(lifecycle)) + "\n```",
        _grid(("in", "event", "becomes", "why"), rows),
        *(["\n".join(notes)] if notes else []),
    ]
    return "\n\n".join(parts)


def _rows(lifecycle: Lifecycle, status: StrEnum, reasons: Reasons) -> Iterator[tuple[str, ...]]:
    """Yield one row for the events that lead from ``status`` to the same one, for one reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for event, to in lifecycle.table[status].items():
        groups.setdefault((to, reasons.get((status.name, event), "")), []).append(f"`{event}`")
    for (to, why), names in groups.items():
        yield (str(status), ", ".join(names), to, why)
    if not groups:
        yield (str(status), "none", "", "")


def _diagram(lifecycle: Lifecycle) -> Iterator[str]:
    yield "stateDiagram-v2"
    for status, birth in ((lifecycle.born, lifecycle.birth), *lifecycle.other_births):
        yield f"    [*] --> {status}: {birth}"
    for status, row in lifecycle.table.items():
        for to in dict.fromkeys(row.values()):
            if to != status:
                label = "<br/>".join(event for event, after in row.items() if after == to)
                yield f"    {status} --> {to}: {label}"
    for status in lifecycle.table:
        if status in lifecycle.ended:
            yield f"    {status} --> [*]"


def reasons_in(source: str, variable: str) -> Reasons:
    """Return the comments inside the dict that ``source`` assigns to ``variable``.

    Raises:
        ValueError: When there is no such dict.
    """
    comments = _comment_lines(source)
    found: Reasons = {}
    for key, row in _entries(_assigned(source, variable)):
        status = key.attr if isinstance(key, ast.Attribute) else ""
        if text := _above(comments, key.lineno):
            found[status, ""] = text
        for event, _ in _entries(row):
            # An event on the line of its row has the row's comment above it, not one of its own.
            own = "" if event.lineno == key.lineno else _above(comments, event.lineno)
            if own and isinstance(event, ast.Constant):
                found[status, str(event.value)] = own
    return found


def _assigned(source: str, variable: str) -> ast.expr:
    for node in ast.walk(ast.parse(source)):
        is_it = isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == variable
        if is_it and isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
            return node.value
    raise ValueError(f"no table {variable}")


def _entries(node: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield key, value


def _comment_lines(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ")
        for token in tokens
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    }


def _above(comments: dict[int, str], line: int) -> str:
    lines: list[str] = []
    while (line := line - 1) in comments:
        lines.insert(0, comments[line])
    return " ".join(lines)


# ---------------------------------------------------------------------- denials


def denials_page() -> str:
    """Return the page of denial codes, in the order in which they are checked."""
    intro = """*Denied* means: refused by Robson, before anything was sent. The reasons are checked
        in this order and the first one is given; the event EntryDenied carries the code and a
        sentence with the figures. What the venue refuses is *rejected*, and is no denial."""
    rows = [(f"`{code}`", meaning) for code, meaning in DENIAL_MEANINGS.items()]
    return _page("Denial codes", intro, _grid(("code", "means"), rows))


# ----------------------------------------------------------------------- events


def events_page() -> str:
    """Return the page of events with their versions and fields."""
    intro = """What happened, in the order of the log. Rows are never rewritten; a changed layout is
        a new version, but for a new field that older rows can do without: they read as having its
        default. In the log an event is one line of canonical JSON with its type and its
        version `v`; decimals are text, times are integers of nanoseconds since 1970 UTC. An
        unknown type or version stops the start with a report."""
    envelope = BaseEvent
    names = {field.name for field in attrs.fields(envelope)}
    parts = [f"## Envelope\n\n{_head_of(envelope)}\n\n{_fields_of(envelope, set())}"]
    for kind in typing.get_args(Event):
        title = f"## {kind.__name__}, version {kind.VERSION}"
        parts.append(f"{title}\n\n{_head_of(kind)}\n\n{_fields_of(kind, names)}")
    return _page("Events", intro, *parts)


def _head_of(kind: type) -> str:
    return _filled(_sections(kind)[0])


def _fields_of(kind: Any, without: set[str]) -> str:
    said = _sections(kind)[1]
    hints = {name: text for base in reversed(kind.__mro__) for name, text in _annotated(base)}
    rows = [
        (f"`{field.name}`", f"`{hints[field.name]}`", said.get(field.name, ""))
        for field in attrs.fields(kind)
        if field.name not in without
    ]
    return _grid(("field", "type", "meaning"), rows)


def _annotated(kind: type) -> list[tuple[str, str]]:
    return [(name, str(hint)) for name, hint in vars(kind).get("__annotations__", {}).items()]


def _sections(kind: type) -> tuple[str, dict[str, str]]:
    """Return what a docstring says first, and what its ``Attributes`` section says of each."""
    head, _, attributes = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    said: dict[str, str] = {}
    name = ""
    for line in attributes.splitlines():
        found = re.match(r" {4}(\w+): (.*)", line)
        if found:
            name = found.group(1)
        if name:
            text = found.group(2) if found else line.strip()
            said[name] = f"{said.get(name, '')} {text}".strip()
    return head.strip().replace("``", "`"), {n: t.replace("``", "`") for n, t in said.items()}


# ----------------------------------------------------------------------- errors


def errors_page() -> str:
    """Return the page of errors: the tree, and what each of them carries."""
    intro = """Sorted by what the caller must do. Whatever Robson raises on purpose is a
        RobsonError. Errors carry no secret and no address: what comes from a library is wrapped
        before it leaves."""
    tree = "```text\n" + "\n".join(_tree(RobsonError, "", "")) + "\n```"
    rows = [
        (f"`{kind.__name__}`", ", ".join(f"`{name}`" for name in _carried(kind)), _said(kind))
        for kind in _descendants(RobsonError)
    ]
    return _page("Errors", intro, tree, _grid(("error", "carries", "means"), rows))


def _tree(kind: type, first: str, rest: str) -> Iterator[str]:
    yield first + kind.__name__
    children = _children(kind)
    for child in children:
        is_last = child is children[-1]
        yield from _tree(
            child, rest + ("└── " if is_last else "├── "), rest + ("    " if is_last else "│   ")
        )


def _descendants(kind: type) -> Iterator[type]:
    yield kind
    for child in _children(kind):
        yield from _descendants(child)


def _children(kind: type) -> list[type]:
    # Only the domain's own: whoever imports more must not change the page.
    found: list[type] = kind.__subclasses__()
    return [child for child in found if child.__module__ == RobsonError.__module__]


def _carried(kind: type) -> list[str]:
    if not any("__init__" in vars(base) for base in kind.__mro__ if base in _OURS):
        return []
    return list(inspect.signature(kind).parameters)


_OURS: Final = frozenset(_descendants(RobsonError))


def _said(kind: type) -> str:
    return (inspect.getdoc(kind) or "").replace("``", "`")


# ---------------------------------------------------------------------- program


def stale(root: Path = ROOT) -> list[str]:
    """Return the paths of pages below ``root`` that are not what would be written now."""
    return [
        path
        for path, text in pages().items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Write the stale pages, or with ``--check`` only name them; 1 when there are any to name."""
    found = stale(root)
    if "--check" in arguments:
        print(*(f"stale: {path}" for path in found), sep="\n", end="\n" if found else "")
        return 1 if found else 0
    for path in found:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(pages()[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
