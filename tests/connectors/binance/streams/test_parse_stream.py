"""Market frames: every documented shape, exact numbers, and nothing taken for something else."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.binance.parse_stream import (
    INTERVALS,
    Candle,
    Ignored,
    Malformed,
    MarketParser,
    Print,
    Quote,
    Reply,
    Shutdown,
    Ticker,
)
from robson_connectors.recording import parse_frames
from robson_domain import decimals
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick
from robson_domain.symbols import Symbol
from robson_domain.values import Price, Quantity

RULES = Instrument(symbol=Symbol("BNBBTC"), tick_size=Decimal("0.0001"), step_size=Decimal("0.01"))
BNB = RULES.symbol
NOW = 1_700_000_000_123_456_789
MS = 1_000_000

# The venue's documented samples.
AGGREGATE: dict[str, Any] = {
    "e": "aggTrade", "E": 1672515782136, "s": "BNBBTC", "a": 12345, "p": "0.001", "q": "100",
    "f": 100, "l": 105, "T": 1672515782135, "m": True, "M": True,
}  # fmt: skip
TRADE: dict[str, Any] = {
    "e": "trade", "E": 1672515782136, "s": "BNBBTC", "t": 12345, "p": "0.001", "q": "100",
    "b": 88, "a": 50, "T": 1672515782135, "m": True, "M": True,
}  # fmt: skip
BOOK: dict[str, Any] = {
    "u": 400900217, "s": "BNBBTC", "b": "25.35190000", "B": "31.21", "a": "25.36520000",
    "A": "40.66",
}  # fmt: skip
TICKER: dict[str, Any] = {
    "e": "24hrTicker", "E": 1672515782136, "s": "BNBBTC", "p": "0.0015", "P": "-250.00",
    "w": "0.0018", "x": "0.0009", "c": "0.0025", "Q": "10", "b": "0.0024", "B": "10",
    "a": "0.0026", "A": "100", "o": "0.0010", "h": "0.0027", "l": "0.0011", "v": "10000",
    "q": "18", "O": 0, "C": 86400000, "F": 0, "L": 18150, "n": 18151,
}  # fmt: skip
KLINE: dict[str, Any] = {
    "e": "kline", "E": 1672515782136, "s": "BNBBTC",
    "k": {
        "t": 1672515780000, "T": 1672515839999, "s": "BNBBTC", "i": "1m", "f": 100, "L": 200,
        "o": "0.0010", "c": "0.0020", "h": "0.0025", "l": "0.0005", "v": "1000", "n": 100,
        "x": False, "q": "1.0000", "V": "500", "Q": "0.500", "B": "123456",
    },
}  # fmt: skip
TICK = TradeTick(BNB, 10, 12345, 1672515782135 * MS, NOW, 10_000)


def parsed(message: Any, stream: str | None = None) -> object:
    parser = MarketParser(lambda *_: None)
    parser.add(RULES)
    whole = message if stream is None else {"stream": stream, "data": message}
    raw = whole if isinstance(whole, bytes) else json.dumps(whole).encode()
    return parser.parse(raw, NOW)


SHAPES = pytest.mark.parametrize("is_combined", [True, False])


def shown(message: dict[str, Any], stream: str, is_combined: bool) -> object:
    return parsed(message, stream if is_combined else None)


@SHAPES
def test_an_aggregate_trade(is_combined: bool) -> None:
    assert shown(AGGREGATE, "btcusdt@aggTrade", is_combined) == TICK


@SHAPES
def test_a_single_trade_is_not_an_aggregate(is_combined: bool) -> None:
    found = shown(TRADE, "bnbbtc@trade", is_combined)
    assert found == Print(TICK)
    assert not isinstance(found, TradeTick)


@SHAPES
def test_a_book_ticker(is_combined: bool) -> None:
    found = shown(BOOK, "bnbbtc@bookTicker", is_combined)
    assert found == Quote(BNB, 253_519, 253_652, 400900217, NOW)


def test_a_book_ticker_that_names_itself() -> None:
    found = parsed({**BOOK, "e": "bookTicker", "E": 1}, "bnbbtc@bookTicker")
    assert isinstance(found, Quote)


def test_an_empty_side_of_the_book_is_nobody() -> None:
    found = parsed({**BOOK, "b": "0.00000000"}, "bnbbtc@bookTicker")
    assert isinstance(found, Quote)
    assert (found.bid, found.ask) == (0, 253_652)


@SHAPES
def test_a_ticker(is_combined: bool) -> None:
    assert shown(TICKER, "bnbbtc@ticker", is_combined) == Ticker(
        symbol=BNB,
        last=Price("0.0025"),
        open=Price("0.001"),
        high=Price("0.0027"),
        low=Price("0.0011"),
        volume=Quantity(10_000),
        quote_volume=Quantity(18),
        change_percent=Decimal(-250),
        ts_event=1672515782136 * MS,
        ts_received=NOW,
    )


@SHAPES
@pytest.mark.parametrize("is_complete", [True, False])
def test_a_candle(is_combined: bool, is_complete: bool) -> None:
    message = {**KLINE, "k": {**KLINE["k"], "x": is_complete}}
    bar = Bar(
        symbol=BNB,
        ts_open=1672515780000 * MS,
        interval=60_000 * MS,
        open=Price("0.001"),
        high=Price("0.0025"),
        low=Price("0.0005"),
        close=Price("0.002"),
        volume=Quantity(1000),
    )
    found = shown(message, "bnbbtc@kline_1m", is_combined)
    assert found == Candle(bar=bar, interval="1m", is_complete=is_complete, ts_received=NOW)


def test_a_month_is_as_long_as_it_says() -> None:
    first, last = 1_675_209_600_000, 1_677_628_799_999  # February
    bar = {**KLINE["k"], "i": "1M", "t": first, "T": last}
    found = parsed({**KLINE, "k": bar}, "bnbbtc@kline_1M")
    assert isinstance(found, Candle)
    assert found.bar.interval == 28 * INTERVALS["1d"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"result": None, "id": 7}, Reply(request="7")),
        ({"result": ["bnbbtc@aggTrade"], "id": "x"}, Reply(request="x")),
        (
            {"error": {"code": 2, "msg": "Invalid"}, "id": 3},
            Reply(request="3", code="2", message="Invalid"),
        ),
        ({"code": 3, "msg": "Bad", "id": None}, Reply(request="", code="3", message="Bad")),
        ({"code": 3, "msg": "Bad", "id": 1}, Reply(request="1", code="3", message="Bad")),
        ({"e": "serverShutdown", "E": 1}, Shutdown()),
        (
            {"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": 1}},
            Shutdown(),
        ),
        ({"e": "depthUpdate", "s": "BNBBTC", "b": []}, Ignored("depthUpdate")),
        ({"stream": "x", "data": {"e": "1hTicker", "s": "BNBBTC"}}, Ignored("1hTicker")),
        ({"lastUpdateId": 160, "bids": [], "asks": []}, Ignored("")),
        ({"result": None, "id": None}, Ignored("")),
        ({**AGGREGATE, "s": "ETHBTC"}, Ignored("aggTrade")),
        ({**TRADE, "s": "ETHBTC"}, Ignored("trade")),
        ({**BOOK, "s": "ETHBTC"}, Ignored("bookTicker")),
    ],
)
def test_other_messages(raw: dict[str, Any], expected: object) -> None:
    assert parsed(raw) == expected


def without(message: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != key}


@pytest.mark.parametrize(
    ("message", "stream"),
    [
        (without(AGGREGATE, "a"), "bnbbtc@aggTrade"),
        (without(AGGREGATE, "p"), "bnbbtc@aggTrade"),
        ({**AGGREGATE, "p": 0.001}, "bnbbtc@aggTrade"),
        ({**AGGREGATE, "p": "0"}, "bnbbtc@aggTrade"),
        ({**AGGREGATE, "p": "-1"}, "bnbbtc@aggTrade"),
        ({**AGGREGATE, "p": "NaN"}, "bnbbtc@aggTrade"),
        ({**AGGREGATE, "p": ""}, None),
        ({**AGGREGATE, "a": "12345"}, None),
        ({**AGGREGATE, "T": None}, None),
        (without(TRADE, "t"), "bnbbtc@trade"),
        (without(BOOK, "u"), "bnbbtc@bookTicker"),
        ({**BOOK, "b": 25.3519}, "bnbbtc@bookTicker"),
        ({**BOOK, "a": "x"}, "bnbbtc@bookTicker"),
        ({"e": "bookTicker", "s": "BNBBTC"}, None),
        (without(TICKER, "c"), "bnbbtc@ticker"),
        ({**TICKER, "s": "!"}, "bnbbtc@ticker"),
        ({"e": "kline", "E": 1, "s": "BNBBTC", "k": {"t": 123400000}}, "bnbbtc@kline_8h"),
        ({**KLINE, "k": {**KLINE["k"], "l": "0"}}, "bnbbtc@kline_1m"),
        ("text", None),
        ([1], None),
        (b"", None),
        (b"{", None),
        (b'{"stream":"bnbbtc@aggTrade","data":{"e":"aggTrade"', None),
        (b"\xff\xfe", None),
        (b'{"e":"24hrTicker","s":"\xff"}', None),
        (b"<html>503</html>", None),
    ],
)
def test_malformed_ones_are_told(message: Any, stream: str | None) -> None:
    found = parsed(message, stream)
    assert isinstance(found, Malformed), found
    assert found.problem


def test_a_stream_name_makes_no_kind() -> None:
    """What a message is, it says itself; a name beside it proves nothing."""
    assert isinstance(parsed(TRADE, "bnbbtc@aggTrade"), Print)
    assert isinstance(parsed(AGGREGATE, "bnbbtc@bookTicker"), TradeTick)
    assert isinstance(parsed(BOOK, "bnbbtc@aggTrade"), Quote)
    assert parsed({"e": "x", **without(AGGREGATE, "e")}, "bnbbtc@aggTrade") == Ignored("x")


def test_the_order_of_keys_is_free() -> None:
    raw = json.dumps({"data": dict(reversed(AGGREGATE.items())), "stream": "bnbbtc@aggTrade"})
    assert parsed(raw.encode()) == TICK


def test_a_finer_price_counts_as_the_nearest_tick_and_is_told() -> None:
    told: list[tuple[Symbol, str]] = []
    parser = MarketParser(lambda *what: told.append(what))
    parser.add(RULES)
    off = Decimal(AGGREGATE["p"]) + RULES.tick_size / 3
    found = parser.parse(json.dumps({**AGGREGATE, "p": str(off)}).encode(), NOW)
    assert found == TICK
    assert told == [(BNB, str(off))]


def test_a_pair_that_was_removed_is_ignored() -> None:
    parser = MarketParser(lambda *_: None)
    parser.add(RULES)
    parser.remove(BNB)
    parser.remove(BNB)
    assert parser.parse(json.dumps(AGGREGATE).encode(), NOW) == Ignored("aggTrade")


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000])
def test_times_in_whatever_unit(factor: int) -> None:
    found = parsed({**AGGREGATE, "T": 1672515782135 * factor}, "bnbbtc@aggTrade")
    assert found == TICK


# ------------------------------------------------------------------------------- properties

_sizes = st.sampled_from(["0.01", "0.00001", "1", "0.0001", "0.5", "25"])


@given(
    tick_size=_sizes,
    step_size=_sizes,
    ticks=st.integers(1, 10**9),
    steps=st.integers(0, 10**9),
    number=st.integers(0, 2**53),
    time=st.integers(10**11, 10**13),
    zeros=st.integers(0, 6),
    is_combined=st.booleans(),
)
def test_a_trade_goes_round(
    *,
    tick_size: str,
    step_size: str,
    ticks: int,
    steps: int,
    number: int,
    time: int,
    zeros: int,
    is_combined: bool,
) -> None:
    rules = Instrument(symbol=BNB, tick_size=Decimal(tick_size), step_size=Decimal(step_size))
    before = TradeTick(BNB, ticks, number, time * MS, NOW, steps)
    message = {
        **AGGREGATE,
        "a": number,
        "p": padded(str(rules.price(ticks)), zeros),
        "q": padded(str(rules.quantity(steps)), zeros),
        "T": time,
    }
    whole = {"stream": "bnbbtc@aggTrade", "data": message} if is_combined else message
    raw = json.dumps(whole).encode()
    parser = MarketParser(lambda *_: None)
    parser.add(rules)
    assert parser.parse(raw, NOW) == before
    assert parse_frames([b"%d %s\n" % (NOW, raw)], rules).ticks == [before]


def padded(text: str, zeros: int) -> str:
    return text + "0" * zeros if "." in text else text


@given(bid=st.integers(0, 10**9), ask=st.integers(0, 10**9), number=st.integers(0, 2**53))
def test_a_quote_goes_round(bid: int, ask: int, number: int) -> None:
    size = RULES.tick_size
    sides = {
        "b": decimals.text(decimals.mul(size, Decimal(bid))),
        "a": decimals.text(decimals.mul(size, Decimal(ask))),
    }
    found = parsed({**BOOK, **sides, "u": number}, "bnbbtc@bookTicker")
    assert found == Quote(BNB, bid, ask, number, NOW)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("aggTrade"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*AGGREGATE, "stream", "data", "k", "id"]), inner)
    ),
    max_leaves=12,
)


@given(message=_json)
def test_no_message_raises(message: Any) -> None:
    found = parsed(json.dumps(message).encode())
    assert not isinstance(found, TradeTick | Quote)


@given(raw=st.binary(max_size=100))
def test_no_bytes_raise(raw: bytes) -> None:
    assert isinstance(parsed(raw), Malformed | Ignored)


@given(cut=st.integers(0, 250))
def test_half_a_frame_is_no_frame(cut: int) -> None:
    raw = json.dumps({"stream": "bnbbtc@aggTrade", "data": AGGREGATE}).encode()
    found = parsed(raw[:cut])
    assert isinstance(found, Malformed if cut < len(raw) else TradeTick)
