"""What a parser returns, and what parsers of recordings share."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from robson_connectors.grids import Grids
from robson_domain.errors import ValidationError
from robson_domain.instrument import Instrument
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol

_GZIP_MAGIC: Final = b"\x1f\x8b"


@attrs.frozen(kw_only=True)
class Recording:
    """The trades of a recording, in its own order.

    Attributes:
        duplicates: Trades left out because their id had been there before.
        truncated: Last lines left out because they end in the middle (0 or 1).
        ignored: Frames left out because they tell of no trade.
    """

    ticks: list[TradeTick]
    duplicates: int = 0
    truncated: int = 0
    ignored: int = 0

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The pairs in it, in order of their first trade."""
        return tuple(dict.fromkeys(tick.symbol for tick in self.ticks))


def at_line(number: int, error: ValidationError) -> ValidationError:
    """Return ``error`` with the line it was found on."""
    return ValidationError(error.field, f"line {number}: {error.problem}")


def grids_of(instruments: Mapping[Symbol, Instrument] | Instrument) -> dict[Symbol, Grids]:
    """Return the grids by pair."""
    if isinstance(instruments, Instrument):
        instruments = {instruments.symbol: instruments}
    return {symbol: Grids(instrument) for symbol, instrument in instruments.items()}


def unpacked(data: bytes) -> bytes:
    """Return ``data`` decompressed when its content says gzip, whatever the file is called.

    Raises:
        ValidationError: When it ends or breaks in the middle.
    """
    if not data.startswith(_GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise ValidationError("recording", f"the gzip file is damaged ({error})") from None


def text_of(line: str | bytes, number: int) -> str:
    """Return a line as text.

    Raises:
        ValidationError: When it is no UTF-8.
    """
    if isinstance(line, str):
        return line
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ValidationError("text", f"line {number}: not UTF-8") from None


def without_duplicates(ticks: Iterable[TradeTick]) -> tuple[list[TradeTick], int]:
    """Return ``ticks`` without repeated trade ids, and how many were repeated."""
    seen: set[tuple[Symbol, int]] = set()
    kept: list[TradeTick] = []
    repeated = 0
    for tick in ticks:
        key = (tick.symbol, tick.trade_id)
        if key in seen:
            repeated += 1
        else:
            seen.add(key)
            kept.append(tick)
    return kept, repeated
