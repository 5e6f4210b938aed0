"""``robson``, the command line of the person who trades: it speaks to the daemon over HTTP.

Nothing heavy is imported before a command needs it, so that ``robson --help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code (see ``docs/cli.md``)."""
    from robsond.cli.app import run

    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))
