"""Parsers: documented answers, hostile ones, and numbers that stay exact."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.binance import fields, parse_account, parse_rest
from robson_connectors.binance.fields import Json, UnreadableAnswer, parsed
from robson_connectors.binance.rules import symbol_rules
from robson_domain.holdings import RestingKind
from robson_domain.instrument import Instrument
from robson_domain.market import PriceOrigin, TradeTick
from robson_domain.orders import LiquiditySide
from robson_domain.reports import ReportStatus
from robson_domain.symbols import OrderSide
from robson_domain.values import Price, Quantity
from tests.connectors.binance.rest.kit import (
    BTC,
    NOW,
    ORDER_ID,
    account_of,
    exchange_info,
    order_answer,
    trade,
)

MS = 1_000_000
RULES = Instrument(symbol=BTC, tick_size="0.01", step_size="0.00001")


def wire(content: object) -> Json:
    return parsed(json.dumps(content).encode())


# ------------------------------------------------------------------------------- fields


def test_numbers_with_a_point_are_exact() -> None:
    assert parsed(b'{"a":0.1,"b":5,"c":1e-7}') == {
        "a": Decimal("0.1"),
        "b": 5,
        "c": Decimal("1e-7"),
    }


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"[Infinity]", b"\xff", b"[" * 100_000,
                                  b"[1e999999]", b"9" * 5000])  # fmt: skip
def test_what_is_no_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        parsed(body)


@pytest.mark.parametrize(
    "read",
    [
        lambda: fields.row([]),
        lambda: fields.items({}),
        lambda: fields.rows([1]),
        lambda: fields.field({}, "a"),
        lambda: fields.text({"a": True}, "a"),
        lambda: fields.text({"a": None}, "a"),
        lambda: fields.number({"a": "1,5"}, "a"),
        lambda: fields.number({"a": True}, "a"),
        lambda: fields.integer({"a": "-5"}, "a"),
        lambda: fields.integer({"a": True}, "a"),
        lambda: fields.integer({"a": Decimal("1.5")}, "a"),
        lambda: fields.integer({"a": 10**19}, "a"),
        lambda: fields.flag({"a": "true"}, "a"),
    ],
)
def test_fields_of_another_kind_are_unreadable(read: Callable[[], object]) -> None:
    with pytest.raises(UnreadableAnswer):
        read()


def test_fields_that_may_be_missing() -> None:
    assert fields.optional_text({}, "a") == ""
    assert fields.optional_text({"a": 5}, "a") == "5"
    assert fields.optional_number({"a": None}, "a") == 0
    assert fields.optional_number({"a": ""}, "a") == 0
    assert fields.flag({}, "a", default=True)
    assert fields.instant({"b": 2}, "a", "b") == 2 * MS
    assert fields.instant({}, "a") == 0


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=0, max_value=10**9))
def test_a_number_is_the_same_as_text_and_as_json(value: Decimal) -> None:
    plain = format(value, "f")
    as_text = fields.number(fields.row(parsed(f'{{"a":"{plain}"}}'.encode())), "a")
    as_json = fields.number(fields.row(parsed(f'{{"a":{plain}}}'.encode())), "a")
    assert as_text == as_json == value


# ------------------------------------------------------------------------------- orders


def test_a_full_answer_to_a_send() -> None:
    state = parse_rest.order_state(wire(order_answer()), BTC)
    report = state.report(1, 2, 3)
    assert (report.client_order_id, report.venue_order_id) == (ORDER_ID, "28")
    assert (report.status, report.filled_qty) == (ReportStatus.FILLED, Quantity("0.01"))
    assert (report.ts_event, report.ts_received, report.ts_signed) == (1, 2, 3)
    assert state.ts_event == NOW
    (fill,) = report.fills
    assert (fill.trade_id, fill.price, fill.quantity) == ("7", Price(60000), Quantity("0.01"))
    assert (fill.commission, fill.commission_asset) == (Quantity("0.00001"), "BTC")
    assert (fill.liquidity, fill.ts_event) == (LiquiditySide.TAKER, NOW)


def test_fills_without_an_id_are_left_to_be_asked_for() -> None:
    fills = [{"price": "1", "qty": "1", "commission": "0", "commissionAsset": "BNB"}]
    state = parse_rest.order_state(wire(order_answer(fills=fills)), BTC)
    assert (state.fills, state.filled_qty) == ((), Quantity("0.01"))


@pytest.mark.parametrize("amount", [5, "5", "5.00000000"])
def test_what_was_borrowed_comes_as_number_or_text(amount: object) -> None:
    answer = order_answer(marginBuyBorrowAmount=amount, marginBuyBorrowAsset="USDT")
    assert parse_rest.order_state(wire(answer), BTC).borrowed == 5


def test_the_shortest_answer_acknowledges() -> None:
    answer = {"symbol": "BTCUSDT", "orderId": 1, "clientOrderId": "a", "transactTime": 5}
    state = parse_rest.order_state(wire(answer), BTC)
    assert (state.status, state.filled_qty, state.borrowed) == (
        ReportStatus.ACCEPTED,
        Quantity(0),
        None,
    )


def test_the_answer_to_a_cancel_names_the_order_not_the_cancel() -> None:
    answer = order_answer(
        orderId="28", origClientOrderId="mine", clientOrderId="cancel1", status="CANCELED"
    )
    state = parse_rest.order_state(wire(answer), BTC)
    assert (state.client_order_id, state.venue_order_id) == ("mine", "28")
    assert state.status is ReportStatus.CANCELED


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("NEW", ReportStatus.ACCEPTED), ("PENDING_NEW", ReportStatus.ACCEPTED),
        ("PARTIALLY_FILLED", ReportStatus.PARTIALLY_FILLED), ("FILLED", ReportStatus.FILLED),
        ("CANCELED", ReportStatus.CANCELED), ("PENDING_CANCEL", ReportStatus.ACCEPTED),
        ("REJECTED", ReportStatus.REJECTED), ("EXPIRED", ReportStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", ReportStatus.EXPIRED),
    ],
)  # fmt: skip
def test_every_status(name: str, status: ReportStatus) -> None:
    assert parse_rest.order_state(wire(order_answer(status=name)), BTC).status is status


@pytest.mark.parametrize(
    "over",
    [
        {"symbol": "ETHUSDT"}, {"status": "WAITING"}, {"executedQty": "-1"}, {"orderId": None},
        {"fills": [{"tradeId": 1, "price": "0", "qty": "1"}]}, {"fills": {"a": 1}},
        {"fills": [{"tradeId": 1, "price": "1", "qty": "0"}]},
    ],
)  # fmt: skip
def test_orders_that_cannot_be_are_unreadable(over: dict[str, object]) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_rest.order_state(wire(order_answer(**over)), BTC)


def test_trades_of_the_account() -> None:
    content = wire([trade(9, isBuyer=False, isMaker=True), trade(7, 27), trade(8, symbol="ETHBTC")])
    first, second = parse_rest.account_trades(content, BTC)
    assert (first.fill.trade_id, first.venue_order_id, first.side) == ("7", "27", OrderSide.BUY)
    assert (second.side, second.fill.liquidity) == (OrderSide.SELL, LiquiditySide.MAKER)
    assert second.fill.ts_event == NOW + 9 * MS
    assert first.client_order_id == ""


def test_trade_ids_are_ordered_as_numbers() -> None:
    found = parse_rest.account_trades(wire([trade(10), trade(9)]), BTC)
    assert [each.fill.trade_id for each in found] == ["9", "10"]


def test_a_rebate_is_no_commission() -> None:
    (found,) = parse_rest.account_trades(wire([trade(1, commission="-0.1")]), BTC)
    assert found.fill.commission == Quantity(0)


def test_a_trade_without_a_side_is_unreadable() -> None:
    with pytest.raises(UnreadableAnswer):
        parse_rest.account_trades(wire([trade(1, isBuyer="yes")]), BTC)


def open_order(**over: object) -> dict[str, object]:
    return {
        "symbol": "BTCUSDT", "orderId": 5, "clientOrderId": "web_1", "price": "61000.00",
        "origQty": "0.3", "executedQty": "0.1", "status": "PARTIALLY_FILLED", "side": "SELL",
        "type": "LIMIT", "stopPrice": "0.00000000", "time": 1000, "updateTime": 2000, **over,
    }  # fmt: skip


def test_open_orders_are_told_oldest_first() -> None:
    content = wire([open_order(orderId=9, time=5), open_order(orderId=10, time=4),
                    open_order(orderId=8, time=5), open_order(symbol="ETHUSDT")])  # fmt: skip
    found = parse_rest.open_order_rows(content, BTC)
    assert [each["orderId"] for each in found] == [10, 8, 9]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("LIMIT", RestingKind.LIMIT), ("LIMIT_MAKER", RestingKind.LIMIT),
        ("STOP_LOSS", RestingKind.STOP), ("STOP_LOSS_LIMIT", RestingKind.STOP_LIMIT),
        ("TAKE_PROFIT", RestingKind.TAKE_PROFIT), ("TAKE_PROFIT_LIMIT", RestingKind.TAKE_PROFIT),
        ("ICEBERG_OF_TOMORROW", RestingKind.OTHER),
    ],
)  # fmt: skip
def test_resting_orders(name: str, kind: RestingKind) -> None:
    content = parse_rest.open_order_rows(wire([open_order(type=name, stopPrice="59000")]), BTC)
    found = parse_rest.resting_order(content[0], BTC)
    assert (found.kind, found.side, found.leaves_qty) == (kind, OrderSide.SELL, Quantity("0.2"))
    assert (found.price, found.stop_price, found.ts_event) == (
        Price(61000), Price(59000), 1000 * MS,
    )  # fmt: skip


def test_a_price_of_zero_is_none() -> None:
    content = parse_rest.open_order_rows(wire([open_order(price="0.00000000")]), BTC)
    found = parse_rest.resting_order(content[0], BTC)
    assert (found.price, found.stop_price) == (None, None)


def test_a_side_nobody_knows_is_unreadable() -> None:
    content = parse_rest.open_order_rows(wire([open_order(side="HOLD")]), BTC)
    with pytest.raises(UnreadableAnswer):
        parse_rest.resting_order(content[0], BTC)


# ------------------------------------------------------------------------------- market

KLINE = [
    1499040000000, "0.01634790", "0.80000000", "0.01575800", "0.01577100", "148976.11427815",
    1499644799999, "2434.19055334", 308, "1756.87402397", "28.46694368", "0",
]  # fmt: skip


def test_klines_are_bars() -> None:
    (bar,) = parse_rest.bars(wire([KLINE]), BTC, 7 * 24 * 3600 * 10**9)
    assert (bar.ts_open, bar.ts_close) == (1499040000000 * MS, 1499644800000 * MS)
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (
        Price("0.01634790"), Price("0.8"), Price("0.015758"), Price("0.015771"),
        Quantity("148976.11427815"),
    )  # fmt: skip


@pytest.mark.parametrize("content", [[KLINE[:5]], [[*KLINE[:4], "0", "1"]], [["x", *KLINE[1:]]]])
def test_klines_that_cannot_be_are_unreadable(content: object) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_rest.bars(wire(content), BTC, 1)


def agg(trade_id: int, price: str = "60000.12") -> dict[str, object]:
    return {"a": trade_id, "p": price, "q": "0.00025", "f": 1, "l": 1, "T": 5, "m": True, "M": True}


def test_aggregated_trades_are_ticks_of_a_gap() -> None:
    second, first = agg(26130), agg(26129)
    found = parse_rest.trade_ticks(wire([second, first]), RULES, 9)
    assert found[0] == TradeTick(BTC, 6_000_012, 26129, 5 * MS, 9, 25, PriceOrigin.GAP)
    assert found[1].trade_id == 26130


def test_a_finer_price_counts_as_the_nearest_tick_known() -> None:
    found = parse_rest.trade_ticks(wire([agg(1, "60000.126"), agg(2, "60000.125")]), RULES, 9)
    assert [tick.ticks for tick in found] == [6_000_013, 6_000_013]


@pytest.mark.parametrize("price", ["0", "-1"])
def test_a_price_that_is_none_is_unreadable(price: str) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_rest.trade_ticks(wire([agg(1, price)]), RULES, 9)


def test_the_last_price() -> None:
    assert parse_rest.last_price(wire({"symbol": "BTCUSDT", "price": "4.00000200"})) == Price(
        "4.000002"
    )
    with pytest.raises(UnreadableAnswer):
        parse_rest.last_price(wire({"price": "0"}))


# ------------------------------------------------------------------------------- hostile

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.sampled_from(["0", "1.5", "-1", "BTC", "USDT", "BTCUSDT", "1e9", "NEW"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["symbol", "orderId", "clientOrderId", "executedQty", "status", "fills", "baseAsset",
             "quoteAsset", "asset", "free", "assets", "symbols", "filters", "rows", "id", "a", "p",
             "q", "T", "price", "qty", "isBuyer", "tier", "amount", "time", "side", "type"]
        ),
        inner,
        max_size=8,
    ),
    max_leaves=20,
)  # fmt: skip
READERS: list[Callable[[Json], object]] = [
    lambda content: parse_rest.order_state(content, BTC),
    lambda content: parse_rest.account_trades(content, BTC),
    lambda content: [
        parse_rest.resting_order(each, BTC) for each in parse_rest.open_order_rows(content, BTC)
    ],
    lambda content: parse_rest.bars(content, BTC, 60),
    lambda content: parse_rest.trade_ticks(content, RULES, 1),
    lambda content: parse_rest.last_price(content),
    lambda content: parse_account.pair_balances(content, 1, 2),
    lambda content: parse_account.tiers(content),
    lambda content: parse_account.pair_data(content, BTC),
    lambda content: parse_account.max_borrowable(content),
    lambda content: parse_account.key_rights(content),
    lambda content: parse_account.liquidations(content, BTC),
    lambda content: parse_account.interest(content),
    lambda content: symbol_rules(fields.row(content), BTC),
]


@given(JSON)
def test_nothing_but_unreadable_comes_out_of_a_parser(content: object) -> None:
    read = wire(content)
    for reader in READERS:
        with contextlib.suppress(UnreadableAnswer):
            reader(read)


@pytest.mark.parametrize(
    ("content", "reader"),
    [
        (order_answer(), READERS[0]),
        (account_of()["assets"][0], READERS[6]),  # type: ignore[index]
        (exchange_info(), READERS[13]),
    ],
)
@given(data=st.data())
def test_one_broken_field_is_unreadable_or_harmless(
    content: dict[str, object], reader: Callable[[Json], object], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(content)))
    broken = content | {name: data.draw(JSON)}
    with contextlib.suppress(UnreadableAnswer):
        reader(wire(broken))
