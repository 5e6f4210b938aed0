"""The program can be stopped before it has loaded."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os, signal, sys, types
program = types.ModuleType("robsond.program")
program.main = lambda: os.kill(os.getpid(), signal.SIGTERM)
sys.modules["robsond.program"] = program
from robsond.launch import main
main()
"""


def test_a_sigterm_before_the_daemon_listens_ends_it_by_its_own_handler() -> None:
    """By its handler (143), not by the default that a process with id 1 does not have (-15)."""
    ended = subprocess.run([sys.executable, "-c", SCRIPT], check=False, timeout=30)
    assert ended.returncode == 143
