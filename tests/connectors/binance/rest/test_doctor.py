"""What the doctor finds, and that it says what to do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from robson_connectors.binance.doctor import Doctor, Finding, Level
from tests.connectors.binance.rest.kit import (
    ACCOUNT,
    BTC,
    NOW,
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
OK, WARNING, FAILED = Level.OK, Level.WARNING, Level.FAILED


@pytest.fixture(autouse=True)
def _rights(server: Server) -> None:
    server.script("GET", RIGHTS, said(GOOD))


async def found(venue: Venue) -> Mapping[str, Finding]:
    doctor = Doctor(venue.rest, venue.market, venue.account)
    return {each.name: each for each in await doctor.examine([BTC])}


async def test_all_is_well(venue: Venue) -> None:
    facts = await found(venue)
    assert {name: fact.level for name, fact in facts.items() if fact.level is not OK} == {}
    assert list(facts)[:7] == [
        "clock", "key_withdraw", "key_transfer", "key_ip_list", "key_read", "key_trade",
        "key_margin",
    ]  # fmt: skip
    assert facts["position BTCUSDT"].sentence == "flat"
    assert facts["borrow BTCUSDT USDT"].sentence == "1.5 USDT can be borrowed"
    assert "stops rest as STOP_LOSS_LIMIT" in facts["filters BTCUSDT"].sentence
    assert facts["weight api"].sentence == "23 of 6000 used"
    assert "weight requests" not in facts


@pytest.mark.parametrize(
    ("ahead_ms", "level", "words"),
    [
        (0, OK, "0 ms"), (249, OK, "249 ms behind"), (-249, OK, "249 ms ahead"),
        (300, WARNING, "synchronization"), (-1500, FAILED, "synchronization"),
    ],
)  # fmt: skip
async def test_the_clock(
    server: Server, venue: Venue, ahead_ms: int, level: Level, words: str
) -> None:
    server.script("GET", "/api/v3/time", said({"serverTime": NOW // MS + ahead_ms}))
    fact = (await found(venue))["clock"]
    assert fact.level is level
    assert words in fact.sentence


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
    assert "at the venue" in facts[name].sentence


@pytest.mark.parametrize(("days", "level"), [(-1, FAILED), (3, WARNING), (30, OK)])
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
    assert facts[name].level is FAILED
    assert facts["filters BTCUSDT"].sentence.endswith("rest as STOP_LOSS")


@pytest.mark.parametrize(
    ("account", "name", "level", "words"),
    [
        (account_of(enabled=False), "tradable BTCUSDT", FAILED, "enable it"),
        (account_of(asset("BTC", borrowed="0.5")), "position BTCUSDT", OK, "short or"),
        (account_of(asset("BTC", free="0.5")), "position BTCUSDT", OK, "long or collateral: 0.5"),
        (account_of(asset("BTC", free="0.00008")), "position BTCUSDT", OK, "flat"),
        (account_of(asset("BTC", free="0.5"), indexPrice="0"), "position BTCUSDT", OK, "long"),
        (
            account_of(asset("BTC", borrowed="0.001"), asset("USDT", free="100", interest="0.5")),
            "debt BTCUSDT", WARNING, "0.001 BTC and 0.5 USDT",
        ),
        (account_of(quote=asset("USDT", free="1")), "collateral BTCUSDT", FAILED, "4.25 USDT"),
        (account_of(liquidatePrice="57000"), "liquidation BTCUSDT", WARNING, "5 % from"),
        (account_of(liquidatePrice="50000"), "liquidation BTCUSDT", OK, "16.67 % from"),
    ],
)  # fmt: skip
async def test_the_pair(venue: Venue, account: object, name: str, level: Level, words: str) -> None:
    venue.server.script("GET", ACCOUNT, said(account))
    fact = (await found(venue))[name]
    assert fact.level is level
    assert words in fact.sentence


async def test_what_is_not_lent(server: Server, venue: Venue) -> None:
    server.script("GET", "/sapi/v1/margin/maxBorrowable", said({"amount": "0"}), refused(-3012))
    facts = await found(venue)
    assert facts["borrow BTCUSDT BTC"].level is WARNING
    assert "pool" in facts["borrow BTCUSDT BTC"].sentence
    assert "cannot be borrowed now: no (code -3012)" in facts["borrow BTCUSDT USDT"].sentence


async def test_tiers_that_cannot_be_read(server: Server, venue: Venue) -> None:
    server.script("GET", "/sapi/v1/margin/isolatedMarginTier", Reply(status=500))
    assert (await found(venue))["leverage BTCUSDT"].level is WARNING


async def test_a_weight_that_somebody_else_uses(server: Server, venue: Venue) -> None:
    answer = said(account_of(), headers={"X-SAPI-USED-IP-WEIGHT-1M": "6000"})
    server.script("GET", ACCOUNT, answer)
    fact = (await found(venue))[f"weight ip GET {ACCOUNT}"]
    assert (fact.level, fact.sentence[:18]) == (WARNING, "6000 of 12000 used")


async def test_one_failing_check_does_not_hide_the_others(server: Server, venue: Venue) -> None:
    server.scripts.clear()
    usual(server)
    server.script("GET", "/api/v3/exchangeInfo", Reply(status=500))
    server.script("GET", ACCOUNT, refused(-11001, "Isolated margin account doesn't exist."))
    facts = await found(venue)
    for name in ("clock", "key", "rules BTCUSDT", "pair BTCUSDT"):
        assert facts[name].level is FAILED
    assert "doesn't exist" in facts["pair BTCUSDT"].sentence
