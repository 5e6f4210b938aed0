"""Trades from columns and Parquet files."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from robson_connectors.recording import parse_columns, parse_parquet
from robson_domain.errors import ConfigurationError, ValidationError
from robson_domain.market import TradeTick
from tests.connectors.harnesses import BTC, RULES

NS = 1_723_161_255_342_000_000
ONE = TradeTick(BTC, 6_183_763, 1, NS, NS, 2_000)


def a_file(columns: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), target)
    return target.getvalue()


@pytest.mark.parametrize("time", [NS, NS // 10**6, f"{NS // 10**3}", Decimal("1723161255.342")])
@pytest.mark.parametrize("price", ["61837.63", Decimal("61837.630"), 61837.63])
@pytest.mark.parametrize("quantity", ["0.02000000", Decimal("0.02"), 0.02])
def test_every_kind_of_number(time: object, price: object, quantity: object) -> None:
    columns: dict[str, Sequence[object]] = {"ts": [time], "price": [price], "size": [quantity]}
    assert parse_columns(columns, BTC, RULES).ticks == [ONE]


def test_ids() -> None:
    columns: dict[str, Sequence[object]] = {
        "trade_id": [5, 5, 6],
        "time": [NS] * 3,
        "price": ["1"] * 3,
        "qty": ["1"] * 3,
    }
    found = parse_columns(columns, BTC, RULES)
    assert ([tick.trade_id for tick in found.ticks], found.duplicates) == ([5, 6], 1)


@pytest.mark.parametrize(
    ("name", "cell", "said"),
    [
        ("price", 61837.635, "price: line 2: 61837.635 is not a multiple of 0.01"),
        ("price", 0.1 + 0.2, "price: line 2: 0.30000000000000004 is not a multiple of 0.01"),
        ("price", None, "price: line 2: 'None' is no number"),
        ("price", True, "price: line 2: 'True' is no number"),
        ("qty", float("inf"), "quantity: line 2: 'inf' is not a decimal number"),
        ("time", None, "time: line 2: 'None' is no number"),
        ("time", 5, "time: line 2: 5 is of another unit"),
        ("id", "x", "trade_id: line 2: 'x' is no whole number"),
    ],
)
def test_problems_name_row_field_and_fix(name: str, cell: object, said: str) -> None:
    columns: dict[str, list[object]] = {
        "id": [1, 2],
        "time": [NS, NS],
        "price": ["1", "1"],
        "qty": ["1", "1"],
    }
    columns[name][1] = cell
    with pytest.raises(ValidationError) as caught:
        parse_columns(columns, BTC, RULES)
    assert said in str(caught.value)


def test_columns_of_different_lengths() -> None:
    with pytest.raises(ValidationError, match="different lengths"):
        parse_columns({"ts": [NS, NS], "price": ["1"], "qty": ["1"]}, BTC, RULES)


@pytest.mark.parametrize(
    "time",
    [
        pyarrow.array([NS]),
        pyarrow.array([NS // 10**6], pyarrow.timestamp("ms")),
        pyarrow.array([NS], pyarrow.timestamp("ns")),
        pyarrow.array([NS // 10**3], pyarrow.timestamp("us", "UTC")),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "price",
    [
        pyarrow.array([61837.63]),
        pyarrow.array(["61837.63"]),
        pyarrow.array([Decimal("61837.63")], pyarrow.decimal128(18, 8)),
    ],
    ids=lambda price: str(price.type),
)
def test_a_file(time: Any, price: Any) -> None:
    data = a_file({"time": time, "price": price, "qty": pyarrow.array(["0.02"])})
    assert parse_parquet(data, BTC, RULES).ticks == [ONE]


def test_what_is_no_parquet() -> None:
    with pytest.raises(ValidationError, match="no Parquet file"):
        parse_parquet(b"ts,price,qty\n1,2,3\n", BTC, RULES)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"robson-connectors\[parquet\]"):
        parse_parquet(b"", BTC, RULES)
