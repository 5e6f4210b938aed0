"""Reading recorded market data: plain or gzip, text or Parquet."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from robson_domain import ConfigurationError, ValidationError

_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_LINE_MAX: Final = 1 << 20
"""Longest line of a recording, bytes; a frame of an exchange is far shorter."""


def _first_bytes(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None


def is_parquet(path: str | Path) -> bool:
    """Say whether the file is Parquet, by its first bytes, whatever its name.

    Raises:
        ConfigurationError: When it cannot be read.
    """
    return _first_bytes(path) == _PARQUET


def read_lines(path: str | Path) -> Iterator[str]:
    """Yield the lines of a text file with their ends; gzip is seen by its first bytes.

    Raises:
        ConfigurationError: When it cannot be read.
        ValidationError: For a line that is too long or no text, naming the line.
    """
    packed = _first_bytes(path)[:2] == _GZIP
    with gzip.open(path, "rb") if packed else Path(path).open("rb") as file:
        number = 0
        try:
            while line := file.readline(_LINE_MAX + 1):
                number += 1
                yield _text(line, number)
        except (OSError, EOFError, zlib.error) as error:
            problem = f"damaged after line {number} ({error}); make the file anew"
            raise ValidationError(str(path), problem) from None


def _text(line: bytes, number: int) -> str:
    if len(line) > _LINE_MAX:
        raise ValidationError(f"line {number}", f"longer than {_LINE_MAX} bytes")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ValidationError(f"line {number}", "is not UTF-8 text") from None
