"""``robson``, the command line of the person who trades: it speaks to the daemon over HTTP.

Nothing heavy is imported before a command needs it, so that ``robson --help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code (see ``docs/cli.md``)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from robsond.cli.app import run

        code = run(given)
    except KeyboardInterrupt:  # before the command could take care of it, or after
        from robsond.cli.errors import code_of_ctrl_c

        code = code_of_ctrl_c(given)
    sys.exit(code)
