"""Borrowing, interest, repaying, and what each side effect does."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.binance_exchange import Exchange
from tests.binance_exchange.ledger import hourly_interest
from tests.binance_exchange_tests.raw_client import BTC, ORDER, RawClient

LOAN = "/sapi/v1/margin/borrow-repay"
USDT = {**BTC, "asset": "USDT"}
BUY = {**BTC, "side": "BUY", "type": "MARKET"}
SELL = {**BTC, "side": "SELL", "type": "MARKET"}


def test_hourly_interest_of_the_documented_record() -> None:
    found = hourly_interest(Decimal("45.3313"), Decimal("0.00013233"))
    assert found == Decimal("0.00024995")


async def test_borrow_interest_and_repay(exchange: Exchange, client: RawClient) -> None:
    await client.ok("POST", LOAN, **USDT, amount="2400", type="BORROW")
    quote = exchange.account("BTCUSDT").of("USDT")
    assert quote.free == 12_400
    assert quote.borrowed == 2400
    assert quote.interest == Decimal("0.0475")
    exchange.accrue(2)
    assert quote.interest == Decimal("0.1425")
    assert await client.refused("POST", LOAN, **USDT, amount="2400.15", type="REPAY") == -3015
    await client.ok("POST", LOAN, **USDT, amount="100", type="REPAY")
    assert quote.interest == 0
    assert quote.borrowed == Decimal("2300.1425")
    found = await client.ok("GET", LOAN, type="REPAY", isolatedSymbol="BTCUSDT")
    row = found["rows"][0]
    exchange.accrue()
    await client.ok("POST", LOAN, **USDT, amount=f"{quote.debt:f}", type="REPAY")
    assert quote.debt == 0
    assert (row["interest"], row["principal"], row["type"]) == (
        "0.14250000",
        "99.85750000",
        "MANUAL",
    )
    charges = await client.ok("GET", "/sapi/v1/margin/interestHistory", isolatedSymbol="BTCUSDT")
    assert [r["type"] for r in charges["rows"]] == ["PERIODIC"] * 3 + ["ON_BORROW"]


async def test_repaying_more_than_is_free(exchange: Exchange, client: RawClient) -> None:
    await client.ok("POST", LOAN, **USDT, amount="5000", type="BORROW")
    exchange.deposit("BTCUSDT", "USDT", -14_000)
    assert await client.refused("POST", LOAN, **USDT, amount="2000", type="REPAY") == -3041
    assert await client.refused("POST", LOAN, **USDT, amount="1", type="LEND") == -1130
    assert await client.refused("POST", LOAN, **BTC, asset="BNB", amount="1", type="REPAY") == -3027


async def test_no_side_effect_never_borrows_nor_repays(
    exchange: Exchange, client: RawClient
) -> None:
    assert await client.refused("POST", ORDER, **SELL, quantity="0.01") == -2010
    await client.market("BUY", "0.2", sideEffectType="MARGIN_BUY")
    quote = exchange.account("BTCUSDT").of("USDT")
    owed = quote.debt
    assert owed > 9000
    await client.market("SELL", "0.1")
    assert (quote.debt, quote.free > 9000) == (owed, True)


async def test_auto_borrow_tells_what_it_borrowed(exchange: Exchange, client: RawClient) -> None:
    placed = await client.market("SELL", "0.1", sideEffectType="AUTO_BORROW_REPAY")
    assert (placed["marginBuyBorrowAmount"], placed["marginBuyBorrowAsset"]) == (0.1, "BTC")
    base = exchange.account("BTCUSDT").of("BTC")
    assert base.borrowed == Decimal("0.1")
    assert base.free == 0
    assert base.interest == Decimal("0.00000109")
    covering = await client.market("BUY", "0.1", sideEffectType="AUTO_REPAY")
    assert "marginBuyBorrowAmount" not in covering
    assert base.debt == Decimal("0.1") + Decimal("0.00000109") - Decimal("0.0999")


async def test_auto_repay_pays_interest_first_and_never_more_than_owed(
    exchange: Exchange, client: RawClient
) -> None:
    await client.market("BUY", "0.2", sideEffectType="MARGIN_BUY")
    quote = exchange.account("BTCUSDT").of("USDT")
    exchange.accrue(10)
    exchange.deposit("BTCUSDT", "USDT", 5000)
    owed = quote.debt
    await client.market("SELL", "0.01", sideEffectType="AUTO_REPAY")
    received = Decimal("949.9999") * (1 - Decimal("0.001"))
    assert quote.interest == 0
    assert quote.debt == owed - Decimal(f"{received:.8f}")
    await client.market("SELL", "0.1898", sideEffectType="AUTO_REPAY")
    assert quote.debt == 0


async def test_exit_never_borrows(exchange: Exchange, client: RawClient) -> None:
    await client.market("BUY", "0.1")
    order = {**SELL, "quantity": "0.1", "sideEffectType": "AUTO_REPAY"}
    assert await client.refused("POST", ORDER, **order) == -2010


async def test_silent_repay_failure(exchange: Exchange, client: RawClient) -> None:
    await client.market("BUY", "0.2", sideEffectType="MARGIN_BUY")
    owed = exchange.account("BTCUSDT").of("USDT").debt
    exchange.fail_repays_silently()
    placed = await client.market("SELL", "0.1998", sideEffectType="AUTO_REPAY")
    assert placed["status"] == "FILLED"
    assert exchange.account("BTCUSDT").of("USDT").debt == owed


@pytest.mark.parametrize(
    ("arrange", "code"),
    [("limit", -3006), ("empty", -3045), ("banned", -3012)],
)
async def test_lender_refuses(
    exchange: Exchange, client: RawClient, arrange: str, code: int
) -> None:
    quantity = "0.2"
    if arrange == "limit":
        quantity = "0.9"
    else:
        exchange.lend("USDT", "1000", banned=arrange == "banned")
    order = {**BUY, "quantity": quantity, "sideEffectType": "MARGIN_BUY"}
    assert await client.refused("POST", ORDER, **order) == code
    assert exchange.venue.orders == {}
    quote = exchange.account("BTCUSDT").of("USDT")
    assert quote.free == 10_000
    assert quote.debt == 0


async def test_canceled_order_gives_its_loan_back(exchange: Exchange, client: RawClient) -> None:
    fields = {**BUY, "type": "LIMIT", "price": "90000", "timeInForce": "GTC", "quantity": "0.2"}
    kept = {"autoRepayAtCancel": "FALSE"}
    quote = exchange.account("BTCUSDT").of("USDT")
    for more, left in (({}, Decimal("0.15833334")), (kept, Decimal("8000.31666668"))):
        placed = await client.ok("POST", ORDER, **fields, sideEffectType="MARGIN_BUY", **more)
        await client.ok("DELETE", ORDER, **BTC, orderId=placed["orderId"])
        assert quote.debt == left


async def test_max_borrowable_shrinks_with_debt(exchange: Exchange, client: RawClient) -> None:
    path = "/sapi/v1/margin/maxBorrowable"
    ask = {"asset": "BTC", "isolatedSymbol": "BTCUSDT"}
    before = await client.ok("GET", path, **ask)
    assert before == {"amount": "0.94736842", "borrowLimit": "9"}
    await client.ok("POST", LOAN, **USDT, amount="9500", type="BORROW")
    after = await client.ok("GET", path, **ask)
    assert Decimal("0.84") < Decimal(after["amount"]) < Decimal("0.8474")


async def test_level_and_liquidation(exchange: Exchange, client: RawClient) -> None:
    exchange.rules(liquidate=True)
    await client.market("BUY", "0.5", sideEffectType="MARGIN_BUY")
    account = await client.account()
    assert account["marginLevelStatus"] in ("NORMAL", "MARGIN_CALL")
    price = Decimal(account["liquidatePrice"])
    assert 75_000 < price < 90_000
    exchange.trade("BTCUSDT", int(price) + 10)
    assert exchange.account("BTCUSDT").of("BTC").total > 0
    exchange.trade("BTCUSDT", int(price) - 10)
    base, quote = (exchange.account("BTCUSDT").of(name) for name in ("BTC", "USDT"))
    assert not any((base.total, base.debt, quote.debt))
    assert 0 < quote.free < 2500
    found = await client.ok("GET", "/sapi/v1/margin/forceLiquidationRec", isolatedSymbol="BTCUSDT")
    assert (found["rows"][0]["side"], found["rows"][0]["executedQty"]) == ("SELL", "0.49950000")
    assert exchange.audit.exposures[-1].traded == 0


async def test_busy_lender(exchange: Exchange, client: RawClient) -> None:
    exchange.busy(60_000)
    order = {**BUY, "quantity": "0.01"}
    assert await client.refused("POST", ORDER, **order, sideEffectType="AUTO_REPAY") == -3007
    assert await client.refused("POST", LOAN, **USDT, amount="10", type="BORROW") == -3007
    await client.ok("POST", ORDER, **order)
    exchange.busy(0)
    await client.ok("POST", LOAN, **USDT, amount="10", type="BORROW")
