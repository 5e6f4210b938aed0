"""Trades from CSV text."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.recording import (
    Recording,
    instrument_for,
    parse_trades_csv,
    unpacked,
)
from robson_domain.errors import ValidationError
from robson_domain.market import PriceOrigin, TradeTick
from tests.connectors.harnesses import BTC, RULES

HEADER = "ts_ns,price,qty,is_buyer_maker\n"
NS = 1_723_161_255_342_000_000


def parsed(*rows: str, header: str = HEADER) -> Recording:
    return parse_trades_csv([header, *(f"{row}\n" for row in rows)], BTC, RULES)


def problem(*rows: str, header: str = HEADER) -> str:
    with pytest.raises(ValidationError) as caught:
        parsed(*rows, header=header)
    return str(caught.value)


def test_a_trade() -> None:
    (tick,) = parsed(f"{NS},61837.63000000,0.02000000,1").ticks
    assert tick == TradeTick(BTC, 6_183_763, 1, NS, NS, 2_000, PriceOrigin.LIVE)


def test_rows_are_numbered_in_file_order() -> None:
    found = parsed(f"{NS + 5},1,1,1", f"{NS},2,1,1", f"{NS},2,1,1")
    assert [tick.trade_id for tick in found.ticks] == [1, 2, 3]
    assert [tick.ts_received - NS for tick in found.ticks] == [5, 0, 0]
    assert (found.duplicates, found.truncated, found.ignored) == (0, 0, 0)
    assert found.symbols == (BTC,)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ts_ns,price,qty", f"{NS},61837.63,0.02"),
        ("timestamp,price,amount", f"{NS // 10**6},61837.63,0.02"),
        ("ts,price,quantity", f"{NS // 10**3},61837.63,0.02"),
        ("time,price,size", "1723161255.342,61837.63,0.02"),
        ("TIME , Price, Size", "1723161255.342,61837.63,0.02"),
        ("\ufefftime,price,size", "1723161255.342,61837.63,0.02"),
        ('"time","price","qty"', '"1723161255342","61837.63","0.02"'),
        ("side,qty,price,time,more", "buy,0.02,61837.63,1723161255342,x"),
        ("id,time,price,qty", "1,1723161255342,61837.63,0.02"),
    ],
)
def test_headers_and_units(header: str, row: str) -> None:
    (tick,) = parsed(row, header=header + "\n").ticks
    assert tick == TradeTick(BTC, 6_183_763, 1, NS, NS, 2_000)


def test_seconds_may_be_whole_or_not() -> None:
    found = parsed("1723161255,1,1", "1723161256.5,1,1", "1723161257,1,1", header="ts,price,qty\n")
    assert [t.ts_event // 10**6 - 1_723_161_255_000 for t in found.ticks] == [0, 1_500, 2_000]


def test_ids_of_the_file_count() -> None:
    found = parsed(
        f"7,{NS},1,1", f"9,{NS},2,1", f"7,{NS},3,1", f"8,{NS},4,1", header="trade_id,ts,price,qty\n"
    )
    assert [(tick.trade_id, tick.ticks) for tick in found.ticks] == [(7, 100), (9, 200), (8, 400)]
    assert found.duplicates == 1


def test_bytes_blank_lines_and_windows_line_ends() -> None:
    lines = [b"ts,price,qty\r\n", b"\r\n", b"1723161255342,61837.63,0.02\r\n", b""]
    (tick,) = parse_trades_csv(lines, BTC, RULES).ticks
    assert tick.ticks == 6_183_763


def test_a_header_alone_is_a_recording_without_trades() -> None:
    assert parsed().ticks == []


# --------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{NS},61837.635,0.02,1", "price: line 3: 61837.635 is not a multiple of 0.01; "),
        (f"{NS},61837.635,0.02,1", "pass the right size with --tick-size"),
        (f"{NS},61837.63,0.000001,1", "quantity: line 3: 0.000001 is not a multiple of 0.00001"),
        (f"{NS},61837.63,0.000001,1", "pass the right size with --step-size"),
        (f"{NS},-5,1,1", "price: line 3: -5 is below zero"),
        (f"{NS},0,1,1", "price: line 3: 0 is not above zero"),
        (f"{NS},5,-1,1", "quantity: line 3: -1 is below zero"),
        (f"{NS},abc,1,1", "price: line 3: 'abc' is not a decimal number"),
        (f"{NS},NaN,1,1", "price: line 3: 'NaN' is not a decimal number"),
        ("soon,1,1,1", "ts_ns: line 3: 'soon' is not a decimal number"),
        ("12,1,1,1", "ts_ns: line 3: 12 is of another unit than the times before"),
        (f"{NS // 1000},1,1,1", "ts_ns: line 3: 1723161255342000 is of another unit"),
        (f"{NS // 1000},1,1,1", "write the whole column in one of s, ms, us or ns"),
        (f"{NS},1", "row: line 3: 2 cells, the header names at least 3"),
    ],
)
def test_problems_name_line_field_and_fix(row: str, said: str) -> None:
    assert said in problem(f"{NS},1,1,1", row)


def test_times_before_the_seventies_are_no_times() -> None:
    assert "12 is no time since 1970 in s, ms, us or ns, e.g. 1723161255342" in problem("12,1,1,1")
    assert "is no time" in problem(f"{10**20},1,1,1")


def test_an_id_that_is_no_number() -> None:
    said = problem(f"x7,{NS},1,1", header="id,ts,price,qty\n")
    assert said == "trade_id: line 2: 'x7' is no whole number"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("price,qty\n", "time: no column ts_ns or ts or timestamp or time in the header"),
        ("ts,qty\n", "price: no column price in the header 'ts,qty'"),
        ("ts,price\n", "quantity: no column qty or quantity or amount or size"),
        (f"{NS},1,1,1\n", "the first line must name the columns, e.g. ts_ns,price,qty"),
    ],
)
def test_headers_that_lack_something(header: str, said: str) -> None:
    assert said in problem(f"{NS},1,1,1", header=header)


def test_nothing_at_all() -> None:
    with pytest.raises(ValidationError, match="is empty"):
        parse_trades_csv([], BTC, RULES)


def test_what_is_no_text() -> None:
    with pytest.raises(ValidationError, match="line 2: not UTF-8"):
        parse_trades_csv([HEADER.encode(), b"\xff\xfe,1,1\n"], BTC, RULES)


def test_what_is_no_csv() -> None:
    with pytest.raises(ValidationError, match="no CSV"):
        parse_trades_csv([HEADER, "1,2\r,3\n"], BTC, RULES)


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.sampled_from(["0.01", "0.05", "1", "10"]))
def test_every_multiple_is_exact(ticks: int, steps: int, size: str) -> None:
    rules = instrument_for(BTC, size, "0.001")
    row = f"{NS},{rules.price(ticks)},{rules.quantity(steps)},1\n"
    (tick,) = parse_trades_csv([HEADER, row], BTC, rules).ticks
    assert (tick.ticks, tick.steps) == (ticks, steps)


def test_sizes_that_are_no_power_of_ten() -> None:
    rules = instrument_for(BTC, "0.05", "0.001")
    assert parse_trades_csv([HEADER, f"{NS},1.05,1\n"], BTC, rules).ticks[0].ticks == 21
    with pytest.raises(ValidationError, match=r"1\.01 is not a multiple of 0\.05"):
        parse_trades_csv([HEADER, f"{NS},1.01,1\n"], BTC, rules)


def test_more_different_prices_than_are_remembered() -> None:
    rows = (f"{NS},{RULES.price(ticks)},1\n" for ticks in range(1, 100_200))
    found = parse_trades_csv([HEADER, *rows], BTC, RULES).ticks
    assert [tick.ticks for tick in found] == list(range(1, 100_200))


# -------------------------------------------------------------------------------- packing


def test_gzip_is_told_by_content() -> None:
    assert unpacked(gzip.compress(b"text")) == b"text"
    assert unpacked(b"text") == b"text"
    assert unpacked(b"") == b""


@pytest.mark.parametrize("cut", [5, 15, -1])
def test_damaged_gzip(cut: int) -> None:
    with pytest.raises(ValidationError, match="the gzip file is damaged"):
        unpacked(gzip.compress(b"some text " * 50)[:cut])


def test_overwritten_gzip() -> None:
    data = bytearray(gzip.compress(bytes(range(256)) * 50))
    data[20:40] = b"\x00" * 20
    with pytest.raises(ValidationError, match="the gzip file is damaged"):
        unpacked(bytes(data))
