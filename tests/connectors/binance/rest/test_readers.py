"""Pages of trades, holdings, bars, and what is remembered of slow answers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson_connectors.binance import trades as trades_module
from robson_connectors.binance.account import AccountSettings
from robson_connectors.binance.pools import Lane
from robson_domain.errors import DefinitiveVenueError, RetryableVenueError
from robson_domain.holdings import RestingKind
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.symbols import Symbol
from robson_domain.values import Price, Quantity
from tests.connectors.binance.rest.kit import (
    ACCOUNT,
    BTC,
    NOW,
    OPEN,
    ORDER,
    ORDER_ID,
    SECOND,
    TRADES,
    Reply,
    Seen,
    Server,
    Venue,
    account_of,
    asset,
    exchange_info,
    order_answer,
    refused,
    said,
    trade,
)

MS = 1_000_000
BORROWABLE = "/sapi/v1/margin/maxBorrowable"
TIERS = "/sapi/v1/margin/isolatedMarginTier"
BURN, FEE = "/sapi/v1/bnbBurn", "/sapi/v1/asset/tradeFee"
INFO, AGG, KLINES = "/api/v3/exchangeInfo", "/api/v3/aggTrades", "/api/v3/klines"


class Book:
    """Answers pages of numbered rows as the venue does: from an id, in order, a page long."""

    def __init__(self, count: int, key: str, orders: int = 3) -> None:
        self.count = count
        self.key = key
        self.orders = orders

    def __call__(self, seen: Seen) -> Reply:
        first = int(seen.params.get("fromId", "0"))
        limit = int(seen.params["limit"])
        found = [self.one(n) for n in range(max(first, 1), self.count + 1)]
        wanted = seen.params.get("orderId")
        found = [each for each in found if wanted in (None, str(each.get("orderId")))]
        return said(found[:limit])

    def one(self, number: int) -> dict[str, object]:
        if self.key == "a":
            return {"a": number, "p": "60000.01", "q": "0.001", "T": number, "f": 1, "l": 1}
        return trade(number, 1 + number % self.orders)


def named(seen: Seen) -> Reply:
    number = seen.params["orderId"]
    return said(order_answer(orderId=int(number), clientOrderId=f"robson_core_{number}"))


# ---------------------------------------------------------------------------------- trades


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
async def test_every_page_is_fetched(server: Server, venue: Venue, count: int) -> None:
    server.script("GET", TRADES, Book(count, "id"))
    server.script("GET", ORDER, named)
    found = await venue.holdings.trades(BTC, None)
    assert [each.fill.trade_id for each in found] == [str(n) for n in range(1, count + 1)]
    assert {each.client_order_id for each in found} <= {f"robson_core_{n}" for n in (1, 2, 3)}


async def test_after_a_trade_it_is_not_told_again(server: Server, venue: Venue) -> None:
    server.script("GET", TRADES, said([trade(5), trade(6), trade(7)]))
    found = await venue.holdings.trades(BTC, TradeId("5"))
    assert [each.fill.trade_id for each in found] == ["6", "7"]


async def test_pages_that_do_not_move_on_are_no_answer(server: Server, venue: Venue) -> None:
    server.script("GET", TRADES, said([trade(n) for n in range(1, 1001)]))
    with pytest.raises(RetryableVenueError):
        await venue.holdings.trades(BTC, TradeId("4000"))
    server.script("GET", AGG, said([Book(1, "a").one(n) for n in range(1, 1001)]))
    with pytest.raises(RetryableVenueError):
        await venue.market.trades_since(BTC, 4000)


async def test_an_id_of_another_venue(venue: Venue) -> None:
    with pytest.raises(DefinitiveVenueError):
        await venue.holdings.trades(BTC, TradeId("abc"))


async def test_an_order_of_many_fills_is_told_whole(server: Server, venue: Venue) -> None:
    server.script("GET", TRADES, Book(1500, "id", orders=1))
    server.script("GET", ORDER, said(order_answer(orderId=1, fills=[])))
    report = await venue.execution.query_order(BTC, ORDER_ID)
    assert len({fill.trade_id for fill in report.fills}) == 1500


async def test_names_are_asked_once(server: Server, venue: Venue) -> None:
    server.script("GET", TRADES, Book(9, "id"))
    server.script("GET", ORDER, named)
    await venue.holdings.trades(BTC, None)
    await venue.holdings.trades(BTC, None)
    assert len(server.asked("GET", ORDER)) == 3


async def test_names_that_answers_told_are_not_asked(server: Server, venue: Venue) -> None:
    server.script("GET", TRADES, said([trade(7)]))
    await venue.execution.query_order(BTC, ORDER_ID)
    server.seen.clear()
    (found,) = await venue.holdings.trades(BTC, None)
    assert (found.client_order_id, server.asked("GET", ORDER)) == (ORDER_ID, [])


async def test_only_the_newest_names_are_asked(
    server: Server, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trades_module, "NAMES_ASKED_MAX", 2)
    server.script("GET", TRADES, said([trade(1, 1), trade(2, 2), trade(3, 3)]))
    server.script("GET", ORDER, named)
    found = await venue.holdings.trades(BTC, None)
    assert [each.client_order_id for each in found] == ["", "robson_core_2", "robson_core_3"]


@pytest.mark.parametrize("code", [-2013, -2026])
async def test_an_order_that_is_forgotten_has_no_name(
    server: Server, venue: Venue, code: int
) -> None:
    server.script("GET", TRADES, said([trade(7)]))
    server.script("GET", ORDER, refused(code))
    (found,) = await venue.holdings.trades(BTC, None)
    assert found.client_order_id == ""


async def test_a_refused_name_is_no_empty_one(server: Server, venue: Venue) -> None:
    server.script("GET", TRADES, said([trade(7)]))
    server.script("GET", ORDER, refused(-2015))
    with pytest.raises(RetryableVenueError):
        await venue.holdings.trades(BTC, None)


async def test_the_oldest_names_are_dropped(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trades_module, "_NAMES_KEPT", 2)
    for number in range(4):
        venue.trades.learn(BTC, str(number), ClientOrderId("a"))
    venue.trades.learn(BTC, "", ClientOrderId("a"))
    assert [name for _, name in venue.trades._names] == ["2", "3"]


# -------------------------------------------------------------------------------- holdings


async def test_all_pairs_that_exist_and_have_a_name(server: Server, venue: Venue) -> None:
    pair = account_of()["assets"][0]  # type: ignore[index]
    content = {"assets": [pair, pair | {"symbol": "BTCPLN"}, pair | {"isolatedCreated": False}]}
    server.script("GET", ACCOUNT, said(content))
    (found,) = await venue.holdings.pairs()
    assert (found.symbol, found.quote.free) == (BTC, Decimal(1000))
    assert "symbols" not in server.seen[-1].params


async def test_five_pairs_a_question(server: Server, venue: Venue) -> None:
    symbols = [Symbol(f"{name}USDT") for name in ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")]
    server.script("GET", ACCOUNT, said({"assets": []}))
    assert await venue.account.several(symbols, Lane.POLL) == ()
    asked = [seen.params["symbols"] for seen in server.asked("GET", ACCOUNT)]
    assert asked == ["AAAUSDT,BBBUSDT,CCCUSDT,DDDUSDT,EEEUSDT", "FFFUSDT"]
    assert "%2C" in server.asked("GET", ACCOUNT)[0].target


async def test_a_failed_read_is_no_empty_account(server: Server, venue: Venue) -> None:
    for reply in (Reply(status=500), said({}), said({"assets": {}}), said([])):
        server.script("GET", ACCOUNT, reply)
        with pytest.raises(RetryableVenueError):
            await venue.holdings.pairs()


async def test_a_pair_the_account_does_not_have(server: Server, venue: Venue) -> None:
    server.script("GET", ACCOUNT, said({"assets": []}))
    with pytest.raises(DefinitiveVenueError):
        await venue.holdings.pair(BTC)
    other = account_of(base=asset("ETH"), symbol="ETHUSDT")
    server.script("GET", ACCOUNT, said(other))
    with pytest.raises(DefinitiveVenueError):
        await venue.holdings.pair(BTC)
    server.script("GET", ACCOUNT, refused(-11001, "Isolated margin account doesn't exist."))
    with pytest.raises(DefinitiveVenueError):
        await venue.holdings.pair(BTC)


async def test_what_rests_on_the_pair(server: Server, venue: Venue) -> None:
    row = {
        "symbol": "BTCUSDT", "orderId": 5, "clientOrderId": "web_1", "price": "61000.00",
        "origQty": "0.3", "executedQty": "0.1", "status": "NEW", "side": "SELL", "type": "LIMIT",
        "stopPrice": "0", "time": 1000,
    }  # fmt: skip
    server.script("GET", OPEN, said([row]))
    (found,) = await venue.holdings.resting_orders(BTC)
    assert (found.kind, found.leaves_qty, found.price) == (
        RestingKind.LIMIT, Quantity("0.2"), Price(61000),
    )  # fmt: skip
    assert server.seen[-1].params["isIsolated"] == "TRUE"


# ------------------------------------------------------------------------------ remembered


async def test_what_is_lent_is_remembered_for_half_a_minute(server: Server, venue: Venue) -> None:
    await venue.execution.account(BTC)
    await venue.execution.account(BTC)
    assert len(server.asked("GET", BORROWABLE)) == 2
    venue.clock.now += 31 * SECOND
    await venue.execution.account(BTC)
    assert len(server.asked("GET", BORROWABLE)) == 4
    venue.account.changed(BTC)
    await venue.execution.account(BTC)
    assert len(server.asked("GET", BORROWABLE)) == 6
    for path in (TIERS, FEE, BURN):
        assert len(server.asked("GET", path)) == 1


async def test_a_snapshot_does_not_fail_for_its_terms(server: Server, venue: Venue) -> None:
    for path in (BORROWABLE, TIERS, FEE, BURN):
        server.script("GET", path, refused(-2015))
    found = await venue.execution.account(BTC)
    assert (found.borrowable_base, found.borrowable_quote.value) == (Quantity(0), Decimal(0))
    assert (found.leverage_max, found.liquidation_level) == (1, Decimal("1.25"))
    assert (found.taker_fee_rate, found.commission_in_base) == (Decimal("0.001"), True)


async def test_terms_known_once_outlive_their_source(server: Server, venue: Venue) -> None:
    await venue.execution.account(BTC)
    for path in (BORROWABLE, TIERS, FEE, BURN):
        server.script("GET", path, Reply(status=500))
    venue.clock.now += 7200 * SECOND
    found = await venue.execution.account(BTC)
    assert (found.borrowable_base, found.leverage_max) == (Quantity("1.5"), 10)
    assert found.taker_fee_rate == Decimal("0.00075")


async def test_a_pair_without_tiers_is_not_leveraged(server: Server, venue: Venue) -> None:
    server.script("GET", TIERS, said([]))
    server.script("GET", FEE, said([{"symbol": "ETHUSDT", "takerCommission": "0.1"}]))
    found = await venue.execution.account(BTC)
    assert (found.leverage_max, found.taker_fee_rate) == (1, Decimal("0.001"))


@pytest.mark.parametrize(
    ("burns", "in_base", "fee"), [(True, False, "0"), (False, True, "0.00075")]
)
async def test_bnb_pays_or_not(
    server: Server, venue: Venue, burns: bool, in_base: bool, fee: str
) -> None:
    assert venue.account.known_fee_in_base(BTC) == Decimal("0.001")
    server.script("GET", BURN, said({"spotBNBBurn": burns, "interestBNBBurn": False}))
    found = await venue.execution.account(BTC)
    assert found.commission_in_base is in_base
    assert venue.account.known_fee_in_base(BTC) == Decimal(fee)


async def test_what_the_person_says_is_not_asked(server: Server) -> None:
    settings = AccountSettings(taker_fee_rate=Decimal("0.0004"), commission_in_base=False)
    venue = Venue(server, settings=settings)
    found = await venue.execution.account(BTC)
    assert (found.taker_fee_rate, found.commission_in_base) == (Decimal("0.0004"), False)
    assert venue.account.known_fee_in_base(BTC) == 0
    assert not server.asked("GET", FEE) + server.asked("GET", BURN)
    await venue.rest.close()


async def test_without_an_index_price_only_quote_is_collateral(
    server: Server, venue: Venue
) -> None:
    server.script("GET", ACCOUNT, said(account_of(indexPrice="0")))
    assert (await venue.execution.account(BTC)).collateral.value == 1000


# ---------------------------------------------------------------------------------- market


async def test_rules_are_remembered_for_an_hour(server: Server, venue: Venue) -> None:
    await venue.market.instrument(BTC)
    await venue.market.instrument(BTC)
    assert len(server.asked("GET", INFO)) == 1
    venue.clock.now += 3601 * SECOND
    server.script("GET", INFO, Reply(status=500))
    assert (await venue.market.instrument(BTC)).symbol == BTC
    assert len(server.asked("GET", INFO)) > 1


async def test_a_pair_that_is_not_there(server: Server, venue: Venue) -> None:
    server.script("GET", INFO, said(exchange_info(symbol="ETHUSDT")))
    with pytest.raises(DefinitiveVenueError):
        await venue.market.instrument(BTC)


@pytest.mark.parametrize("count", [0, 5, 1000, 2300])
async def test_missed_trades_up_to_now(server: Server, venue: Venue, count: int) -> None:
    server.script("GET", AGG, Book(count + 10, "a"))
    found = await venue.market.trades_since(BTC, 10)
    assert [tick.trade_id for tick in found] == list(range(11, count + 11))


async def test_a_gap_too_long_is_not_filled(
    server: Server, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    from robson_connectors.binance import market_rest

    monkeypatch.setattr(market_rest, "_PAGES_MAX", 2)
    server.script("GET", AGG, Book(2500, "a"))
    with pytest.raises(DefinitiveVenueError):
        await venue.market.trades_since(BTC, 1)


async def test_where_nothing_was_seen_the_latest_trades_are_told(
    server: Server, venue: Venue
) -> None:
    server.script("GET", AGG, said([Book(2500, "a").one(n) for n in range(1501, 2501)]))
    found = await venue.market.trades_since(BTC, 0)
    assert [tick.trade_id for tick in found] == list(range(1501, 2501))
    (asked,) = server.asked("GET", AGG)
    assert asked.params == {"symbol": "BTCUSDT", "limit": "1000"}


MINUTE = 60 * SECOND


def klines(seen: Seen) -> Reply:
    """Answer minutes up to the end asked for, or to the one that is forming, 1,500 at most."""
    first = NOW // MINUTE - 1500
    last = NOW // MINUTE if "endTime" not in seen.params else _minute(seen.params["endTime"])
    limit = int(seen.params["limit"])
    rows = [
        [n * 60_000, "1", "2", "0.5", str(n), "7", n * 60_000 + 59_999]
        for n in range(max(first, last - limit + 1), last + 1)
    ]
    return said(rows)


def _minute(end_ms: str) -> int:
    return int(end_ms) * MS // MINUTE


@pytest.mark.parametrize(
    ("asked", "told"), [(0, 0), (1, 1), (999, 999), (1200, 1200), (9999, 1500)]
)
async def test_complete_bars_oldest_first(
    server: Server, venue: Venue, asked: int, told: int
) -> None:
    server.script("GET", KLINES, klines)
    found = await venue.market.bars(BTC, MINUTE, asked)
    assert len(found) == told
    assert [bar.ts_open // MINUTE for bar in found] == list(
        range(NOW // MINUTE - told, NOW // MINUTE)
    )


async def test_lengths_the_venue_does_not_keep(venue: Venue) -> None:
    with pytest.raises(DefinitiveVenueError):
        await venue.market.bars(BTC, 7 * MINUTE, 5)


async def test_the_last_price(server: Server, venue: Venue) -> None:
    server.script("GET", "/api/v3/ticker/price", said({"symbol": "BTCUSDT", "price": "5.5"}))
    assert await venue.market.last_price(BTC) == Price("5.5")
