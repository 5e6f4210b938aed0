"""Orders on the wire, and what becomes of them."""

from __future__ import annotations

import asyncio

import pytest

from robson_connectors.binance.pools import Lane
from robson_connectors.binance.signing import ApiKeys
from robson_domain.errors import InDoubtError, RetryableVenueError
from robson_domain.reports import ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Quantity
from tests.connectors.binance.rest.kit import (
    ACCOUNT,
    BTC,
    BUY,
    IN_DEBT,
    INFO,
    KEY,
    NOW,
    ORDER,
    ORDER_ID,
    SECOND,
    SECRET,
    SELL,
    SHORT,
    STAMP,
    TRADES,
    Reply,
    Server,
    Venue,
    account_of,
    asset,
    effect,
    exchange_info,
    exit_of,
    new_order,
    order_answer,
    refused,
    said,
    sent,
    trade,
)

# ------------------------------------------------------------------------- byte for byte


def signed_target(path: str, payload: str) -> str:
    return f"{path}?{payload}&signature={ApiKeys(KEY, SECRET).signature(payload)}"


async def test_an_entry_byte_for_byte(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, said(account_of(quote=asset("USDT", free="100"))))
    await venue.execution.submit(new_order())
    assert sent(server).target == signed_target(
        ORDER,
        "symbol=BTCUSDT&isIsolated=TRUE&side=BUY&type=MARKET&quantity=0.01"
        f"&newClientOrderId={ORDER_ID}&newOrderRespType=FULL&sideEffectType=MARGIN_BUY{STAMP}",
    )
    assert sent(server).body == b""


async def test_a_cancel_byte_for_byte(server: Server, venue: Venue) -> None:
    answer = order_answer(
        origClientOrderId=ORDER_ID, clientOrderId="x", status="CANCELED", executedQty="0",
        orderId="28", fills=[],
    )  # fmt: skip
    server.script("DELETE", ORDER, said(answer))
    report = await venue.execution.cancel(BTC, ORDER_ID)
    (seen,) = server.asked("DELETE", ORDER)
    assert seen.target == signed_target(
        ORDER, f"symbol=BTCUSDT&isIsolated=TRUE&origClientOrderId={ORDER_ID}{STAMP}"
    )
    assert (report.status, report.client_order_id) == (ReportStatus.CANCELED, ORDER_ID)


async def test_questions_byte_for_byte(server: Server, venue: Venue) -> None:
    server.script("GET", TRADES, said([trade(7)]))
    await venue.execution.query_order(BTC, ORDER_ID)
    await venue.account.balances(BTC, Lane.READ)
    window = STAMP.replace("3000", "5000")
    about = "symbol=BTCUSDT&isIsolated=TRUE"
    targets = [seen.target for seen in server.seen if "time" not in seen.path]
    assert targets == [
        signed_target(ORDER, f"{about}&origClientOrderId={ORDER_ID}{window}"),
        signed_target(TRADES, f"{about}&orderId=28&fromId=0&limit=1000{window}"),
        signed_target(ACCOUNT, f"symbols=BTCUSDT{window}"),
    ]


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("reduces", [False, True])
async def test_every_order_names_the_isolated_account(
    server: Server, venue: Venue, side: OrderSide, reduces: bool
) -> None:
    server.script("GET", ACCOUNT, said(account_of(base=asset("BTC", borrowed="0.01"))))
    await venue.execution.submit(new_order(side, reduces=reduces))
    params = sent(server).params
    assert (params["isIsolated"], params["newOrderRespType"]) == ("TRUE", "FULL")
    assert not reduces or params["sideEffectType"] in ("AUTO_REPAY", "NO_SIDE_EFFECT")


# ---------------------------------------------------------------------------- side effects


@pytest.mark.parametrize(
    ("side", "account", "expected"),
    [
        (BUY, account_of(quote=asset("USDT", free="612")), "NO_SIDE_EFFECT"),
        (BUY, account_of(quote=asset("USDT", free="611.99")), "MARGIN_BUY"),
        (BUY, account_of(indexPrice="0"), "MARGIN_BUY"),
        (SELL, account_of(base=asset("BTC", free="0.01")), "NO_SIDE_EFFECT"),
        (SELL, account_of(base=asset("BTC", free="0.00999")), "MARGIN_BUY"),
        (SELL, account_of(), "MARGIN_BUY"),
    ],
)
async def test_an_entry_borrows_only_what_is_missing(
    server: Server, venue: Venue, side: OrderSide, account: object, expected: str
) -> None:
    server.script("GET", ACCOUNT, said(account))
    await venue.execution.submit(new_order(side))
    assert effect(server) == expected


async def test_an_entry_uses_the_snapshot_it_was_decided_on(server: Server, venue: Venue) -> None:
    await venue.execution.account(BTC)
    await venue.execution.submit(new_order())
    assert len(server.asked("GET", ACCOUNT)) == 1
    venue.clock.now += SECOND
    await venue.execution.submit(new_order())
    assert len(server.asked("GET", ACCOUNT)) == 2


async def test_an_old_snapshot_is_read_again(server: Server, venue: Venue) -> None:
    await venue.execution.account(BTC)
    venue.clock.now += 4 * SECOND
    await venue.execution.submit(new_order())
    assert len(server.asked("GET", ACCOUNT)) == 2


async def test_selling_to_exit_asks_nothing_and_repays_what_may_be_owed(
    server: Server, venue: Venue
) -> None:
    await venue.market.instrument(BTC)
    server.seen.clear()
    await venue.execution.submit(exit_of())
    assert [seen.path for seen in server.seen if seen.path != "/api/v3/time"] == [ORDER]
    assert effect(server) == "AUTO_REPAY"


@pytest.mark.parametrize(
    ("quote", "expected"),
    [(asset("USDT", free="5"), "NO_SIDE_EFFECT"), (IN_DEBT, "AUTO_REPAY")],
)
async def test_what_is_known_decides_whether_an_exit_repays(
    server: Server, venue: Venue, quote: dict[str, object], expected: str
) -> None:
    server.script("GET", ACCOUNT, said(account_of(quote=quote)))
    await venue.holdings.pair(BTC)
    venue.clock.now += SECOND
    await venue.execution.submit(exit_of())
    assert effect(server) == expected


async def test_what_was_known_before_an_order_counts_no_more(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, said(account_of()))
    await venue.holdings.pair(BTC)
    venue.clock.now += SECOND
    await venue.execution.submit(new_order())
    venue.clock.now += SECOND
    await venue.execution.submit(exit_of())
    assert effect(server) == "AUTO_REPAY"


async def test_covering_asks_what_is_owed(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, said(account_of(base=SHORT)))
    report = await venue.execution.submit(exit_of(BUY))
    assert (report.status, effect(server)) == (ReportStatus.FILLED, "AUTO_REPAY")


@pytest.mark.parametrize("reply", [Reply(status=503), Reply(cut=True), refused(-21003)])
async def test_covering_goes_on_when_nobody_says_what_is_owed(
    server: Server, venue: Venue, reply: Reply
) -> None:
    server.script("GET", ACCOUNT, reply)
    report = await venue.execution.submit(exit_of(BUY))
    assert (report.status, effect(server)) == (ReportStatus.FILLED, "AUTO_REPAY")
    assert len(server.asked("GET", ACCOUNT)) == 1


@pytest.mark.parametrize(
    ("owed", "held", "code"),
    [
        ("0", "0", "NOTHING_TO_REDUCE"),
        ("0.005", "0", "EXCEEDS_POSITION"),
        ("0.00991", "0", ""),
        ("0.00980", "0", "EXCEEDS_POSITION"),
        # Bought back by hand without repaying: the debt stands, and the short is over.
        ("0.01", "0.01", "NOTHING_TO_REDUCE"),
        ("0.01", "0.004", "EXCEEDS_POSITION"),
        ("0.01", "0.00009", ""),
    ],
)
async def test_no_more_is_covered_than_is_owed(
    server: Server, venue: Venue, owed: str, held: str, code: str
) -> None:
    account = account_of(base=asset("BTC", free=held, borrowed=owed))
    server.script("GET", ACCOUNT, said(account))
    report = await venue.execution.submit(exit_of(BUY, "0.01"))
    assert report.code == code
    assert len(server.asked("POST", ORDER)) == (0 if code else 1)


async def test_without_an_index_price_dust_is_a_step(server: Server, venue: Venue) -> None:
    account = account_of(base=asset("BTC", borrowed="0.00998"), indexPrice="0")
    server.script("GET", ACCOUNT, said(account))
    assert (await venue.execution.submit(exit_of(BUY))).code == ""
    account = account_of(base=asset("BTC", borrowed="0.00997"), indexPrice="0")
    server.script("GET", ACCOUNT, said(account))
    assert (await venue.execution.submit(exit_of(BUY))).code == "EXCEEDS_POSITION"


# -------------------------------------------------------------------------------- answers


async def test_a_fill_is_told_with_its_times(venue: Venue) -> None:
    report = await venue.execution.submit(new_order())
    assert (report.status, report.filled_qty) == (ReportStatus.FILLED, Quantity("0.01"))
    assert [fill.trade_id for fill in report.fills] == ["7"]
    assert report.ts_signed == NOW - 200_000_000
    assert report.ts_event == NOW


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": True},
        [],
        order_answer(symbol="ETHUSDT"),
        order_answer(clientOrderId="another"),
        order_answer(status="WHAT"),
    ],
)
async def test_an_answer_nobody_understands_leaves_the_order_in_doubt(
    server: Server, venue: Venue, answer: object
) -> None:
    server.script("POST", ORDER, said(answer))
    with pytest.raises(InDoubtError):
        await venue.execution.submit(new_order())


async def test_a_refusal_is_a_report(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, refused(-2010, "Account has insufficient balance."))
    report = await venue.execution.submit(exit_of())
    assert (report.status, report.code) == (ReportStatus.REJECTED, "-2010")
    assert report.message == "Account has insufficient balance."
    assert report.ts_signed == NOW - 200_000_000


async def test_an_order_refused_in_a_good_answer_has_a_code(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, said(order_answer(status="REJECTED", executedQty="0", fills=[])))
    report = await venue.execution.submit(new_order())
    assert (report.status, report.code) == (ReportStatus.REJECTED, "REJECTED")


async def test_a_market_order_may_expire_partly_filled(server: Server, venue: Venue) -> None:
    answer = order_answer(status="EXPIRED", executedQty="0.004", fills=[])
    server.script("POST", ORDER, said(answer))
    report = await venue.execution.submit(exit_of())
    assert (report.status, report.filled_qty) == (ReportStatus.EXPIRED, Quantity("0.004"))


@pytest.mark.parametrize("reduces", [False, True])
@pytest.mark.parametrize(
    ("quantity", "code"), [("0.000015", "QUANTITY_OFF_GRID"), ("0.00002", "NOTIONAL_BELOW_MIN")]
)
async def test_filters_are_checked_before_sending(
    server: Server, venue: Venue, reduces: bool, quantity: str, code: str
) -> None:
    await venue.holdings.pair(BTC)
    venue.clock.now += SECOND
    report = await venue.execution.submit(new_order(SELL, quantity, reduces=reduces))
    assert (report.status, report.code) == (ReportStatus.REJECTED, code)
    assert server.asked("POST", ORDER) == []


async def test_a_pair_that_does_not_exist_is_refused(server: Server, venue: Venue) -> None:
    for reply in (refused(-1121, "Invalid symbol."), said({"symbols": []})):
        server.script("GET", INFO, reply)
        for reduces in (False, True):
            order = new_order(SELL, reduces=reduces, symbol=Symbol("NOSUCHUSDT"))
            report = await venue.execution.submit(order)
            assert report.status is ReportStatus.REJECTED
            assert report.code in ("-1121", "UNKNOWN_SYMBOL")
    assert server.asked("POST", ORDER) == []


async def test_an_entry_without_rules_is_not_sent(server: Server, venue: Venue) -> None:
    for reply in (Reply(status=500), refused(-2015)):
        server.script("GET", INFO, reply)
        with pytest.raises(RetryableVenueError):
            await venue.execution.submit(new_order())
    assert server.asked("POST", ORDER) == []


@pytest.mark.parametrize("reply", [Reply(status=500), refused(-2015), Reply(status=404)])
async def test_an_exit_without_rules_is_sent(server: Server, venue: Venue, reply: Reply) -> None:
    server.script("GET", INFO, reply)
    report = await venue.execution.submit(exit_of())
    assert report.status is ReportStatus.FILLED


async def test_only_fresh_rules_refuse_an_exit(server: Server, venue: Venue) -> None:
    server.script("GET", INFO, said(exchange_info(status="BREAK")), said(exchange_info()))
    report = await venue.execution.submit(new_order())
    assert report.code == "PAIR_HALTED"
    assert (await venue.execution.submit(exit_of())).status is ReportStatus.FILLED
    server.script("GET", INFO, said(exchange_info(status="BREAK")))
    venue.clock.now += 4000 * SECOND
    assert (await venue.execution.submit(new_order())).code == "PAIR_HALTED"
    assert (await venue.execution.submit(exit_of())).code == "PAIR_HALTED"


# ------------------------------------------------------------------------------ repetition


async def test_a_loan_being_booked_is_waited_for(server: Server, venue: Venue) -> None:
    pending = refused(-3007, "You have pending transaction, please try again later.")
    server.script("POST", ORDER, pending, pending, said(order_answer()))
    before = venue.clock.now_ns()
    report = await venue.execution.submit(exit_of())
    assert report.status is ReportStatus.FILLED
    assert len({seen.params["newClientOrderId"] for seen in server.asked("POST", ORDER)}) == 1
    assert venue.clock.now_ns() - before == SECOND * 3 // 8


async def test_it_is_not_waited_for_for_ever(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, refused(-3007))
    report = await venue.execution.submit(exit_of())
    assert (report.status, report.code) == (ReportStatus.REJECTED, "-3007")
    assert len(server.asked("POST", ORDER)) == 4


async def test_an_entry_is_never_repeated(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, refused(-3007), said(order_answer()))
    report = await venue.execution.submit(new_order())
    assert (report.status, report.code) == (ReportStatus.REJECTED, "-3007")
    assert len(server.asked("POST", ORDER)) == 1


@pytest.mark.parametrize(
    "reply",
    [Reply(cut=True), Reply(status=502), refused(-1007), refused(-2010, "Duplicate order sent.")],
)
async def test_what_may_have_arrived_is_never_repeated(
    server: Server, venue: Venue, reply: Reply
) -> None:
    server.script("POST", ORDER, refused(-3007), reply, said(order_answer()))
    with pytest.raises(InDoubtError):
        await venue.execution.submit(exit_of())
    assert len(server.asked("POST", ORDER)) == 2


async def test_a_refused_timestamp_is_not_sent_again(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, refused(-1021))
    report = await venue.execution.submit(exit_of())
    assert (report.status, report.code) == (ReportStatus.REJECTED, "-1021")
    assert len(server.asked("POST", ORDER)) == 1


# --------------------------------------------------------------------------- one at a time


async def test_entries_of_a_pair_go_one_by_one_and_exits_pass(server: Server) -> None:
    venue = Venue(server, total_s=0.6)
    await venue.market.instrument(BTC)
    await venue.holdings.pair(BTC)
    venue.clock.now += SECOND
    server.script("POST", ORDER, Reply(hang=True), said(order_answer()))
    hanging = asyncio.ensure_future(venue.execution.submit(new_order()))
    await asyncio.sleep(0.1)
    second = asyncio.ensure_future(venue.execution.submit(new_order()))
    await asyncio.sleep(0.1)
    assert len(server.asked("POST", ORDER)) == 1
    report = await asyncio.wait_for(venue.execution.submit(exit_of()), 0.3)
    assert report.status is ReportStatus.FILLED
    with pytest.raises(InDoubtError):
        await hanging
    assert (await second).status is ReportStatus.FILLED
    await venue.rest.close()
