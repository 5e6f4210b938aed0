"""Pairs and sides: what is accepted, what it means, and what is refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given

from robson_domain import OrderSide, Side, Symbol, ValidationError
from robson_domain.symbols import QUOTE_ASSETS
from robson_domain.testing import strategies


@pytest.mark.parametrize(
    ("text", "base", "quote"),
    [
        ("BTCUSDT", "BTC", "USDT"),
        ("btcusdt", "BTC", "USDT"),
        ("btc/usdt", "BTC", "USDT"),
        ("Eth-Btc", "ETH", "BTC"),
        ("SOL_EUR", "SOL", "EUR"),
        ("1000SATSFDUSD", "1000SATS", "FDUSD"),
        ("USDTTRY", "USDT", "TRY"),
        ("USDCUSDT", "USDC", "USDT"),
        ("BTCUSD", "BTC", "USD"),
        ("WBTCBTC", "WBTC", "BTC"),
        ("BNB/BTC", "BNB", "BTC"),
        ("XUSDT", "X", "USDT"),
        ("A" * 20 + "USDT", "A" * 20, "USDT"),
    ],
)
def test_pairs_are_read(text: str, base: str, quote: str) -> None:
    symbol = Symbol(text)
    assert (symbol.base, symbol.quote) == (base, quote)
    assert symbol == base + quote
    assert Symbol(symbol) is symbol


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "BTC",
            "USDT",
            "FDUSD",
            "fdusd",
            "BTCUSD T",
            " BTCUSDT",
            "BTCUSDT\n",
            "BTC.USDT",
            "BTC:USDT",
        ),
        *(
            "BTCXYZ",
            "BTCUSDTX",
            "A" * 21 + "USDT",
            "BTC//USDT",
            "B-T-CUSDT",
            "/BTCUSDT",
            "BTCUSDT/",
        ),
        *("BT/CUSDT", "BTCU/SDT", "DOT/USD", "BNB/USD", "-USDT", "BTC/"),
        *(
            "btcuſdt",
            "ßusdt",
            "ﬁusdt",
            "ВТСUSDT",
            "BTCUSDТ",
            "１BTCUSDT",
            "BTC\u200bUSDT",
            "BTCUSDT\x00",
        ),
    ],
)
def test_what_is_no_pair_is_refused(text: str) -> None:
    """Foreign letters above all, whose upper case only looks like a pair."""
    with pytest.raises(ValidationError, match="is not a pair such as BTCUSDT") as refused:
        Symbol(text)
    assert refused.value.field == "symbol"


@pytest.mark.parametrize("value", [None, 1, b"BTCUSDT", ["BTCUSDT"]])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Symbol(value)


def test_long_nonsense_is_not_repeated_in_full() -> None:
    with pytest.raises(ValidationError) as refused:
        Symbol("x" * 10_000)
    assert len(str(refused.value)) < 100


@given(strategies.symbols())
def test_symbols_are_strings_that_survive_copies(symbol: Symbol) -> None:
    assert symbol == symbol.base + symbol.quote
    assert symbol.quote in QUOTE_ASSETS
    for other in (
        copy.deepcopy(symbol),
        pickle.loads(pickle.dumps(symbol)),
        Symbol(symbol.lower()),
    ):
        assert other == symbol
        assert type(other) is Symbol
        assert hash(other) == hash(str(symbol))


@pytest.mark.parametrize(
    ("side", "sign", "entry", "exit_"),
    [
        (Side.LONG, 1, OrderSide.BUY, OrderSide.SELL),
        (Side.SHORT, -1, OrderSide.SELL, OrderSide.BUY),
    ],
)
def test_sides_say_which_orders_open_and_close(
    side: Side, sign: int, entry: OrderSide, exit_: OrderSide
) -> None:
    assert (side.sign, side.entry_side, side.exit_side) == (sign, entry, exit_)


@pytest.mark.parametrize("word", ["long", "LONG", "Long"])
def test_side_is_read_in_any_case(word: str) -> None:
    assert Side.parse(word) is Side.LONG
    assert Side.parse("short") is Side.SHORT


@pytest.mark.parametrize("word", ["", "buy", "lon", "longs", " long", "x" * 1_000])
def test_other_words_are_no_side(word: str) -> None:
    with pytest.raises(ValidationError, match="is neither long nor short") as refused:
        Side.parse(word)
    assert len(str(refused.value)) < 60
