"""What the doctor finds, and that it says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from robson_connectors.binance.doctor import Doctor, Finding, Level, Wanted
from tests.connectors.binance.rest.kit import (
    ACCOUNT,
    BTC,
    NOW,
    OPEN,
    Reply,
    Server,
    Venue,
    account_of,
    asset,
    exchange_info,
    refused,
    said,
    usual,
)

RIGHTS = "/sapi/v1/account/apiRestrictions"
GOOD = {
    "ipRestrict": True, "enableWithdrawals": False, "enableInternalTransfer": False,
    "permitsUniversalTransfer": False, "enableReading": True, "enableSpotAndMarginTrading": True,
    "enableMargin": True,
}  # fmt: skip
MS, DAY = 1_000_000, 24 * 3600 * 1_000
OK, WARNING, REFUSED = Level.OK, Level.WARNING, Level.REFUSED


@pytest.fixture(autouse=True)
def _rights(server: Server) -> None:
    server.script("GET", RIGHTS, said(GOOD))


async def found(venue: Venue, wanted: Wanted | None = None) -> Mapping[str, Finding]:
    doctor = Doctor(venue.rest, venue.market, venue.account)
    facts = {each.name: each for each in await doctor.examine([BTC], wanted)}
    for fact in facts.values():
        assert bool(fact.advice) == (fact.level is not OK), fact
    return facts


async def test_all_is_well(venue: Venue) -> None:
    facts = await found(venue)
    assert {name: fact.level for name, fact in facts.items() if fact.level is not OK} == {}
    assert list(facts)[:7] == [
        "clock", "key_withdraw", "key_transfer", "key_ip_list", "key_read", "key_trade",
        "key_margin",
    ]  # fmt: skip
    assert facts["position BTCUSDT"].seen == "flat"
    assert facts["orders BTCUSDT"].seen == "no open orders"
    assert "stops rest as STOP_LOSS_LIMIT" in facts["filters BTCUSDT"].seen
    assert facts["weight api"].seen.endswith("of 6000 used")
    assert "weight requests" not in facts


async def test_what_a_position_of_the_cap_needs(venue: Venue) -> None:
    """0.00083 BTC at 60,000 are worth 49.8: a tenth of that must be there."""
    facts = await found(venue)
    assert facts["size BTCUSDT"].seen == "at most 0.00083 BTC for 50 USDT"
    assert "a position of 49.8 USDT needs 4.98" in facts["collateral BTCUSDT"].seen
    assert "short, a position of 49.8 USDT borrows 0.00083" in facts["borrow BTCUSDT BTC"].seen
    assert facts["borrow BTCUSDT USDT"].seen.endswith("borrows none")
    assert "tier 1: up to 10 times" in facts["leverage BTCUSDT"].seen
    assert "9 BTC or 70000 USDT lent" in facts["leverage BTCUSDT"].seen


@pytest.mark.parametrize(
    ("ahead_ms", "level", "words"),
    [
        (0, OK, "0 ms"), (249, OK, "249 ms behind"), (-249, OK, "249 ms ahead"),
        (300, WARNING, "synchronization"), (-1500, REFUSED, "synchronization"),
    ],
)  # fmt: skip
async def test_the_clock(
    server: Server, venue: Venue, ahead_ms: int, level: Level, words: str
) -> None:
    server.script("GET", "/api/v3/time", said({"serverTime": NOW // MS + ahead_ms}))
    fact = (await found(venue))["clock"]
    assert fact.level is level
    assert words in f"{fact.seen}; {fact.advice}"


@pytest.mark.parametrize(
    ("right", "value", "name"),
    [
        ("enableWithdrawals", True, "key_withdraw"),
        ("permitsUniversalTransfer", True, "key_transfer"),
        ("enableInternalTransfer", True, "key_transfer"),
        ("ipRestrict", False, "key_ip_list"),
        ("enableReading", False, "key_read"),
        ("enableSpotAndMarginTrading", False, "key_trade"),
        ("enableMargin", False, "key_margin"),
    ],
)
async def test_rights_too_many_and_too_few(
    server: Server, venue: Venue, right: str, value: bool, name: str
) -> None:
    server.script("GET", RIGHTS, said(GOOD | {right: value}))
    facts = await found(venue)
    assert [each for each in facts if facts[each].level is not OK] == [name]
    assert "at the venue" in facts[name].advice


RISKY = GOOD | {"enableWithdrawals": True, "ipRestrict": False}


async def test_a_risk_is_refused_until_it_was_accepted_word_by_word(
    server: Server, venue: Venue
) -> None:
    server.script("GET", RIGHTS, said(RISKY))
    told: list[tuple[str, ...]] = []

    def accepts(risks: tuple[str, ...]) -> bool:
        told.append(risks)
        return True

    refused_ = await found(venue)
    accepted = await found(venue, Wanted(accepts=accepts))
    assert told == [("may withdraw", "has no IP list")]
    for name in ("key_withdraw", "key_ip_list"):
        assert (refused_[name].level, accepted[name].level) == (REFUSED, WARNING)
        assert "you accepted that" in accepted[name].seen
    doctor = Doctor(venue.rest, venue.market, venue.account)
    assert await doctor.risks() == told[0]


@pytest.mark.parametrize(("days", "level"), [(-1, REFUSED), (3, WARNING), (30, OK)])
async def test_the_end_of_the_right_to_trade(
    server: Server, venue: Venue, days: int, level: Level
) -> None:
    until = NOW // MS + days * DAY + 1_000
    server.script("GET", RIGHTS, said(GOOD | {"tradingAuthorityExpirationTime": until}))
    assert (await found(venue))["key_expiry"].level is level


async def test_without_a_key_only_the_public_part_is_asked(server: Server) -> None:
    venue = Venue(server, with_keys=False)
    facts = await found(venue)
    assert facts["key"].level is WARNING
    assert (await found(venue, Wanted(needs_key=False)))["key"].level is OK
    assert not [seen for seen in server.seen if seen.path.startswith("/sapi/")]
    await venue.rest.close()


@pytest.mark.parametrize(
    ("over", "name"),
    [
        ({"status": "BREAK"}, "trading BTCUSDT"),
        ({"isMarginTradingAllowed": False}, "margin BTCUSDT"),
    ],
)
async def test_pairs_that_cannot_be_traded(
    server: Server, venue: Venue, over: dict[str, object], name: str
) -> None:
    server.script("GET", "/api/v3/exchangeInfo", said(exchange_info(("STOP_LOSS",), **over)))
    facts = await found(venue)
    assert facts[name].level is REFUSED
    assert facts["filters BTCUSDT"].seen.endswith("rest as STOP_LOSS")


@pytest.mark.parametrize(
    ("account", "name", "level", "words"),
    [
        (account_of(enabled=False), "tradable BTCUSDT", REFUSED, "enable it"),
        (account_of(asset("BTC", borrowed="0.5")), "position BTCUSDT", WARNING, "short: -0.5"),
        (account_of(asset("BTC", free="0.5")), "position BTCUSDT", WARNING, "collateral: 0.5"),
        (account_of(asset("BTC", free="0.00008")), "position BTCUSDT", OK, "flat"),
        (account_of(asset("BTC", free="0.5"), indexPrice="0"), "position BTCUSDT", WARNING, "long"),
        (account_of(indexPrice="0"), "size BTCUSDT", WARNING, "no index price"),
        (
            account_of(asset("BTC", borrowed="0.001"), asset("USDT", free="100", interest="0.5")),
            "debt BTCUSDT", WARNING, "0.001 BTC and 0.5 USDT",
        ),
        (account_of(quote=asset("USDT", free="1")), "collateral BTCUSDT", REFUSED, "3.98 USDT are"),
        (account_of(quote=asset("USDT", free="5")), "collateral BTCUSDT", OK, "5 USDT back"),
        (account_of(quote=asset("USDT", free="40")), "distance BTCUSDT", OK, "71.73 % away"),
        # 4.98 back 49.8: a tenth, so a short is gone at (49.8 + 4.98) ÷ (1.05 x 49.8) of the price.
        (account_of(quote=asset("USDT", free="1")), "distance BTCUSDT", WARNING, "4.76 % away"),
        (account_of(quote=asset("USDT", free="1")), "borrow BTCUSDT USDT", WARNING, "44.82"),
        (account_of(liquidatePrice="57000"), "liquidation BTCUSDT", WARNING, "5 % from"),
        (account_of(liquidatePrice="50000"), "liquidation BTCUSDT", OK, "16.67 % from"),
    ],
)  # fmt: skip
async def test_the_pair(venue: Venue, account: object, name: str, level: Level, words: str) -> None:
    venue.server.script("GET", ACCOUNT, said(account))
    fact = (await found(venue))[name]
    assert fact.level is level
    assert words in f"{fact.seen}; {fact.advice}"


async def test_what_is_not_lent(server: Server, venue: Venue) -> None:
    server.script("GET", "/sapi/v1/margin/maxBorrowable", said({"amount": "0"}), refused(-3012))
    facts = await found(venue)
    assert facts["borrow BTCUSDT BTC"].level is WARNING
    assert "pool" in facts["borrow BTCUSDT BTC"].advice
    assert facts["borrow BTCUSDT USDT"].level is OK, "a thousand is there, none is needed"
    assert "cannot be borrowed now: no (code -3012)" in facts["borrow BTCUSDT USDT"].seen


async def test_what_is_not_lent_and_would_be_needed(server: Server, venue: Venue) -> None:
    server.script("GET", "/sapi/v1/margin/maxBorrowable", refused(-3012))
    assert (await found(venue))["borrow BTCUSDT BTC"].level is WARNING


@pytest.mark.parametrize(("cap", "level"), [("6", OK), ("5", REFUSED), ("0.5", REFUSED)])
async def test_a_cap_below_what_an_exit_needs(venue: Venue, cap: str, level: Level) -> None:
    facts = await found(venue, Wanted(position_value=Decimal(cap)))
    assert facts["size BTCUSDT"].level is level
    if level is REFUSED:
        assert "an exit needs 5.25 USDT" in facts["size BTCUSDT"].seen


async def test_orders_that_rest_on_the_pair(server: Server, venue: Venue) -> None:
    server.script("GET", OPEN, said([{"orderId": 1, "symbol": "BTCUSDT"}]))
    fact = (await found(venue))["orders BTCUSDT"]
    assert (fact.level, fact.seen) == (WARNING, "1 open order")
    server.script("GET", OPEN, refused(-2015))
    assert (await found(venue))["orders BTCUSDT"].level is REFUSED


async def test_tiers_that_cannot_be_read(server: Server, venue: Venue) -> None:
    server.script("GET", "/sapi/v1/margin/isolatedMarginTier", Reply(status=500))
    facts = await found(venue)
    assert facts["leverage BTCUSDT"].level is WARNING
    assert "needs 49.8" in facts["collateral BTCUSDT"].seen, "nothing is lent without them"


async def test_a_weight_that_somebody_else_uses(server: Server, venue: Venue) -> None:
    answer = said(account_of(), headers={"X-SAPI-USED-IP-WEIGHT-1M": "6000"})
    server.script("GET", ACCOUNT, answer)
    fact = (await found(venue))[f"weight ip GET {ACCOUNT}"]
    assert (fact.level, fact.seen[:18]) == (WARNING, "6000 of 12000 used")


async def test_one_failing_check_does_not_hide_the_others(server: Server, venue: Venue) -> None:
    server.scripts.clear()
    usual(server)
    server.script("GET", "/api/v3/exchangeInfo", Reply(status=500))
    server.script("GET", ACCOUNT, refused(-11001, "Isolated margin account doesn't exist."))
    facts = await found(venue)
    for name in ("clock", "key", "rules BTCUSDT", "pair BTCUSDT"):
        assert facts[name].level is REFUSED
    assert "doesn't exist" in facts["pair BTCUSDT"].seen
