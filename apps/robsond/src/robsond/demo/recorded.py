"""Which pair a recording holds, where its name or content says so."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import PurePath
from typing import Final

from robsond.cli.errors import usage

_STREAM: Final = re.compile(r'"stream"\s*:\s*"([A-Za-z0-9]+)@')
_LINES: Final = 1000
"""Of a frames file, to find the first that names a stream; the first few do."""


def pair_of(trades: str, frames: str) -> str:
    """Return the pair that the recording names.

    Raises:
        CliError: When it names none; the person must.
    """
    found = _named_inside(frames) if frames else ""
    found = found or _named_by_file(trades or frames)
    if not found:
        path = trades or frames
        raise usage("--symbol", f"{path} does not say which pair it holds; add --symbol BTCUSDT")
    return found


def _named_inside(path: str) -> str:
    from robson_domain.errors import RobsonError
    from robsond.system import read_lines

    try:
        for line in islice(read_lines(path), _LINES):
            if match := _STREAM.search(line):
                return _pair(match[1])
    except RobsonError as error:
        raise usage("--frames", str(error)) from None
    return ""


def _named_by_file(path: str) -> str:
    stem = PurePath(path).name.partition(".")[0]
    return next((pair for part in re.split("[_-]", stem) if (pair := _pair(part))), "")


def _pair(text: str) -> str:
    from robson_domain.errors import ValidationError
    from robson_domain.symbols import Symbol

    try:
        return str(Symbol(text))
    except ValidationError:
        return ""
