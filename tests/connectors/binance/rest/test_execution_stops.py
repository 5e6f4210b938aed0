"""Stops that rest at the venue, and paying back."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson_domain.errors import DefinitiveVenueError, InDoubtError, RetryableVenueError
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide
from robson_domain.values import Price
from tests.connectors.binance.rest.kit import (
    BTC,
    BUY,
    INFO,
    OPEN,
    ORDER,
    SELL,
    Reply,
    Server,
    Venue,
    exchange_info,
    exit_of,
    order_answer,
    refused,
    said,
    sent,
)

# ----------------------------------------------------------------------------------- stops


async def stop(venue: Venue, side: OrderSide = SELL, at: str = "58000.004") -> OrderReport:
    return await venue.execution.place_stop(exit_of(side), Price(at))


async def test_a_stop_rests_as_a_limit_beyond_it(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, said(order_answer(status="NEW", executedQty="0", fills=[])))
    report = await stop(venue)
    params = sent(server).params
    assert report.status is ReportStatus.ACCEPTED
    assert params["type"] == "STOP_LOSS_LIMIT"
    assert (params["stopPrice"], params["price"]) == ("58000.01", "56260")
    assert (params["timeInForce"], params["sideEffectType"]) == ("GTC", "AUTO_REPAY")
    assert (params["isIsolated"], params["newOrderRespType"]) == ("TRUE", "FULL")


async def test_the_stop_of_a_short_is_beyond_upwards(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, said(order_answer(status="NEW", executedQty="0", fills=[])))
    await stop(venue, BUY, "62000.006")
    params = sent(server).params
    assert (params["stopPrice"], params["price"]) == ("62000", "63860")


async def test_a_stop_at_market_where_the_pair_offers_it(server: Server, venue: Venue) -> None:
    server.script("GET", INFO, said(exchange_info(("STOP_LOSS",))))
    server.script("POST", ORDER, said(order_answer(status="NEW", executedQty="0", fills=[])))
    await stop(venue)
    params = sent(server).params
    assert params["type"] == "STOP_LOSS"
    assert not {"price", "timeInForce"} & set(params)


async def test_a_stop_that_is_reached_says_so(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, refused(-2010, "Stop price would trigger immediately."))
    report = await stop(venue)
    assert (report.status, report.code) == (ReportStatus.REJECTED, "TRIGGERED")


async def test_a_sixth_stop_is_refused_here(server: Server, venue: Venue) -> None:
    row = order_answer(type="STOP_LOSS_LIMIT", time=1)
    server.script("GET", OPEN, said([row | {"orderId": n} for n in range(5)]))
    assert (await stop(venue)).code == "TOO_MANY_STOPS"
    assert server.asked("POST", ORDER) == []


async def test_what_opens_is_no_stop(venue: Venue) -> None:
    order = attrs.evolve(exit_of(), reduces=False)
    report = await venue.execution.place_stop(order, Price(58000))
    assert report.code == "NOT_REDUCING"


async def test_a_stop_on_an_unknown_pair_is_refused(server: Server, venue: Venue) -> None:
    server.script("GET", INFO, refused(-1121))
    assert (await stop(venue)).code == "-1121"


# ----------------------------------------------------------------------------------- repay

REPAY = "/sapi/v1/margin/borrow-repay"


async def test_at_most_our_own_debt_is_repaid(server: Server, venue: Venue) -> None:
    server.script("POST", REPAY, said({"tranId": 100000001}))
    paid = await venue.execution.repay(BTC, "USDT", Decimal(150), Decimal("100.50"))
    assert paid is not None
    assert (paid.amount, paid.transaction) == (Decimal("100.5"), "100000001")
    (seen,) = server.asked("POST", REPAY)
    assert seen.query.startswith(
        "asset=USDT&isIsolated=TRUE&symbol=BTCUSDT&amount=100.5&type=REPAY&"
    )
    assert await venue.execution.repay(BTC, "USDT", Decimal(5), Decimal(0)) is None
    assert len(server.asked("POST", REPAY)) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refused(-3015, "Repay amount exceeds borrow amount."), DefinitiveVenueError),
        (Reply(status=500), InDoubtError),
        (Reply(cut=True), InDoubtError),
        (said({"odd": 1}), InDoubtError),
        (Reply(status=429), RetryableVenueError),
    ],
)
async def test_outcomes_of_a_repayment(
    server: Server, venue: Venue, reply: Reply, kind: type[Exception]
) -> None:
    server.script("POST", REPAY, reply)
    with pytest.raises(kind):
        await venue.execution.repay(BTC, "USDT", Decimal(5), Decimal(5))
    assert len(server.asked("POST", REPAY)) == 1
