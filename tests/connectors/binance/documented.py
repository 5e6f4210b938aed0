"""Answers and frames in the shapes that the venue documents, each with its parser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import attrs

from robson_connectors.binance import parse_account, parse_rest
from robson_connectors.binance.fields import Json, parsed, row
from robson_connectors.binance.parse_stream import MarketParser
from robson_connectors.binance.parse_user import UserParser
from robson_connectors.binance.rules import symbol_rules
from robson_domain.instrument import Instrument
from tests.connectors.binance.rest.kit import (
    BTC,
    NOW,
    account_of,
    asset,
    exchange_info,
    order_answer,
    trade,
)

MINUTE: Final = 60_000_000_000
MS: Final = NOW // 1_000_000


@attrs.frozen
class Documented:
    """An answer as it is documented, and what reads it.

    Attributes:
        empty: What the reader makes of it must be more than this.
    """

    content: Any
    read: Callable[[Json], object]
    empty: object = None


def instrument() -> Instrument:
    rules = symbol_rules(row(parsed(json.dumps(exchange_info()).encode())), BTC)
    assert rules is not None
    return rules.instrument


RULES: Final = instrument()
CANCELED: Final = order_answer(
    origClientOrderId="robson_core_x", clientOrderId="cancel1", status="CANCELED",
    orderId="28", executedQty="0.00000000", fills=None,
)  # fmt: skip
RESTING: Final = {
    "clientOrderId": "ios_1", "cummulativeQuoteQty": "0.00000000", "executedQty": "0.00100000",
    "icebergQty": "0.00000000", "isWorking": True, "orderId": 211842552,
    "origQty": "0.00300000", "price": "58000.00", "side": "SELL", "status": "NEW",
    "stopPrice": "58100.00", "symbol": "BTCUSDT", "isIsolated": True, "time": MS,
    "timeInForce": "GTC", "type": "STOP_LOSS_LIMIT", "updateTime": MS,
    "selfTradePreventionMode": "NONE",
}  # fmt: skip
PAIR: Final = account_of(
    base=asset("BTC", free="0.5", borrowed="0.10000000", interest="0.00000012"),
    liquidatePrice="71234.5", marginLevel="2.31", marginLevelStatus="EXCESSIVE",
)["assets"][0]  # type: ignore[index]  # fmt: skip
TIER: Final = {
    "symbol": "BTCUSDT", "tier": 1, "effectiveMultiple": "10", "initialRiskRatio": "1.111",
    "liquidationRiskRatio": "1.05", "baseAssetMaxBorrowable": "9",
    "quoteAssetMaxBorrowable": "70000",
}  # fmt: skip
TERMS: Final = {
    "vipLevel": 0, "symbol": "BTCUSDT", "leverage": "10",
    "data": [
        {"coin": "BTC", "dailyInterest": "0.00026125", "borrowLimit": "270"},
        {"coin": "USDT", "dailyInterest": "0.000475", "borrowLimit": "2100000"},
    ],
}  # fmt: skip
RIGHTS: Final = {
    "ipRestrict": True, "createTime": 1_623_840_271_000, "enableReading": True,
    "enableWithdrawals": False, "enableInternalTransfer": False, "enableMargin": True,
    "enableFutures": False, "permitsUniversalTransfer": False, "enableVanillaOptions": False,
    "enableSpotAndMarginTrading": True, "tradingAuthorityExpirationTime": 1_628_985_600_000,
}  # fmt: skip
LIQUIDATED: Final = {
    "avgPrice": "55000.1", "executedQty": "0.50000000", "orderId": 180015097,
    "price": "55000.1", "qty": "0.50000000", "side": "SELL", "symbol": "BTCUSDT",
    "timeInForce": "GTC", "isIsolated": True, "updatedTime": MS,
}  # fmt: skip
INTEREST: Final = {
    "txId": 1_352_286_576_452_864_727, "interestAccuredTime": MS, "asset": "USDT",
    "rawAsset": "USDT", "principal": "45.3313", "interest": "0.00024995",
    "interestRate": "0.00013233", "type": "PERIODIC", "isolatedSymbol": "BTCUSDT",
}  # fmt: skip
KLINE: Final = [
    MS, "60000.00", "60100.00", "59900.00", "60050.00", "12.50000000", MS + 59_999,
    "750000.00", 308, "6.2", "372000.0", "0",
]  # fmt: skip
AGGREGATE: Final = {
    "a": 26129, "p": "60000.01", "q": "0.00100000", "f": 27781, "l": 27781, "T": MS,
    "m": True, "M": True,
}  # fmt: skip

REST: Final[dict[str, Documented]] = {
    "exchange info": Documented(exchange_info(), lambda c: symbol_rules(row(c), BTC)),
    "sent": Documented(order_answer(), lambda c: parse_rest.order_state(c, BTC)),
    "canceled": Documented(CANCELED, lambda c: parse_rest.order_state(c, BTC)),
    "trades": Documented([trade(7), trade(8)], lambda c: parse_rest.account_trades(c, BTC), ()),
    "open orders": Documented([RESTING], lambda c: parse_rest.open_order_rows(c, BTC), ()),
    "resting": Documented(RESTING, lambda c: parse_rest.resting_order(row(c), BTC)),
    "klines": Documented([KLINE], lambda c: parse_rest.bars(c, BTC, MINUTE), ()),
    "aggregates": Documented([AGGREGATE], lambda c: parse_rest.trade_ticks(c, RULES, NOW), ()),
    "price": Documented({"symbol": "BTCUSDT", "price": "60000.0"}, parse_rest.last_price),
    "pair": Documented(PAIR, lambda c: parse_account.pair_balances(c, NOW, NOW)),
    "tiers": Documented([TIER], parse_account.tiers, ()),
    "terms": Documented([TERMS], lambda c: parse_account.pair_data(c, BTC)),
    "borrowable": Documented(
        {"amount": "1.69248805", "borrowLimit": "60"}, parse_account.max_borrowable
    ),
    "rights": Documented(RIGHTS, parse_account.key_rights),
    "liquidations": Documented(
        {"rows": [LIQUIDATED], "total": 1}, lambda c: parse_account.liquidations(c, BTC), ()
    ),
    "interest": Documented({"rows": [INTEREST], "total": 1}, parse_account.interest, ()),
}

# ----------------------------------------------------------------------------------- streams

REPORT: Final = {
    "e": "executionReport", "E": MS, "s": "BTCUSDT", "c": "robson_core_x", "S": "BUY",
    "o": "MARKET", "f": "GTC", "q": "0.01000000", "p": "0.00000000", "P": "0.00000000",
    "F": "0.00000000", "g": -1, "C": "", "x": "TRADE", "X": "FILLED", "r": "NONE",
    "i": 4293153, "l": "0.01000000", "z": "0.01000000", "L": "60000.00", "n": "0.00001",
    "N": "BTC", "T": MS, "t": 7, "I": 8641984, "w": False, "m": False, "M": False, "O": MS,
    "Z": "600.0", "Y": "600.0", "Q": "0.0", "W": MS, "V": "NONE",
}  # fmt: skip
POSITION: Final = {
    "e": "outboundAccountPosition", "E": MS, "u": MS,
    "B": [{"a": "USDT", "f": "10000.000000", "l": "0.000000"}],
}  # fmt: skip
CHANGE: Final = {"e": "balanceUpdate", "E": MS, "a": "BTC", "d": "100.0", "T": MS}
SUBSCRIBED: Final = {
    "id": "1", "status": 200, "result": {"subscriptionId": 3, "expirationTime": MS * 1_000},
}  # fmt: skip
REFUSED: Final = {"id": "1", "status": 400, "error": {"code": -1209, "msg": "Invalid token."}}
BOOK: Final = {
    "u": 400900217, "s": "BTCUSDT", "b": "60000.01", "B": "31.2", "a": "60000.02", "A": "4.6",
}  # fmt: skip
CANDLE: Final = {
    "e": "kline", "E": MS, "s": "BTCUSDT",
    "k": {
        "t": MS, "T": MS + 59_999, "s": "BTCUSDT", "i": "1m", "f": 100, "L": 200, "o": "60000",
        "c": "60010", "h": "60020", "l": "59990", "v": "1000", "n": 100, "x": True, "q": "1.0",
        "V": "500", "Q": "0.5", "B": "1",
    },
}  # fmt: skip


def pushed(event: object) -> dict[str, object]:
    return {"subscriptionId": 3, "event": event}


def combined(name: str, data: object) -> dict[str, object]:
    return {"stream": f"btcusdt@{name}", "data": data}


def market_parser() -> MarketParser:
    parser = MarketParser(lambda *_: None)
    parser.add(RULES)
    return parser


MARKET: Final[dict[str, Any]] = {
    "aggregate": combined("aggTrade", {"e": "aggTrade", "E": MS, "s": "BTCUSDT", **AGGREGATE}),
    "trade": combined(
        "trade",
        {
            "e": "trade", "E": MS, "s": "BTCUSDT", "t": 12345, "p": "60000.01", "q": "0.10000",
            "T": MS, "m": True, "M": True,
        },
    ),
    "quote": combined("bookTicker", BOOK),
    "bare quote": BOOK,
    "candle": combined("kline_1m", CANDLE),
    "shutdown": {"e": "serverShutdown", "E": MS},
    "reply": {"result": None, "id": 1},
    "refused": {"error": {"code": 2, "msg": "Invalid request"}, "id": 1},
}  # fmt: skip
USER: Final[dict[str, Any]] = {
    "execution": pushed(REPORT),
    "canceled": pushed({**REPORT, "x": "CANCELED", "X": "CANCELED", "c": "c1", "C": "x", "t": -1}),
    "position": pushed(POSITION),
    "change": pushed(CHANGE),
    "ended": pushed({"e": "eventStreamTerminated", "E": MS}),
    "list": pushed({"e": "listStatus", "E": MS, "s": "BTCUSDT", "g": 2}),
    "subscribed": SUBSCRIBED,
    "refused": REFUSED,
    "shutdown": {"e": "serverShutdown", "E": MS},
}


def market(frame: bytes) -> object:
    return market_parser().parse(frame, NOW)


def user(frame: bytes) -> object:
    return UserParser().parse(frame, NOW)
