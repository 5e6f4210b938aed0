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
    found = _traded_in(frames) if frames else _held_by(trades)
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
        raise usage("--frames", f"{path}: {error}") from None
    found = tuple(dict.fromkeys(pair for name in names if (pair := _pair(name))))
    if names and not found:
        held = ", ".join(list(names)[:5])
        raise usage("--frames", f"{path} holds trades of {held}, in no quote currency known here")
    return found


def require_pair(frames: str, wanted: str) -> None:
    """Make sure that a recording of frames holds trades of ``wanted``.

    Raises:
        CliError: Naming the pairs that it holds.
    """
    found = _traded_in(frames)
    if found and wanted not in found:
        held = ", ".join(found)
        raise usage("--symbol", f"{frames} holds {held} and not {wanted}; leave --symbol out")


def _held_by(path: str) -> tuple[str, ...]:
    """Return the pair of recorded trades: as their column says, else the name of the file."""
    from robson_domain.errors import RobsonError
    from robsond.compose import recorded_pairs

    try:
        pairs = recorded_pairs(path)
    except RobsonError as error:
        raise usage("--trades", f"{path}: {error}") from None
    if len(pairs) > 1:
        held = ", ".join(pairs)
        raise usage("--symbol", f"{path} holds {held}: choose one with --symbol")
    return tuple(str(pair) for pair in pairs) or _named_by(path)


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
