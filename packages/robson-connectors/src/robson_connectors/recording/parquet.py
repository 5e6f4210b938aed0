"""Trades from columns: Parquet files, frames of a notebook, anything that holds whole columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from robson_connectors.grids import Grids
from robson_connectors.recording.recorded import Recording, at_line, without_duplicates
from robson_connectors.recording.times import Times
from robson_connectors.recording.trades_csv import (
    DISORDER_NS,
    Chosen,
    Columns,
    backwards,
    columns_of,
)
from robson_domain import decimals
from robson_domain.errors import ConfigurationError, ValidationError
from robson_domain.instrument import Instrument
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol

_CELLS: Final = (int, str, Decimal, float)


def parse_columns(
    columns: Mapping[str, Sequence[object]], symbol: Symbol, instrument: Instrument
) -> Recording:
    """Return the trades of one pair held in columns, in row order.

    Names as in :func:`parse_trades_csv`. A column of binary floats is read as the shortest
    decimal text of each, which is what was printed into it; off the grid it is refused.

    Raises:
        ValidationError: Naming row (from 1), field and fix.
    """
    names = list(columns)
    places = columns_of(names)
    chosen = [columns[names[place]] for place in _places(places)]
    if len({len(column) for column in chosen}) > 1:
        raise ValidationError("recording", "its columns are of different lengths")
    wanted = Chosen(Symbol(symbol))
    ticks = list(_trades(zip(*chosen, strict=True), places, wanted, Grids(instrument)))
    wanted.require(len(ticks))
    if places.trade_id < 0:
        return Recording(ticks=ticks)
    kept, repeated = without_duplicates(ticks)
    return Recording(ticks=kept, duplicates=repeated)


def parse_parquet(data: bytes, symbol: Symbol, instrument: Instrument) -> Recording:
    """Return the trades of one pair in a Parquet file, given as its bytes (extra ``parquet``).

    Raises:
        ConfigurationError: When the extra is not installed.
        ValidationError: As for :func:`parse_columns`, and for bytes that are no Parquet.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ConfigurationError(
            "reading Parquet needs pyarrow; install robson-connectors[parquet]"
        ) from None
    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(data))
    except pyarrow.ArrowException as error:
        raise ValidationError("recording", f"no Parquet file ({error})") from None
    return parse_columns(
        {name: _plain(pyarrow, table.column(name)) for name in table.column_names},
        symbol,
        instrument,
    )


def _plain(pyarrow: Any, column: Any) -> list[object]:
    # Times of day would lose their nanoseconds as Python objects.
    if pyarrow.types.is_timestamp(column.type):
        column = column.cast(pyarrow.timestamp("ns")).cast(pyarrow.int64())
    values: list[object] = column.to_pylist()
    return values


def _places(columns: Columns) -> tuple[int, ...]:
    found = (columns.time, columns.price, columns.quantity)
    return (*found, *(place for place in (columns.trade_id, columns.symbol) if place >= 0))


def _trades(
    rows: Iterable[tuple[object, ...]], columns: Columns, wanted: Chosen, grids: Grids
) -> Iterable[TradeTick]:
    times = Times(columns.time_name)
    has_id, has_symbol = columns.trade_id >= 0, columns.symbol >= 0
    count = floor = 0
    for number, row in enumerate(rows, start=1):
        try:
            if has_symbol and not wanted.has(str(row[-1])):
                continue
            count += 1
            ts = times.ns(_text(row[0], columns.time_name))
            if ts < floor:
                raise backwards(columns.time_name)
            floor = max(floor, ts - DISORDER_NS)
            ticks = grids.ticks(_text(row[1], "price"))
            steps = grids.quantity.count(_text(row[2], "quantity"))
            trade_id = _whole(row[3]) if has_id else count
        except ValidationError as error:
            raise at_line(number, error) from None
        yield TradeTick(wanted.symbol, ticks, trade_id, ts, ts, steps)


def _text(cell: object, field: str) -> str:
    if isinstance(cell, bool) or not isinstance(cell, _CELLS):
        raise ValidationError(field, f"{str(cell)[:40]!r} is no number")
    if isinstance(cell, Decimal):
        return decimals.text(decimals.to_decimal(cell, field))
    return repr(cell) if isinstance(cell, float) else str(cell)


def _whole(cell: object) -> int:
    try:
        return int(_text(cell, "trade_id"))
    except ValueError:
        raise ValidationError("trade_id", f"{str(cell)[:40]!r} is no whole number") from None
