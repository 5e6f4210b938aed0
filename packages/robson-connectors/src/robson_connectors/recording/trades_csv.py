"""Trades from CSV text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from robson_connectors.recording.recorded import (
    Grids,
    Recording,
    at_line,
    text_of,
    without_duplicates,
)
from robson_connectors.recording.times import Times
from robson_domain.errors import ValidationError
from robson_domain.instrument import Instrument
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol

TIME_NAMES: Final = ("ts_ns", "ts", "timestamp", "time")
PRICE_NAMES: Final = ("price",)
QUANTITY_NAMES: Final = ("qty", "quantity", "amount", "size")
ID_NAMES: Final = ("trade_id", "id")


@attrs.frozen(kw_only=True)
class Columns:
    """Where the values of a trade are; -1 = there is no such column."""

    time: int
    price: int
    quantity: int
    trade_id: int
    time_name: str

    @property
    def width(self) -> int:
        """Cells a row needs."""
        return 1 + max(self.time, self.price, self.quantity, self.trade_id)


def columns_of(header: list[str]) -> Columns:
    """Return where the values are, by the names in the header; other columns are ignored.

    Raises:
        ValidationError: When time, price or quantity has no column.
    """
    names = [name.strip().lower().lstrip("\ufeff") for name in header]
    time = _place(names, TIME_NAMES, "time")
    return Columns(
        time=time,
        price=_place(names, PRICE_NAMES, "price"),
        quantity=_place(names, QUANTITY_NAMES, "quantity"),
        trade_id=next((names.index(name) for name in ID_NAMES if name in names), -1),
        time_name=names[time],
    )


def _place(names: list[str], wanted: tuple[str, ...], field: str) -> int:
    for name in wanted:
        if name in names:
            return names.index(name)
    shown = ",".join(names)[:80]
    raise ValidationError(
        field,
        f"no column {' or '.join(wanted)} in the header {shown!r}; the first line must name the "
        "columns, e.g. ts_ns,price,qty,is_buyer_maker",
    )


def parse_trades_csv(
    lines: Iterable[str | bytes], symbol: Symbol, instrument: Instrument
) -> Recording:
    """Return the trades of a CSV text of one pair, in file order.

    The header names the columns: time (``ts_ns``, ``ts``, ``timestamp``, ``time``; its unit is
    told by magnitude), ``price``, quantity (``qty``, ``quantity``, ``amount``, ``size``), and
    optionally ``trade_id`` or ``id``; without ids the rows are numbered from 1. Trades count as
    received when they happened.

    Raises:
        ValidationError: Naming line, field and fix, at the first row that is no trade, and for
            prices and quantities off the instrument's grid.
    """
    rows = csv.reader(text_of(line, number) for number, line in enumerate(lines, start=1))
    header = next(_filled(rows), None)
    if header is None:
        raise ValidationError("recording", "is empty; the first line must name the columns")
    columns = columns_of(header)
    ticks = list(_trades(rows, columns, Symbol(symbol), Grids(instrument)))
    if columns.trade_id < 0:
        return Recording(ticks=ticks)
    kept, repeated = without_duplicates(ticks)
    return Recording(ticks=kept, duplicates=repeated)


def _filled(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from (row for row in rows if row)
    except csv.Error as error:
        raise ValidationError("row", f"no CSV: {error}") from None


def _trades(
    rows: Iterator[list[str]], columns: Columns, symbol: Symbol, grids: Grids
) -> Iterator[TradeTick]:
    times = Times(columns.time_name)
    # Bound once: this loop runs for every line of files with millions of them.
    ns, ticks, steps = times.ns, grids.ticks, grids.quantity.count
    at_time, at_price, at_quantity = columns.time, columns.price, columns.quantity
    at_id, width, make = columns.trade_id, columns.width, TradeTick
    for count, row in enumerate(_filled(rows), start=1):
        try:
            ts = ns(row[at_time])
            number = count if at_id < 0 else int(row[at_id])
            yield make(symbol, ticks(row[at_price]), number, ts, ts, steps(row[at_quantity]))
        except (ValidationError, ValueError, IndexError) as error:
            raise at_line(_line(rows), _named(error, row, columns, width)) from None


def _line(rows: Iterator[list[str]]) -> int:
    return int(getattr(rows, "line_num", 0))


def _named(error: Exception, row: list[str], columns: Columns, width: int) -> ValidationError:
    if isinstance(error, ValidationError):
        return error
    if len(row) < width:
        return ValidationError("row", f"{len(row)} cells, the header names at least {width}")
    value = row[columns.trade_id][:40]
    return ValidationError("trade_id", f"{value!r} is no whole number")
