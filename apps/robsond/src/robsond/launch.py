"""The first thing the ``robsond`` program runs: it can be stopped before it has loaded.

A process with id 1 (in a container) has no default for SIGTERM: the kernel drops the signal until
somebody handles it. Loading takes about a second; until the daemon has its own handler, this one
ends the process at once. Nothing is open yet.
"""

from __future__ import annotations

import signal
import sys


def _leave(number: int, _: object) -> None:
    sys.exit(128 + number)


def main() -> None:
    """Run ``robsond``."""
    signal.signal(signal.SIGTERM, _leave)
    from robsond.program import main as program

    program()
