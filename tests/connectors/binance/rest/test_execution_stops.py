"""Stops that rest at the venue, and orders canceled on their way."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from robson_connectors.binance.execution import CAPABILITIES
from robson_connectors.binance.pools import Lane
from robson_domain.errors import InDoubtError
from robson_domain.identity import ClientOrderId
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide
from robson_domain.values import Price, Quantity
from tests.connectors.binance.rest.kit import (
    ACCOUNT,
    BTC,
    BUY,
    IN_DEBT,
    INFO,
    OPEN,
    ORDER,
    ORDER_ID,
    SELL,
    SHORT,
    TRADES,
    Reply,
    Server,
    Venue,
    account_of,
    exchange_info,
    exit_of,
    new_order,
    order_answer,
    refused,
    said,
    sent,
    trade,
)

RESTS = order_answer(status="NEW", executedQty="0", fills=[])
NO_ORDER = refused(-2011, "Unknown order sent.")

# ----------------------------------------------------------------------------------- stops


async def stop(venue: Venue, side: OrderSide = SELL, at: str = "58000.004") -> OrderReport:
    return await venue.execution.submit(attrs.evolve(exit_of(side), stop_price=Price(at)))


async def test_a_stop_rests_as_a_limit_beyond_it(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, said(account_of(quote=IN_DEBT)))
    server.script("POST", ORDER, said(RESTS))
    report = await stop(venue)
    params = sent(server).params
    assert report.status is ReportStatus.ACCEPTED
    assert params["type"] == "STOP_LOSS_LIMIT"
    assert (params["stopPrice"], params["price"]) == ("58000.01", "56260")
    assert (params["timeInForce"], params["sideEffectType"]) == ("GTC", "AUTO_REPAY")
    assert (params["isIsolated"], params["newOrderRespType"]) == ("TRUE", "FULL")


async def test_the_stop_of_a_short_is_beyond_upwards(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, said(account_of(SHORT)))
    server.script("POST", ORDER, said(RESTS))
    await stop(venue, BUY, "62000.006")
    params = sent(server).params
    assert params["sideEffectType"] == "AUTO_REPAY"
    assert (params["stopPrice"], params["price"]) == ("62000", "63860")


async def test_a_stop_at_market_where_the_pair_offers_it(server: Server, venue: Venue) -> None:
    server.script("GET", INFO, said(exchange_info(("STOP_LOSS",))))
    server.script("POST", ORDER, said(RESTS))
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
    order = attrs.evolve(exit_of(), reduces=False, stop_price=Price(58_000))
    report = await venue.execution.submit(order)
    assert report.code == "NOT_REDUCING"


async def test_a_stop_on_an_unknown_pair_is_refused(server: Server, venue: Venue) -> None:
    server.script("GET", INFO, refused(-1121))
    assert (await stop(venue)).code == "-1121"


async def test_a_stop_without_debt_repays_nothing(server: Server, venue: Venue) -> None:
    await venue.account.balances(BTC, Lane.READ)
    server.script("POST", ORDER, said(RESTS))
    await stop(venue)
    assert sent(server).params["sideEffectType"] == "NO_SIDE_EFFECT"


async def test_a_stop_does_not_fail_on_balances_nobody_tells(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, Reply(status=502))
    server.script("POST", ORDER, said(RESTS))
    report = await stop(venue)
    assert report.status is ReportStatus.ACCEPTED
    assert report.venue_order_id == "28"
    assert sent(server).params["sideEffectType"] == "AUTO_REPAY"


async def test_a_limit_too_far_from_the_index_is_refused_here(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, said(account_of(indexPrice="66188.24")))
    await venue.account.balances(BTC, Lane.READ)
    assert (await stop(venue)).code == "PRICE_FAR_FROM_INDEX"
    assert server.asked("POST", ORDER) == []


async def test_a_limit_at_the_edge_of_the_index_band_goes(server: Server, venue: Venue) -> None:
    # The limit, 56260, is 85 % of 66188.2352…
    server.script("GET", ACCOUNT, said(account_of(indexPrice="66188.23")))
    server.script("POST", ORDER, said(RESTS))
    assert (await stop(venue)).status is ReportStatus.ACCEPTED


async def test_a_stop_that_buys_more_than_is_owed_is_refused(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, said(account_of(SHORT)))
    order = attrs.evolve(exit_of(BUY, "0.02"), stop_price=Price(62_000))
    assert (await venue.execution.submit(order)).code == "EXCEEDS_POSITION"


async def test_a_stop_waits_out_a_loan_being_booked(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, refused(-3007), refused(-3007), said(RESTS))
    assert (await stop(venue)).status is ReportStatus.ACCEPTED
    assert venue.clock.slept == [125_000_000, 250_000_000]


async def test_a_stop_that_was_not_heard_of_is_in_doubt_and_sent_once(
    server: Server, venue: Venue
) -> None:
    server.script("POST", ORDER, Reply(status=504))
    with pytest.raises(InDoubtError):
        await stop(venue)
    assert len(server.asked("POST", ORDER)) == 1


def test_the_venue_says_that_stops_rest() -> None:
    assert CAPABILITIES.resting_stops


# ---------------------------------------------------------------------------------- cancels


async def test_an_order_canceled_before_it_was_sent_is_never_sent(
    server: Server, venue: Venue
) -> None:
    async with venue.execution.gate(BTC):
        waiting = asyncio.ensure_future(stop(venue))
        await asyncio.sleep(0)
        canceled = await venue.execution.cancel(BTC, ORDER_ID)
        assert (canceled.status, canceled.code) == (ReportStatus.CANCELED, "WITHDRAWN")
    report = await waiting
    assert (report.status, report.code) == (ReportStatus.REJECTED, "WITHDRAWN")
    assert server.asked("POST", ORDER) == []
    assert server.asked("DELETE", ORDER) == []


async def test_an_order_canceled_between_two_tries_is_not_sent_again(
    server: Server, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script("POST", ORDER, refused(-3007))

    async def sleep_until(_: int) -> None:
        await venue.execution.cancel(BTC, ORDER_ID)

    monkeypatch.setattr(venue.clock, "sleep_until", sleep_until)
    assert (await stop(venue)).code == "WITHDRAWN"
    assert len(server.asked("POST", ORDER)) == 1


async def test_an_order_canceled_on_its_way_is_canceled_when_it_has_arrived(
    server: Server, venue: Venue
) -> None:
    server.script("POST", ORDER, Reply(hang=True))
    canceled = order_answer(
        status="CANCELED", executedQty="0", origClientOrderId=ORDER_ID, clientOrderId="x"
    )
    server.script("DELETE", ORDER, NO_ORDER, said(canceled))
    slow = Venue(server, total_s=0.4)
    sending = asyncio.ensure_future(stop(slow))
    await asyncio.sleep(0.2)
    report = await slow.execution.cancel(BTC, ORDER_ID)
    assert report.status is ReportStatus.CANCELED
    assert len(server.asked("DELETE", ORDER)) == 2
    with pytest.raises(InDoubtError):
        await sending
    await slow.rest.close()


async def test_canceling_what_is_nowhere_asks_once(server: Server, venue: Venue) -> None:
    server.script("DELETE", ORDER, NO_ORDER)
    server.script("GET", ORDER, refused(-2013, "Order does not exist."))
    report = await venue.execution.cancel(BTC, ORDER_ID)
    assert report.status is ReportStatus.NOT_FOUND
    assert len(server.asked("DELETE", ORDER)) == 1


async def test_a_stop_canceled_when_partly_executed_tells_its_executions(
    server: Server, venue: Venue
) -> None:
    answer = order_answer(
        status="CANCELED", executedQty="0.004", origClientOrderId=ORDER_ID, clientOrderId="x"
    )
    server.script("DELETE", ORDER, said(answer))
    server.script("GET", TRADES, said([trade(7, qty="0.004", isBuyer=False)]))
    report = await venue.execution.cancel(BTC, ORDER_ID)
    assert (report.status, report.filled_qty) == (ReportStatus.CANCELED, Quantity("0.004"))
    assert [fill.trade_id for fill in report.fills] == ["7"]
    assert report.venue_order_id == "28"


PERSONS = ClientOrderId("web_" + "0123456789abcdef" * 2)
LEG = {"origClientOrderId": PERSONS, "orderId": 29, "executedQty": "0", "status": "CANCELED"}
OTHER_LEG = LEG | {"origClientOrderId": "web_other", "orderId": 30}


def order_list(*legs: dict[str, object]) -> Reply:
    reports = [order_answer(fills=[]) | leg for leg in legs]
    return said({"orderListId": 5, "symbol": "BTCUSDT", "orderReports": reports})


async def test_one_of_the_persons_two_linked_orders_is_canceled(
    server: Server, venue: Venue
) -> None:
    server.script("DELETE", ORDER, order_list(OTHER_LEG, LEG))
    report = await venue.execution.cancel(BTC, PERSONS)
    assert len(PERSONS) == 36
    assert server.asked("DELETE", ORDER)[0].params["origClientOrderId"] == PERSONS
    assert (report.client_order_id, report.venue_order_id) == (PERSONS, "29")
    assert report.status is ReportStatus.CANCELED


async def test_a_list_without_the_order_is_in_doubt(server: Server, venue: Venue) -> None:
    server.script("DELETE", ORDER, order_list(OTHER_LEG))
    with pytest.raises(InDoubtError):
        await venue.execution.cancel(BTC, PERSONS)


async def test_a_market_order_is_no_stop(server: Server, venue: Venue) -> None:
    await venue.execution.submit(new_order())
    assert "stopPrice" not in sent(server).params
