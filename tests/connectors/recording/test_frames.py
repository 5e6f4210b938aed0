"""Trades from raw stream frames."""

from __future__ import annotations

import json
from typing import Any

import pytest

from robson_connectors.recording import Recording, instrument_for, parse_frames
from robson_domain.errors import ValidationError
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol
from tests.connectors.harnesses import BTC, RULES

ETH = Symbol("ETHUSDT")
BOTH = {BTC: RULES, ETH: instrument_for(ETH)}
RECEIVED = 1_723_161_254_087_896_568


def trade(number: int = 7, price: str = "61837.63", pair: str = "BTCUSDT", **more: Any) -> Any:
    return {
        "e": "trade",
        "E": 1_723_161_255_343,
        "s": pair,
        "t": number,
        "p": price,
        "q": "0.02000000",
        "T": 1_723_161_255_342,
        "m": True,
        "M": True,
        **more,
    }


def aggregate(number: int, pair: str = "BTCUSDT") -> Any:
    plain = trade(pair=pair)
    del plain["t"]
    return {**plain, "e": "aggTrade", "a": number, "f": 1, "l": 2}


DEPTH = {"e": "depthUpdate", "s": "BTCUSDT", "U": 1, "u": 2, "b": [["1", "2"]], "a": [["3", "4"]]}
SNAPSHOT = {"lastUpdateId": 5, "bids": [["1", "2"]], "asks": []}
QUOTE = {"stream": "btcusdt@bookTicker", "data": {"u": 1, "s": "BTCUSDT", "b": "1", "a": "2"}}


def combined(message: Any) -> Any:
    return {"stream": "btcusdt@trade", "data": message}


def lines(*messages: Any, received: int = RECEIVED) -> list[bytes]:
    return [
        f"{received + index} {json.dumps(message)}\n".encode()
        for index, message in enumerate(messages)
    ]


def parsed(*messages: Any) -> Recording:
    return parse_frames(lines(*messages), BOTH)


def problem(text: list[bytes] | list[str]) -> str:
    with pytest.raises(ValidationError) as caught:
        parse_frames(text, RULES)
    return str(caught.value)


@pytest.mark.parametrize("shape", [combined, lambda message: message])
def test_a_trade(shape: Any) -> None:
    (tick,) = parsed(shape(trade())).ticks
    event = 1_723_161_255_342_000_000
    assert tick == TradeTick(BTC, 6_183_763, 7, event, RECEIVED, 2_000)


def test_other_messages_are_ignored() -> None:
    found = parsed(combined(DEPTH), SNAPSHOT, QUOTE, combined(trade()), DEPTH, {"result": None})
    assert (len(found.ticks), found.ignored) == (1, 5)


def test_order_is_arrival() -> None:
    found = parsed(trade(9), trade(7), trade(8))
    assert [tick.trade_id for tick in found.ticks] == [9, 7, 8]
    assert [tick.ts_received - RECEIVED for tick in found.ticks] == [0, 1, 2]


def test_repeated_trades_count_once_per_pair() -> None:
    found = parsed(trade(7), trade(7, pair="ETHUSDT"), trade(7), trade(8))
    assert [(t.symbol, t.trade_id) for t in found.ticks] == [(BTC, 7), (ETH, 7), (BTC, 8)]
    assert found.duplicates == 1
    assert found.symbols == (BTC, ETH)


def test_aggregates_stand_in_where_there_are_no_trades() -> None:
    found = parsed(aggregate(3), trade(7), aggregate(4, "ETHUSDT"), aggregate(5, "ETHUSDT"))
    assert [(t.symbol, t.trade_id) for t in found.ticks] == [(BTC, 7), (ETH, 4), (ETH, 5)]
    assert found.ignored == 1


def test_text_without_line_ends() -> None:
    text = [line.decode().strip() for line in lines(trade(1), DEPTH, trade(2))]
    assert len(parse_frames(text, RULES).ticks) == 2


@pytest.mark.parametrize("cut", [5, 19, 21, 60])
@pytest.mark.parametrize("end", [[], [b"\n", b"  "]])
def test_a_last_line_cut_off_is_counted(cut: int, end: list[bytes]) -> None:
    first, second = lines(combined(trade(1)), combined(trade(2)))
    found = parse_frames([first, second[:cut], *end], RULES)
    assert ([tick.trade_id for tick in found.ticks], found.truncated) == ([1], 1)


def test_a_whole_recording_is_not_cut_off() -> None:
    assert parsed(trade(1)).truncated == 0


# --------------------------------------------------------------------------- what is wrong


def test_a_line_that_is_no_frame() -> None:
    good = lines(trade(1), trade(2))
    said = "frame: line 2: does not begin with a receive time in ns and a space"
    assert problem([good[0], b"hello\n", good[1]]) == said
    assert problem([good[0], b"hello", good[1]]) == said
    assert "frame: line 2: not readable" in problem([good[0], good[1][:60] + b"\n", good[1]])


def test_a_last_line_with_its_end_was_not_cut_off() -> None:
    assert "frame: line 2" in problem([*lines(trade(1)), b"hello\n"])


def test_a_trade_that_lacks_something() -> None:
    broken = trade()
    del broken["p"]
    assert "frame: line 1: not readable (Object missing required field `p`" in problem(
        lines(broken)
    )


def test_prices_off_the_grid() -> None:
    said = problem(lines(trade(1), trade(2, "61837.635")))
    assert said.startswith("price: line 2: 61837.635 is not a multiple of 0.01; pass the right")
    said = problem(lines(trade(1, q="0.000001")))
    assert said.startswith("quantity: line 1: 0.000001 is not a multiple of 0.00001")


def test_even_in_the_last_line_prices_off_the_grid_are_wrong() -> None:
    (line,) = lines(trade(1, "61837.635"))
    assert "price: line 1" in problem([line.strip()])


def test_a_pair_without_sizes() -> None:
    said = problem(lines(trade(1, pair="ETHUSDT")))
    assert said.startswith("symbol: line 1: the recording holds ETHUSDT, sizes are given for BTC")
    assert said.endswith("pass --tick-size and --step-size")
    with pytest.raises(ValidationError, match="given for none"):
        parse_frames(lines(trade(1)), {})
