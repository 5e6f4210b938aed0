"""What is owed, the interest it cost, and paying it back."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import attrs
import pytest

from robson_connectors.binance import lending
from robson_connectors.binance.lending import HOUR_NS, BinanceLending
from robson_domain.errors import DefinitiveVenueError, InDoubtError, RetryableVenueError
from robson_domain.symbols import Side
from tests.connectors.binance.rest.kit import (
    ACCOUNT,
    BTC,
    NOW,
    SECOND,
    Reply,
    Script,
    Seen,
    Server,
    Venue,
    account_of,
    asset,
    refused,
    said,
)

REPAY = "/sapi/v1/margin/borrow-repay"
INTEREST = "/sapi/v1/margin/interestHistory"
DAY = 24 * HOUR_NS
OWED = account_of(
    asset("BTC", free="0.5", borrowed="0.2", interest="0.00000012"),
    asset("USDT", free="7", locked="3", borrowed="100", interest="0.25"),
)


def charge(at: int, amount: str = "0.01", kind: str = "PERIODIC", of: str = "USDT") -> object:
    return {"asset": of, "interest": amount, "interestAccuredTime": at // 1_000_000, "type": kind}


def pages(*charges: object) -> Script:
    """Answer as the venue does: newest first, what the times and the page ask for."""

    def answer(seen: Seen) -> Reply:
        params = {name: int(seen.params[name]) for name in ("startTime", "endTime", "current")}
        assert params["endTime"] - params["startTime"] <= 30 * DAY // 1_000_000
        rows = [
            each
            for each in charges
            if params["startTime"] <= each["interestAccuredTime"] <= params["endTime"]  # type: ignore[index]
            and each["asset"] == seen.params["asset"]  # type: ignore[index]
        ]
        rows = sorted(rows, key=lambda each: -each["interestAccuredTime"])  # type: ignore[index]
        first = (params["current"] - 1) * 100
        return said({"rows": rows[first : first + 100], "total": len(rows)})

    return answer


@pytest.fixture(autouse=True)
def owing(server: Server) -> None:
    server.script("GET", ACCOUNT, said(OWED))
    server.script("GET", INTEREST, pages())


async def interest(venue: Venue, since: int) -> Decimal:
    return (await venue.lending.debt(BTC, Side.LONG, since)).interest


# ------------------------------------------------------------------------------------ debt


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (Side.LONG, ("USDT", Decimal("100.25"), Decimal(7))),
        (Side.SHORT, ("BTC", Decimal("0.20000012"), Decimal("0.5"))),
    ],
)
async def test_a_long_owes_quote_and_a_short_base(
    venue: Venue, side: Side, expected: tuple[str, Decimal, Decimal]
) -> None:
    found = await venue.lending.debt(BTC, side, NOW)
    assert (found.asset, found.amount, found.free) == expected
    assert abs(found.ts_event - NOW) < SECOND
    assert found.interest == 0


async def test_debt_is_asked_for_every_time(server: Server, venue: Venue) -> None:
    await venue.holdings.pair(BTC)
    for _ in range(2):
        await venue.lending.debt(BTC, Side.LONG, NOW)
    assert len(server.asked("GET", ACCOUNT)) == 3


async def test_interest_is_summed_over_pages_and_spans(server: Server, venue: Venue) -> None:
    since = NOW - 40 * DAY
    charges = [charge(NOW - n * HOUR_NS) for n in range(40 * 24 + 5)]
    other = charge(NOW, "5", of="BTC")
    server.script("GET", INTEREST, pages(*charges, other))
    assert await interest(venue, since) == Decimal("0.01") * (40 * 24 + 1)
    assert len(server.asked("GET", INTEREST)) > 9


async def test_interest_counts_from_the_opening(server: Server, venue: Venue) -> None:
    since = NOW // HOUR_NS * HOUR_NS + 20 * 60 * SECOND
    hour = since // HOUR_NS * HOUR_NS
    venue.clock.now = since + SECOND
    counted = [
        charge(since, "1"),
        charge(since - 5 * SECOND, "2", "ON_BORROW"),
        charge(hour, "4", "ON_BORROW"),
        charge(hour, "8", "ON_BORROW_CONVERTED"),
    ]
    not_counted = [
        charge(hour, "16"),
        charge(since - 6 * SECOND, "32", "ON_BORROW"),
        charge(hour - 1_000_000, "64", "ON_BORROW"),
    ]
    server.script("GET", INTEREST, pages(*counted, *not_counted))
    assert await interest(venue, since) == 15


async def test_interest_is_asked_for_three_months_at_most(server: Server, venue: Venue) -> None:
    await interest(venue, 0)
    first = int(server.asked("GET", INTEREST)[0].params["startTime"]) * 1_000_000
    assert NOW - 90 * DAY < first < NOW - 88 * DAY


@pytest.mark.parametrize(
    "reply", [refused(-1102), refused(-2015), Reply(status=502), said({"odd": 1}), Reply(cut=True)]
)
async def test_interest_that_is_not_told_is_not_nothing(
    server: Server, venue: Venue, reply: Reply
) -> None:
    server.script("GET", INTEREST, reply)
    with pytest.raises(RetryableVenueError):
        await venue.lending.debt(BTC, Side.LONG, NOW)


async def test_pages_that_never_end_are_no_answer(
    server: Server, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lending, "PAGES_MAX", 3)
    server.script("GET", INTEREST, said({"rows": [charge(NOW)] * 100, "total": 1}))
    with pytest.raises(RetryableVenueError, match="do not end"):
        await venue.lending.debt(BTC, Side.LONG, NOW)


async def test_a_pair_that_is_not_there(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, said({"assets": []}))
    with pytest.raises(DefinitiveVenueError):
        await venue.lending.debt(BTC, Side.LONG, NOW)


# ----------------------------------------------------------------------------------- repay


async def test_a_repayment_on_the_wire(server: Server, venue: Venue) -> None:
    server.script("POST", REPAY, said({"tranId": 100000001}))
    await venue.lending.repay(BTC, "USDT", Decimal("100.123456789"))
    (seen,) = server.asked("POST", REPAY)
    assert seen.query.startswith(
        "asset=USDT&isIsolated=TRUE&symbol=BTCUSDT&amount=100.12345678&type=REPAY&"
    )


@pytest.mark.parametrize("amount", ["0", "-1", "0.000000009"])
async def test_less_than_the_smallest_amount_is_not_sent(
    server: Server, venue: Venue, amount: str
) -> None:
    with pytest.raises(DefinitiveVenueError, match="smallest"):
        await venue.lending.repay(BTC, "USDT", Decimal(amount))
    assert server.asked("POST", REPAY) == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refused(-3015, "Repay amount exceeds borrow amount."), DefinitiveVenueError),
        (refused(-3041, "Balance is not enough"), DefinitiveVenueError),
        (refused(-3044, "System busy"), RetryableVenueError),
        (refused(-1021, "Timestamp"), RetryableVenueError),
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
        await venue.lending.repay(BTC, "USDT", Decimal(5))
    assert len(server.asked("POST", REPAY)) == 1


async def test_a_repayment_waits_out_a_loan_being_booked(server: Server, venue: Venue) -> None:
    server.script("POST", REPAY, refused(-3007), refused(-3007), said({"tranId": 1}))
    await venue.lending.repay(BTC, "USDT", Decimal(5))
    assert len(server.asked("POST", REPAY)) == 3
    server.script("POST", REPAY, refused(-3007))
    with pytest.raises(RetryableVenueError):
        await venue.lending.repay(BTC, "USDT", Decimal(5))
    assert len(server.asked("POST", REPAY)) == 7


async def test_a_repayment_waits_for_an_entry_on_its_way(server: Server, venue: Venue) -> None:
    server.script("POST", REPAY, said({"tranId": 1}))
    async with venue.execution.gate(BTC):
        paying = asyncio.ensure_future(venue.lending.repay(BTC, "USDT", Decimal(5)))
        await asyncio.sleep(0.05)
        assert server.asked("POST", REPAY) == []
    await paying


async def test_balances_from_before_a_repayment_are_not_used_after_it(
    server: Server, venue: Venue
) -> None:
    server.script("POST", REPAY, said({"tranId": 1}))
    await venue.holdings.pair(BTC)
    await venue.lending.repay(BTC, "USDT", Decimal(5))
    assert venue.account.recent(BTC, DAY) is None


async def test_who_only_reads_repays_nothing(server: Server, venue: Venue) -> None:
    reader = BinanceLending(attrs.evolve(venue.lending._parts, is_read_only=True))
    with pytest.raises(DefinitiveVenueError, match="not sent"):
        await reader.repay(BTC, "USDT", Decimal(5))
    assert server.seen == []


async def test_liquidations(server: Server, venue: Venue) -> None:
    path = "/sapi/v1/margin/forceLiquidationRec"
    server.script("GET", path, said({"rows": [], "total": 0}))
    assert await venue.lending.liquidations(BTC) == ()
    assert server.seen[-1].params["isolatedSymbol"] == "BTCUSDT"
