"""Which pairs a recording holds, where its content or its name says so."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

from robsond.cli.errors import usage

_TRADE: Final = re.compile(r'"e"\s*:\s*"(?:trade|aggTrade)"')
_PAIR: Final = re.compile(r'"s"\s*:\s*"([A-Za-z0-9]+)"')


def pairs_of(trades: str, frames: str) -> tuple[str, ...]:
    """Return the pairs that the recording names, at least one, in order of their first trade.

    Raises:
        CliError: When it names none; the person must.
    """
    found = _traded_in(frames) if frames else _named_by(trades)
    if found:
        return found
    if frames:
        raise usage("--frames", f"{frames} holds no trade message; record the trade stream too")
    raise usage("--symbol", f"{trades} does not say which pair it holds; add --symbol BTCUSDT")


def _traded_in(path: str) -> tuple[str, ...]:
    from robson_domain.errors import RobsonError
    from robsond.system import read_lines

    names: dict[str, None] = {}
    try:
        for line in read_lines(path):
            if _TRADE.search(line) and (match := _PAIR.search(line)):
                names[match[1]] = None
    except RobsonError as error:
        raise usage("--frames", str(error)) from None
    return tuple(dict.fromkeys(pair for name in names if (pair := _pair(name))))


def _named_by(path: str) -> tuple[str, ...]:
    stem = PurePath(path).name.partition(".")[0]
    found = (pair for part in re.split("[_-]", stem) if (pair := _pair(part)))
    return tuple(found)[:1]


def _pair(text: str) -> str:
    from robson_domain.errors import ValidationError
    from robson_domain.symbols import Symbol

    try:
        return str(Symbol(text))
    except ValidationError:
        return ""
