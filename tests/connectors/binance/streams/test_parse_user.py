"""User events: whose they are, which order they mean, and what was executed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.binance.parse_stream import Malformed, Shutdown
from robson_connectors.binance.parse_user import (
    STATUSES,
    AccountPosition,
    BalanceChange,
    OtherEvent,
    Pushed,
    PushedBalance,
    StreamEnded,
    UserParser,
    UserReply,
)
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill, LiquiditySide
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol
from robson_domain.values import Price, Quantity

NOW = 1_700_000_000_123_456_789
MS = 1_000_000
ETH = Symbol("ETHBTC")

# The venue's documented samples.
REPORT: dict[str, Any] = {
    "e": "executionReport", "E": 1499405658658, "s": "ETHBTC", "c": "mUvoqJxFIILMdfAW5iGSOW",
    "S": "BUY", "o": "LIMIT", "f": "GTC", "q": "1.00000000", "p": "0.10264410",
    "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "NEW", "X": "NEW", "r": "NONE",
    "i": 4293153, "l": "0.00000000", "z": "0.00000000", "L": "0.00000000", "n": "0", "N": None,
    "T": 1499405658657, "t": -1, "I": 8641984, "w": True, "m": False, "M": False,
    "O": 1499405658657, "Z": "0.00000000", "Y": "0.00000000", "Q": "0.00000000",
    "W": 1499405658657, "V": "NONE",
}  # fmt: skip
TRADED: dict[str, Any] = {
    **REPORT, "x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.25", "z": "0.75", "L": "0.1026",
    "n": "0.00025", "N": "BNB", "t": 77, "m": True,
}  # fmt: skip
POSITION: dict[str, Any] = {
    "e": "outboundAccountPosition", "E": 1564034571105, "u": 1564034571073,
    "B": [{"a": "ETH", "f": "10000.000000", "l": "0.500000"}],
}  # fmt: skip
CHANGE: dict[str, Any] = {
    "e": "balanceUpdate", "E": 1573200697110, "a": "BTC", "d": "-100.00000000",
    "T": 1573200697068,
}  # fmt: skip


def parsed(message: Any) -> object:
    raw = message if isinstance(message, bytes) else json.dumps(message).encode()
    return UserParser().parse(raw, NOW)


def event(message: Any, subscription: int = 3) -> object:
    found = parsed({"subscriptionId": subscription, "event": message})
    assert isinstance(found, Pushed)
    assert found.subscription == subscription
    return found.event


def report(message: Any) -> OrderReport:
    found = event(message)
    assert isinstance(found, OrderReport), found
    return found


def test_an_accepted_order() -> None:
    assert event(REPORT) == OrderReport(
        client_order_id=ClientOrderId("mUvoqJxFIILMdfAW5iGSOW"),
        symbol=ETH,
        status=ReportStatus.ACCEPTED,
        ts_event=1499405658658 * MS,
        ts_received=NOW,
        venue_order_id="4293153",
    )


def test_an_execution() -> None:
    found = report(TRADED)
    assert found.status is ReportStatus.PARTIALLY_FILLED
    assert found.filled_qty == Quantity("0.75")
    assert found.fills == (
        Fill(
            trade_id=TradeId("77"),
            price=Price("0.1026"),
            quantity=Quantity("0.25"),
            commission=Quantity("0.00025"),
            commission_asset="BNB",
            liquidity=LiquiditySide.MAKER,
            ts_event=1499405658657 * MS,
        ),
    )


def test_a_taker_without_commission() -> None:
    (fill,) = report({**TRADED, "m": False, "n": None, "N": None}).fills
    assert fill.liquidity is LiquiditySide.TAKER
    assert (fill.commission, fill.commission_asset) == (Quantity(0), "")


@pytest.mark.parametrize("kind", ["CANCELED", "REPLACED"])
def test_a_cancellation_means_the_order_that_was_there_before(kind: str) -> None:
    """``c`` is the id of the cancellation itself; nobody knows an order by it."""
    message = {**REPORT, "x": kind, "X": "CANCELED", "c": "the-cancel", "C": "the-order"}
    found = report(message)
    assert found.client_order_id == "the-order"
    assert found.status is ReportStatus.CANCELED


@pytest.mark.parametrize(
    ("kind", "original"),
    [("CANCELED", ""), ("CANCELED", "null"), ("TRADE", "other"), ("EXPIRED", "other")],
)
def test_otherwise_the_order_is_its_own(kind: str, original: str) -> None:
    found = report({**TRADED, "x": kind, "c": "the-order", "C": original})
    assert found.client_order_id == "the-order"


def test_an_id_of_the_order_before_may_be_missing() -> None:
    plain = {key: value for key, value in REPORT.items() if key != "C"}
    assert report({**plain, "x": "CANCELED", "X": "CANCELED"}).client_order_id == REPORT["c"]


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [(name, "0", meaning) for name, meaning in STATUSES.items()]
    + [
        ("PENDING_CANCEL", "0", ReportStatus.ACCEPTED),
        ("PENDING_CANCEL", "0.1", ReportStatus.PARTIALLY_FILLED),
    ],
)
def test_statuses(status: str, filled: str, expected: ReportStatus) -> None:
    assert report({**REPORT, "X": status, "z": filled}).status is expected


def test_every_documented_status_is_known() -> None:
    documented = (
        "NEW PENDING_NEW PARTIALLY_FILLED FILLED CANCELED REJECTED EXPIRED EXPIRED_IN_MATCH"
    )
    assert set(STATUSES) == set(documented.split())


def test_why_it_was_refused_or_expired() -> None:
    refused = report({**REPORT, "x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCE"})
    assert (refused.status, refused.code) == (ReportStatus.REJECTED, "INSUFFICIENT_BALANCE")
    assert report(REPORT).code == ""
    expired = report({**REPORT, "x": "EXPIRED", "X": "EXPIRED", "eR": 5})
    assert (expired.status, expired.message) == (ReportStatus.EXPIRED, "expired: 5")


def test_a_prevented_trade_is_no_fill() -> None:
    assert report({**TRADED, "x": "TRADE_PREVENTION"}).fills == ()


def test_a_position() -> None:
    assert event(POSITION) == AccountPosition(
        balances=(PushedBalance("ETH", Decimal(10_000), Decimal("0.5")),),
        ts_event=1564034571105 * MS,
        ts_received=NOW,
    )


def test_a_change_of_balance() -> None:
    assert event(CHANGE) == BalanceChange(
        asset="BTC", amount=Decimal(-100), ts_event=1573200697110 * MS, ts_received=NOW
    )


def test_the_end_of_a_subscription() -> None:
    assert event({"e": "eventStreamTerminated", "E": 1}, 7) == StreamEnded()


def test_events_that_only_hint() -> None:
    assert event({"e": "listStatus", "s": "ETHBTC"}) == OtherEvent("listStatus")
    assert event({"e": "externalLockUpdate", "a": "ETH"}) == OtherEvent("externalLockUpdate")


def test_a_bare_event_belongs_to_nobody() -> None:
    found = parsed(REPORT)
    assert isinstance(found, Pushed)
    assert found.subscription is None
    assert isinstance(found.event, OrderReport)


def test_shutdown() -> None:
    assert parsed({"e": "serverShutdown", "E": 1}) == Shutdown()
    wrapped = {"subscriptionId": None, "event": {"e": "serverShutdown", "E": 1}}
    assert parsed(wrapped) == Shutdown()


@pytest.mark.parametrize("ends", [1_800_000_000_000, 1_800_000_000_000_000])
def test_a_subscription_in_whatever_unit_of_time(ends: int) -> None:
    message = {
        "id": "7",
        "status": 200,
        "result": {"subscriptionId": 0, "expirationTime": ends},
        "rateLimits": [{"limit": 6000, "count": 4}],
    }
    expected = UserReply(request="7", subscription=0, expires_at=1_800_000_000_000 * MS)
    assert parsed(message) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            {"id": 7, "status": 400, "error": {"code": -1209, "msg": "Invalid token"}},
            UserReply(request="7", code="-1209", message="Invalid token"),
        ),
        ({"id": None, "error": {"code": -1}}, UserReply(request="", code="-1")),
        ({"id": "a", "status": 503}, UserReply(request="a", code="HTTP 503")),
        ({"id": "a", "status": 200, "result": {}}, UserReply(request="a")),
        ({"id": "a", "status": 200, "result": None}, UserReply(request="a")),
        ({"id": "a", "status": 200}, UserReply(request="a")),
    ],
)
def test_replies(message: Any, expected: UserReply) -> None:
    assert parsed(message) == expected


@pytest.mark.parametrize(
    "message",
    [
        {},
        [],
        b"",
        b"<html>",
        b"\xff",
        {"result": 1},
        {"id": "a", "result": {"subscriptionId": "x"}},
    ],
)
def test_what_is_nothing(message: Any) -> None:
    assert isinstance(parsed(message), Malformed)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"e": ""},
        {"e": 5},
        "text",
        {"e": "executionReport"},
        {**REPORT, "X": "SOMETHING_NEW"},
        {**REPORT, "s": "?"},
        {**REPORT, "z": 0.5},
        {**TRADED, "t": -1},
        {**TRADED, "L": "0"},
        {**TRADED, "l": "0"},
        {**TRADED, "n": "-1"},
        {**POSITION, "B": [{"a": "ETH"}]},
        {**POSITION, "B": [{"a": "ETH", "f": "x", "l": "0"}]},
        {**CHANGE, "d": None},
    ],
)
def test_what_is_not_understood_keeps_its_subscription(message: Any) -> None:
    """So that the pair it was about can be asked for."""
    assert isinstance(event(message, 9), Malformed)


@given(
    client_order_id=st.from_regex(r"[a-zA-Z0-9_-]{1,36}", fullmatch=True),
    status=st.sampled_from(sorted(set(STATUSES))),
    price=st.decimals("0.00000001", "10000000", places=8),
    quantity=st.decimals("0.00000001", "10000000", places=8),
    before=st.decimals("0", "10000000", places=8),
    commission=st.decimals("0", "1000", places=8),
    trade_id=st.integers(0, 2**53),
    is_maker=st.booleans(),
    times=st.tuples(st.integers(10**11, 10**13), st.integers(10**11, 10**13)),
)
def test_an_execution_goes_round(
    *,
    client_order_id: str,
    status: str,
    price: Decimal,
    quantity: Decimal,
    before: Decimal,
    commission: Decimal,
    trade_id: int,
    is_maker: bool,
    times: tuple[int, int],
) -> None:
    told, happened = times
    expected = OrderReport(
        client_order_id=ClientOrderId(client_order_id),
        symbol=ETH,
        status=STATUSES[status],
        ts_event=told * MS,
        ts_received=NOW,
        filled_qty=Quantity(before) + Quantity(quantity),
        venue_order_id="42",
        fills=(
            Fill(
                trade_id=TradeId(str(trade_id)),
                price=Price(price),
                quantity=Quantity(quantity),
                commission=Quantity(commission),
                commission_asset="BTC",
                liquidity=LiquiditySide.MAKER if is_maker else LiquiditySide.TAKER,
                ts_event=happened * MS,
            ),
        ),
    )
    assert report(written(expected, status)) == expected


def written(found: OrderReport, status: str) -> dict[str, Any]:
    """Write a report as the venue would."""
    (fill,) = found.fills
    return {
        **TRADED,
        "c": found.client_order_id,
        "X": status,
        "E": found.ts_event // MS,
        "i": int(found.venue_order_id),
        "z": f"{found.filled_qty.value:.8f}",
        "t": int(fill.trade_id),
        "L": f"{fill.price.value:.8f}",
        "l": f"{fill.quantity.value:.8f}",
        "n": f"{fill.commission.value:.8f}",
        "N": fill.commission_asset,
        "m": fill.liquidity is LiquiditySide.MAKER,
        "T": fill.ts_event // MS,
    }


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("executionReport"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*TRADED, "event", "subscriptionId", "result", "id"]), inner
        )
    ),
    max_leaves=12,
)


@given(message=_json)
def test_no_message_raises(message: Any) -> None:
    parsed(json.dumps(message).encode())


@given(raw=st.binary(max_size=100))
def test_no_bytes_raise(raw: bytes) -> None:
    assert isinstance(parsed(raw), Malformed)
