"""The person at the terminal the daemon was started on, if there is one."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

_LINE_MAX: Final = 4096
"""What a terminal hands over at once at most, bytes."""


def is_attended() -> bool:
    """Say whether somebody can be asked: input and output are a terminal."""
    if os.name != "posix":
        return False
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def say(text: str) -> None:
    """Show text at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


async def read_line() -> str:
    """Return the next line that is typed, empty at the end of input.

    Others may run meanwhile and the wait can be canceled: no thread is left reading.
    """
    loop = asyncio.get_running_loop()
    handle = sys.stdin.fileno()
    there = asyncio.Event()
    loop.add_reader(handle, there.set)
    try:
        await there.wait()
        return os.read(handle, _LINE_MAX).decode("utf-8", "replace").strip()
    finally:
        loop.remove_reader(handle)
