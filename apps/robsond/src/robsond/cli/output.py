"""Where a command writes: one JSON document for scripts, or text and tables for people."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from robsond.cli.errors import CliError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


@attrs.define
class Output:
    """The two channels of one command. With ``as_json`` nothing but the document is on stdout."""

    as_json: bool

    @cached_property
    def console(self) -> Console:
        """The person's screen; colors only on a terminal and without ``NO_COLOR``."""
        from rich.console import Console

        return Console(highlight=False, markup=False)

    @cached_property
    def errors(self) -> Console:
        """Standard error: progress and problems."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, markup=False)

    @property
    def width(self) -> int:
        """Columns there are; 80 where nobody knows."""
        return self.console.width

    @property
    def is_terminal(self) -> bool:
        """Whether a person may be watching and can be asked."""
        return not self.as_json and sys.stdin.isatty() and sys.stdout.isatty()

    def show(self, *parts: RenderableType) -> None:
        """Print text or tables for people."""
        for part in parts:
            self.console.print(part)

    def line(self, text: str, hanging: int = 0) -> None:
        """Print one line: on a terminal broken at words, in a pipe never.

        Args:
            hanging: Columns that the lines after the first are indented by.
        """
        for part in _broken(self.console, text, hanging):
            self.console.print(part, soft_wrap=True)

    def indented(self, text: str, columns: int) -> None:
        """Print a paragraph, each of its lines indented."""
        indent = " " * columns
        width = max(self.width - 1, columns + 20)
        for line in textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent):
            self.line(line)

    def document(self, value: object) -> None:
        """Print the one JSON document."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()

    def fail(self, error: CliError) -> None:
        """Print an error where the caller looks for it."""
        if self.as_json:
            self.document(error.document())
            return
        where = f"{error.field}: " if error.field else ""
        for part in _broken(self.errors, f"Error ({error.code}): {where}{error.message}"):
            self.errors.print(part, soft_wrap=True)

    def fail_below(self, error: CliError) -> None:
        """Print an error below what the terminal shows of the key that caused it (``^C``)."""
        if not self.as_json and self.errors.is_terminal:
            self.errors.print()
        self.fail(error)

    @contextmanager
    def waiting(self, message: str) -> Iterator[None]:
        """Show that something is going on, on a terminal only."""
        if self.as_json or not sys.stderr.isatty():
            yield
            return
        with self.errors.status(message):
            yield


def _broken(console: Console, text: str, hanging: int = 0) -> list[str]:
    """Return ``text`` as lines that fit a terminal; elsewhere it stays whole."""
    if not console.is_terminal:
        return [text]
    indent = " " * min(hanging, console.width // 3)
    return [
        part
        for line in text.splitlines() or [""]
        for part in textwrap.wrap(
            line,
            console.width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
        or [""]
    ]
