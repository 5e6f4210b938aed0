"""What a command can end with: one error shape and exit codes that mean something.

The codes are documented in ``docs/cli.md``; scripts hold on to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
"""Refused by Robson, or what was asked for did not happen."""
EXIT_USAGE: Final = 2
"""An argument that cannot be right; nothing was changed."""
EXIT_UNREACHABLE: Final = 3
"""No daemon answers."""
EXIT_NOT_FOUND: Final = 4
"""No position of that id."""
EXIT_UNVERIFIED: Final = 5
"""The log does not verify, or replay does not give the stored state."""
EXIT_INTERRUPTED: Final = 130
"""Ended by Ctrl-C."""


_ENDLESS: Final = frozenset({"--follow", "--watch"})


def code_of_ctrl_c(arguments: Sequence[str]) -> int:
    """Return how a command ends on Ctrl-C: well, when it has no other end."""
    return EXIT_INTERRUPTED if _ENDLESS.isdisjoint(arguments) else EXIT_OK


class CliError(Exception):
    """The end of a command that did not work.

    Attributes:
        code: Stable name, for scripts.
        message: What happened and what to do about it.
        field: Option or setting at fault, empty when none is.
        exit_code: One of the ``EXIT_*`` codes.
    """

    def __init__(
        self, code: str, message: str, *, field: str = "", exit_code: int = EXIT_FAILED
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.exit_code = exit_code

    def document(self) -> dict[str, object]:
        """Return the JSON document that stands for this error."""
        return {"error": {"code": self.code, "message": self.message, "field": self.field}}


class Leave(Exception):
    """The end of a command whose output says already what went wrong."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def usage(field: str, message: str) -> CliError:
    """Return the error for a value of ``field`` that cannot be right."""
    return CliError("BAD_USAGE", message, field=field, exit_code=EXIT_USAGE)
