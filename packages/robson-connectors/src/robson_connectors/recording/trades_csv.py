"""Trades from CSV text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from robson_connectors.grids import Grids
from robson_connectors.recording.recorded import (
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
SYMBOL_NAMES: Final = ("symbol",)
DISORDER_NS: Final = 1_000_000_000
"""Trades of one moment may be written in any order; more than this is not a recording."""


@attrs.frozen(kw_only=True)
class Columns:
    """Where the values of a trade are; -1 = there is no such column."""

    time: int
    price: int
    quantity: int
    trade_id: int
    symbol: int
    time_name: str

    @property
    def width(self) -> int:
        """Cells a row needs."""
        return 1 + max(self.time, self.price, self.quantity, self.trade_id, self.symbol)


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
        symbol=next((names.index(name) for name in SYMBOL_NAMES if name in names), -1),
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


def backwards(column: str) -> ValidationError:
    """Return the error for a time far before one that came earlier."""
    return ValidationError(column, "is earlier than the line before; sort the file by time")


class Chosen:
    """Tells the rows of one pair from those of others, by the column ``symbol``."""

    __slots__ = ("_known", "symbol")

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self._known: dict[str, Symbol] = {}

    def has(self, text: str) -> bool:
        """Say whether a row of the pair named ``text`` is wanted.

        Raises:
            ValidationError: When it names no pair.
        """
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = Symbol(text)
        return found == self.symbol

    def require(self, count: int) -> None:
        """Refuse a file of other pairs only.

        Raises:
            ValidationError: When no row was wanted; naming the pairs there are.
        """
        if self._known and not count:
            others = ", ".join(dict.fromkeys(self._known.values()))
            raise ValidationError("symbol", f"the file holds {others} and not {self.symbol}")


def pairs_in_csv(lines: Iterable[str | bytes]) -> tuple[Symbol, ...]:
    """Return the pairs that the column ``symbol`` names, in order; none without such a column.

    Raises:
        ValidationError: As for :func:`parse_trades_csv`, of the header and of that column.
    """
    rows = _rows(lines)
    header = next(rows, None)
    place = columns_of(header).symbol if header is not None else -1
    if place < 0:
        return ()
    names = dict.fromkeys(row[place] for row in rows if len(row) > place)
    return tuple(dict.fromkeys(Symbol(name) for name in names))


def _rows(lines: Iterable[str | bytes]) -> Iterator[list[str]]:
    return _filled(csv.reader(text_of(line, number) for number, line in enumerate(lines, start=1)))


def parse_trades_csv(
    lines: Iterable[str | bytes], symbol: Symbol, instrument: Instrument
) -> Recording:
    """Return the trades of one pair in a CSV text, in file order.

    The header names the columns: time (``ts_ns``, ``ts``, ``timestamp``, ``time``; its unit is
    told by magnitude), ``price``, quantity (``qty``, ``quantity``, ``amount``, ``size``), and
    optionally ``trade_id`` or ``id``; without ids the rows are numbered from 1. With a column
    ``symbol`` only the rows of ``symbol`` count. Trades count as received when they happened.

    Raises:
        ValidationError: Naming line, field and fix, at the first row that is no trade, for
            prices and quantities off the instrument's grid, for times that run backwards by more
            than a second, and for a file of other pairs.
    """
    rows = csv.reader(text_of(line, number) for number, line in enumerate(lines, start=1))
    header = next(_filled(rows), None)
    if header is None:
        raise ValidationError("recording", "is empty; the first line must name the columns")
    columns, wanted = columns_of(header), Chosen(Symbol(symbol))
    ticks = list(_trades(rows, columns, wanted, Grids(instrument)))
    wanted.require(len(ticks))
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
    rows: Iterator[list[str]], columns: Columns, wanted: Chosen, grids: Grids
) -> Iterator[TradeTick]:
    times = Times(columns.time_name)
    # Bound once: this loop runs for every line of files with millions of them.
    ns, ticks, steps = times.ns, grids.ticks, grids.quantity.count
    at_time, at_price, at_quantity = columns.time, columns.price, columns.quantity
    at_id, at_symbol, width = columns.trade_id, columns.symbol, columns.width
    symbol, make = wanted.symbol, TradeTick
    count = floor = 0
    for row in _filled(rows):
        try:
            if at_symbol >= 0 and not wanted.has(row[at_symbol]):
                continue
            count += 1
            ts = ns(row[at_time])
            if ts < floor:
                raise backwards(columns.time_name)
            if ts - DISORDER_NS > floor:
                floor = ts - DISORDER_NS
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
        cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
        return ValidationError("row", f"{cells}, the header names at least {width}")
    value = row[columns.trade_id][:40]
    return ValidationError("trade_id", f"{value!r} is no whole number")
