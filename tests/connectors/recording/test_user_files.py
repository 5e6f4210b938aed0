"""Files that are no recordings, or hold more than one pair: said at once, with the line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from robson_connectors.recording import (
    Recording,
    instrument_for,
    pairs_in_csv,
    parse_columns,
    parse_trades_csv,
)
from robson_domain import Symbol, ValidationError

BTC, ETH, SOL = Symbol("BTCUSDT"), Symbol("ETHUSDT"), Symbol("SOLUSDT")
T0 = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


def csv_of(rows: Sequence[tuple[object, ...]], header: str = "ts_ns,price,qty") -> list[str]:
    return [header, *(",".join(map(str, row)) for row in rows)]


def read(rows: Sequence[tuple[object, ...]], header: str = "ts_ns,price,qty") -> Recording:
    return parse_trades_csv(csv_of(rows, header), BTC, instrument_for(BTC))


def both(rows: Sequence[tuple[object, ...]], header: str = "ts_ns,price,qty") -> list[str]:
    """Return what is said about the same rows as CSV and as columns, without the place."""
    said = []
    names = header.split(",")
    columns = {name: [row[n] for row in rows] for n, name in enumerate(names)}
    for parse, given in ((parse_trades_csv, csv_of(rows, header)), (parse_columns, columns)):
        with pytest.raises(ValidationError) as caught:
            parse(given, BTC, instrument_for(BTC))  # type: ignore[arg-type]
        said.append(str(caught.value))
    return said


def walk(count: int, start: int = T0) -> list[tuple[object, ...]]:
    return [(start + n * SECOND, "60000.01", "0.01") for n in range(count)]


def test_one_print_out_of_its_time_is_refused_with_its_line() -> None:
    rows = walk(300)
    rows[151] = (T0, "50000", "0.01")
    csv, columns = both(rows)
    assert csv == ("ts_ns: line 153: is earlier than the line before; sort the file by time")
    assert "line 152" in columns  # rows of columns are counted from 1, without a header


def test_a_file_backwards_and_a_file_twice_are_refused() -> None:
    assert "line 4" in both(walk(10)[::-1])[0]
    assert "line 12" in both(walk(10) * 2)[0]


def test_trades_of_one_moment_may_stand_in_any_order() -> None:
    times = [T0 + SECOND, T0, T0 + SECOND // 2, T0 + SECOND]
    rows: list[tuple[object, ...]] = [(ts, "60000", "1") for ts in times]
    assert [tick.ts_event for tick in read(rows).ticks] == times


def test_little_steps_back_do_not_add_up() -> None:
    rows: list[tuple[object, ...]] = [(T0 - n * SECOND * 6 // 10, "60000", "1") for n in range(3)]
    assert "line 4" in both(rows)[0]


@pytest.mark.parametrize("ts", [2**63, 10**19, 9_223_372_037, 9_223_372_036_855])
def test_a_time_that_nothing_can_hold_is_refused_at_once(ts: int) -> None:
    for said in both([(ts, "60000", "1")]):
        assert f"{ts} is out of range" in said
    assert "line 2" in both([(ts, "60000", "1")])[0]


def test_the_last_time_that_can_be_held_is_taken_and_the_next_one_not() -> None:
    assert read([(2**63 - 1, "60000", "1")]).ticks[0].ts_event == 2**63 - 1
    assert "line 3" in both([(2**63 - 1, "60000", "1"), (2**63, "60000", "1")])[0]


MIXED = [
    (T0 + n * SECOND, name, price, "1")
    for n, (name, price) in enumerate([("BTCUSDT", "60000"), ("ethusdt", "2500")] * 3)
]
WITH_SYMBOL = "ts_ns,symbol,price,qty"


def test_only_the_rows_of_the_pair_count() -> None:
    for symbol, ticks in ((BTC, 6_000_000), (ETH, 250_000)):
        instrument = instrument_for(symbol)
        names = WITH_SYMBOL.split(",")
        columns = {name: [row[n] for row in MIXED] for n, name in enumerate(names)}
        csv = parse_trades_csv(csv_of(MIXED, WITH_SYMBOL), symbol, instrument)
        for found in (csv, parse_columns(columns, symbol, instrument)):
            assert {(tick.symbol, tick.ticks) for tick in found.ticks} == {(symbol, ticks)}
            assert [tick.trade_id for tick in found.ticks] == [1, 2, 3]


def test_ids_and_pairs_together() -> None:
    rows = [(*row, 70 + n) for n, row in enumerate(MIXED)]
    header = f"{WITH_SYMBOL},trade_id"
    assert [tick.trade_id for tick in read(rows, header).ticks] == [70, 72, 74]
    columns = {name: [row[n] for row in rows] for n, name in enumerate(header.split(","))}
    found = parse_columns(columns, BTC, instrument_for(BTC))
    assert [tick.trade_id for tick in found.ticks] == [70, 72, 74]


def test_a_file_of_other_pairs_names_them() -> None:
    with pytest.raises(ValidationError, match="the file holds BTCUSDT, ETHUSDT and not SOLUSDT"):
        parse_trades_csv(csv_of(MIXED, WITH_SYMBOL), SOL, instrument_for(SOL))
    assert "line 2" in both([(T0, "?", "60000", "1")], WITH_SYMBOL)[0]


def test_the_pairs_of_a_file_are_known_before_it_is_played() -> None:
    assert pairs_in_csv(csv_of(MIXED, WITH_SYMBOL)) == (BTC, ETH)
    assert pairs_in_csv(csv_of(walk(3))) == ()
    assert pairs_in_csv([]) == ()


def test_what_is_wrong_with_a_row_is_what_is_said() -> None:
    assert "price: line 2: -5 is below zero" in both([(T0, "-5", "1")])[0]
    with pytest.raises(ValidationError, match="line 2: 1 cell, the header names at least 3"):
        read([(T0,)])
