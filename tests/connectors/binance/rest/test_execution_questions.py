"""Canceling, asking what became of an order, and what the account shows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson_domain.errors import DefinitiveVenueError, InDoubtError, RetryableVenueError
from robson_domain.identity import TradeId
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.values import Quantity
from tests.connectors.binance.rest.kit import (
    ACCOUNT,
    BTC,
    NOW,
    OPEN,
    ORDER,
    ORDER_ID,
    TRADES,
    Reply,
    Seen,
    Server,
    Venue,
    account_of,
    asset,
    new_order,
    order_answer,
    refused,
    said,
    trade,
)

# ---------------------------------------------------------------------------------- cancel


@pytest.mark.parametrize("code", [-2011, -2013])
async def test_a_cancel_that_finds_nothing_asks_what_became_of_it(
    server: Server, venue: Venue, code: int
) -> None:
    server.script("DELETE", ORDER, refused(code, "Unknown order sent."))
    server.script("GET", TRADES, said([trade(7)]))
    report = await venue.execution.cancel(BTC, ORDER_ID)
    assert report.status is ReportStatus.FILLED
    assert [fill.trade_id for fill in report.fills] == ["7"]


async def test_a_cancel_after_a_part_tells_the_part(server: Server, venue: Venue) -> None:
    answer = order_answer(
        origClientOrderId=ORDER_ID, status="CANCELED", executedQty="0.004", fills=[]
    )
    server.script("DELETE", ORDER, said(answer))
    server.script("GET", TRADES, said([trade(7, qty="0.004")]))
    report = await venue.execution.cancel(BTC, ORDER_ID)
    assert report.status is ReportStatus.CANCELED
    assert [fill.quantity for fill in report.fills] == [Quantity("0.004")]
    server.script("GET", TRADES, Reply(status=500))
    report = await venue.execution.cancel(BTC, ORDER_ID)
    assert (report.filled_qty, report.fills) == (Quantity("0.004"), ())


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(cut=True), said({"odd": 1})])
async def test_a_cancel_may_have_worked(server: Server, venue: Venue, reply: Reply) -> None:
    server.script("DELETE", ORDER, reply)
    with pytest.raises(InDoubtError):
        await venue.execution.cancel(BTC, ORDER_ID)
    assert len(server.asked("DELETE", ORDER)) == 1


async def test_a_cancel_that_was_refused_did_nothing(server: Server, venue: Venue) -> None:
    server.script("DELETE", ORDER, refused(-2015))
    with pytest.raises(RetryableVenueError) as caught:
        await venue.execution.cancel(BTC, ORDER_ID)
    assert caught.value.code == "-2015"


# ------------------------------------------------------------------------------- questions


@pytest.mark.parametrize(
    ("code", "status"), [(-2013, ReportStatus.NOT_FOUND), (-2026, ReportStatus.CANCELED)]
)
async def test_an_order_nobody_knows_is_an_answer(
    server: Server, venue: Venue, code: int, status: ReportStatus
) -> None:
    server.script("GET", ORDER, refused(code, "Order does not exist."))
    report = await venue.execution.query_order(BTC, ORDER_ID)
    assert (report.status, report.client_order_id) == (status, ORDER_ID)
    assert report.ts_event == NOW


async def test_refused_questions_are_definitive(server: Server, venue: Venue) -> None:
    server.script("GET", ORDER, refused(-2015))
    with pytest.raises(DefinitiveVenueError):
        await venue.execution.query_order(BTC, ORDER_ID)


@pytest.mark.parametrize("reply", [Reply(status=503), said(order_answer(clientOrderId="other"))])
async def test_a_question_without_an_answer_is_asked_again_later(
    server: Server, venue: Venue, reply: Reply
) -> None:
    server.script("GET", ORDER, reply)
    with pytest.raises(RetryableVenueError):
        await venue.execution.query_order(BTC, ORDER_ID)


async def test_open_orders_of_everybody(server: Server, venue: Venue) -> None:
    rows = [
        order_answer(orderId=9, clientOrderId="web_a", status="NEW", executedQty="0", time=2),
        order_answer(orderId=8, status="PARTIALLY_FILLED", executedQty="0.004", time=1),
    ]
    server.script("GET", OPEN, said([row | {"fills": []} for row in rows]))
    first, second = await venue.execution.open_orders(BTC)
    assert (first.client_order_id, first.filled_qty) == (ORDER_ID, Quantity("0.004"))
    assert (second.client_order_id, second.status) == ("web_a", ReportStatus.ACCEPTED)
    server.script("GET", OPEN, Reply(status=500))
    with pytest.raises(RetryableVenueError):
        await venue.execution.open_orders(BTC)


async def test_fills_come_with_the_ids_of_their_orders(server: Server, venue: Venue) -> None:
    def named(seen: Seen) -> Reply:
        return said(
            order_answer(
                orderId=int(seen.params["orderId"]), clientOrderId="c" + seen.params["orderId"]
            )
        )

    server.script("GET", ORDER, named)
    server.script("GET", TRADES, said([trade(7, 1), trade(8, 2), trade(9, 1)]))
    found = await venue.execution.fills_since(BTC, TradeId("6"))
    assert [(owner, fill.trade_id) for owner, fill in found] == [
        ("c1", "7"), ("c2", "8"), ("c1", "9"),
    ]  # fmt: skip
    assert server.asked("GET", TRADES)[-1].params["fromId"] == "7"
    await venue.execution.fills_since(BTC, None)
    assert server.asked("GET", TRADES)[-1].params["fromId"] == "0"
    assert len(server.asked("GET", ORDER)) == 2


async def test_the_snapshot_of_a_pair(server: Server, venue: Venue) -> None:
    base = asset("BTC", free="0.01", locked="0.01", borrowed="0.1", interest="0.001")
    quote = asset("USDT", free="9000", borrowed="50", interest="0.5")
    server.script("GET", ACCOUNT, said(account_of(base, quote)))
    server.script("GET", OPEN, said([order_answer(time=1), order_answer(orderId=29, time=1)]))
    found = await venue.execution.account(BTC)
    assert found.net_qty == Decimal("-0.08")
    assert (found.debt_base.value, found.debt_quote.value) == (Decimal("0.101"), Decimal("50.5"))
    assert found.collateral.value == Decimal("8949.5") - Decimal("0.081") * 60_000
    assert (found.open_orders, found.leverage_max) == (2, 10)
    assert (found.borrowable_base.value, found.borrowable_quote.value) == (
        Decimal("1.5"), Decimal("1.5"),
    )  # fmt: skip
    assert (found.taker_fee_rate, found.commission_in_base) == (Decimal("0.00075"), True)
    assert found.liquidation_level == Decimal("1.05")
    assert (found.ts_event, found.ts_received) == (NOW, NOW)


async def test_a_listen_token(server: Server, venue: Venue) -> None:
    answer = {"token": "canaryTOKEN", "expirationTime": NOW // 1_000_000}
    server.script("POST", "/sapi/v1/userListenToken", said(answer))
    token = await venue.execution.listen_token(BTC)
    assert (token.token, token.expires_at) == ("canaryTOKEN", NOW)
    assert "canary" not in repr(token)


async def test_what_the_user_stream_brings_reaches_everybody(venue: Venue) -> None:
    report = await venue.execution.submit(new_order())
    first: list[OrderReport] = []
    second: list[OrderReport] = []
    venue.execution.subscribe_reports(first.append)
    venue.execution.subscribe_reports(second.append)
    venue.execution.push(report)
    assert (first, second) == ([report], [report])
    await venue.execution.close()
    await venue.execution.close()
    venue.execution.push(report)
    assert len(first) == 1


def test_ids_of_up_to_36_characters(venue: Venue) -> None:
    assert venue.execution.capabilities.client_order_id_length_max == 36
    assert not venue.execution.capabilities.deduplicates_client_ids
