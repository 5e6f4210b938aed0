"""When and at what price the simulated venue fills, and what it refuses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson_domain.errors import DefinitiveVenueError, ValidationError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Price, Quantity
from robson_engine.simulated_venue import VenueAssumptions
from tests.engine.simulated_venue_kit import BTC, BUY, ETH, SELL, a_venue, order, trade

ACCEPTED, FILLED = ReportStatus.ACCEPTED, ReportStatus.FILLED
REJECTED, PARTLY = ReportStatus.REJECTED, ReportStatus.PARTIALLY_FILLED
CANCELED, EXPIRED = ReportStatus.CANCELED, ReportStatus.EXPIRED


def prices(report: OrderReport) -> list[int]:
    return [int(fill.price.value) for fill in report.fills]


def quantities(report: OrderReport) -> list[Decimal]:
    return [fill.quantity.value for fill in report.fills]


# ------------------------------------------------------------------------ when and at what


def test_without_latency_the_answer_is_the_fill() -> None:
    venue = a_venue()
    venue.on_trade(trade(10, 100))
    report = venue.submit(order("a", BUY, "2"), 15)
    assert report.status is FILLED
    assert prices(report) == [100]
    assert (report.ts_event, report.ts_received, report.ts_signed) == (15, 15, 15)
    assert report.fills[0].ts_event == 15
    assert report.filled_qty == Quantity(2)
    assert venue.on_trade(trade(20, 101)) == ()


def test_without_latency_and_price_the_first_trade_fills() -> None:
    venue = a_venue()
    assert venue.submit(order("a", BUY, "2"), 5).status is ACCEPTED
    (report,) = venue.on_trade(trade(10, 103))
    assert (report.status, prices(report), report.ts_event) == (FILLED, [103], 10)


def test_latency_fills_at_the_first_trade_received_then_or_later() -> None:
    venue = a_venue(latency_ns=50)
    venue.on_trade(trade(10, 100))
    assert venue.submit(order("a", BUY, "2"), 100).status is ACCEPTED
    assert venue.next_due(BTC) == 150
    assert venue.on_trade(trade(149, 101)) == ()
    (report,) = venue.on_trade(trade(150, 102))
    assert (report.status, prices(report), report.ts_event) == (FILLED, [102], 150)
    assert report.fills[0].ts_event == 149, "the trade's own time, not when it reached us"
    assert venue.next_due(BTC) is None
    assert venue.on_trade(trade(151, 103)) == ()


def test_a_gap_fills_at_the_first_price_after_it() -> None:
    venue = a_venue(latency_ns=50)
    venue.on_trade(trade(10, 100))
    venue.submit(order("a", SELL, "2"), 100)
    (report,) = venue.on_trade(trade(9_000, 70))
    assert prices(report) == [70]


def test_orders_fill_oldest_first_and_pairs_apart() -> None:
    venue = a_venue(latency_ns=50)
    for symbol in (BTC, ETH):
        venue.on_trade(trade(10, 100, symbol=symbol))
    venue.submit(order("a", BUY, "2"), 100)
    venue.submit(order("b", SELL, "1"), 101)
    venue.submit(order("c", BUY, "1", symbol=ETH), 102)
    reports = venue.on_trade(trade(200, 110))
    assert [report.client_order_id for report in reports] == ["a", "b"]
    assert venue.query(ETH, ClientOrderId("c"), 201).status is ACCEPTED


def test_a_share_of_each_trade() -> None:
    venue = a_venue(fill_fraction="0.5")
    venue.on_trade(trade(10, 100, steps=90))
    first = venue.submit(order("a", BUY, "0.100"), 20)
    assert first.status is ACCEPTED
    (second,) = venue.on_trade(trade(30, 101, steps=91))
    assert (second.status, quantities(second)) == (PARTLY, [Decimal("0.045")])
    assert second.filled_qty == Quantity("0.045")
    assert venue.on_trade(trade(31, 102, steps=1)) == ()
    (third,) = venue.on_trade(trade(32, 103, steps=900))
    assert (third.status, quantities(third)) == (FILLED, [Decimal("0.055")])
    assert third.filled_qty == Quantity("0.1")
    everything = venue.query(BTC, ClientOrderId("a"), 40)
    assert prices(everything) == [101, 103]


def test_a_trade_of_unknown_quantity_gives_everything() -> None:
    venue = a_venue(fill_fraction="0.5")
    venue.submit(order("a", BUY, "0.010"), 20)
    (report,) = venue.on_trade(trade(30, 101, steps=0))
    assert report.status is FILLED


def test_no_market_trade_fills_an_order_twice() -> None:
    """After a restart the market's past is shown again."""
    venue = a_venue(fill_fraction="0.5")
    venue.submit(order("a", BUY, "0.100"), 20)
    past = [trade(30, 101, number=7, steps=10), trade(30, 102, number=8, steps=10)]
    for tick in (*past, *past):
        venue.on_trade(tick)
    assert prices(venue.query(BTC, ClientOrderId("a"), 40)) == [101, 102]


def test_trades_without_id_are_all_new() -> None:
    venue = a_venue(fill_fraction="0.5")
    venue.submit(order("a", BUY, "0.100"), 20)
    tick = trade(30, 101, steps=10)._replace(trade_id=0)
    venue.on_trade(tick)
    venue.on_trade(tick)
    assert prices(venue.query(BTC, ClientOrderId("a"), 40)) == [101, 101]


def test_prices_of_other_pairs_are_no_concern() -> None:
    venue = a_venue()
    assert venue.on_trade(trade(10, symbol=Symbol("SOLUSDT"))) == ()


# --------------------------------------------------------------------------- end of data


def test_at_the_end_of_data_what_works_fills_at_the_last_price() -> None:
    venue = a_venue(latency_ns=50)
    venue.on_trade(trade(10, 100))
    venue.submit(order("a", BUY, "1"), 20)
    venue.submit(order("b", BUY, "1", symbol=ETH), 20)
    first, second = venue.finish(30)
    assert (first.status, prices(first), first.ts_event) == (FILLED, [100], 30)
    assert (second.status, second.code, second.fills) == (EXPIRED, "NO_PRICE", ())
    assert venue.finish(31) == ()


def test_the_end_of_data_fills_the_rest_only() -> None:
    venue = a_venue(fill_fraction="0.5")
    venue.submit(order("a", BUY, "0.010"), 5)
    venue.on_trade(trade(10, 100, steps=8))
    (report,) = venue.finish(30)
    assert (report.status, quantities(report)) == (FILLED, [Decimal("0.006")])


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ("1.0005", "BAD_STEP"),
        ("0", "BELOW_MINIMUM"),
        ("0.001", "BELOW_MINIMUM"),
        ("0.049", "BELOW_MINIMUM"),
        ("100.001", "ABOVE_MAXIMUM"),
    ],
)
def test_sizes_are_refused(quantity: str, code: str) -> None:
    venue = a_venue(balance=1_000_000)
    venue.on_trade(trade(10, 100))
    report = venue.submit(order("a", BUY, quantity), 20)
    assert (report.status, report.code) == (REJECTED, code)
    assert report.message
    assert (report.ts_event, report.ts_received, report.ts_signed) == (20, 20, 20)
    assert venue.query(BTC, ClientOrderId("a"), 21).status is ReportStatus.NOT_FOUND


@pytest.mark.parametrize("quantity", ["0.050", "100"])
def test_sizes_at_the_limits_are_taken(quantity: str) -> None:
    venue = a_venue(balance=1_000_000)
    venue.on_trade(trade(10, 100))
    assert venue.submit(order("a", BUY, quantity), 20).status is FILLED


def test_the_smallest_value_waits_for_a_price() -> None:
    venue = a_venue()
    assert venue.submit(order("a", BUY, "0.002"), 20).status is ACCEPTED


def test_unknown_pair() -> None:
    venue = a_venue()
    report = venue.submit(order("a", BUY, "1", symbol=Symbol("SOLUSDT")), 20)
    assert (report.status, report.code) == (REJECTED, "UNKNOWN_SYMBOL")
    with pytest.raises(DefinitiveVenueError):
        venue.account(Symbol("SOLUSDT"), 20)
    assert venue.open_orders(Symbol("SOLUSDT"), 20) == ()
    assert not venue.is_working(Symbol("SOLUSDT"))


# -------------------------------------------------------------------------- same id again


def test_an_id_of_a_working_order_is_refused() -> None:
    venue = a_venue(latency_ns=50)
    venue.submit(order("a", BUY, "1"), 10)
    report = venue.submit(order("a", BUY, "1"), 11)
    assert (report.status, report.code) == (REJECTED, "DUPLICATE_CLIENT_ID")


def test_an_id_of_a_filled_order_is_executed_again() -> None:
    """As at real venues: this is why nothing is ever sent again blindly."""
    venue = a_venue(taker_fee_rate="0")
    venue.on_trade(trade(10, 100))
    first = venue.submit(order("a", BUY, "1"), 20)
    second = venue.submit(order("a", BUY, "2"), 21)
    assert second.status is FILLED
    assert venue.account(BTC, 22).net_qty == 3
    assert venue.query(BTC, ClientOrderId("a"), 22).filled_qty == Quantity(2)
    assert [fill for _, fill in venue.fills_since(BTC, None)] == [*first.fills, *second.fills]


# ----------------------------------------------------------------------------- questions


def test_cancel_ends_what_works_and_nothing_else() -> None:
    venue = a_venue(fill_fraction="0.5")
    venue.submit(order("a", BUY, "0.010"), 5)
    venue.on_trade(trade(10, 100, steps=8))
    (listed,) = venue.open_orders(BTC, 11)
    assert (listed.status, listed.filled_qty) == (PARTLY, Quantity("0.004"))
    for ts in (12, 13):
        report = venue.cancel(BTC, ClientOrderId("a"), ts)
        assert (report.status, report.filled_qty) == (CANCELED, Quantity("0.004"))
        assert (report.ts_event, len(report.fills)) == (ts, 1)
    assert venue.open_orders(BTC, 14) == ()
    assert venue.on_trade(trade(20, 100, steps=8)) == ()
    assert venue.cancel(BTC, ClientOrderId("nobody"), 15).status is ReportStatus.NOT_FOUND


def test_unknown_id() -> None:
    report = a_venue().query(BTC, ClientOrderId("a"), 7)
    assert (report.status, report.ts_event, report.ts_received) == (ReportStatus.NOT_FOUND, 7, 7)
    assert report.fills == ()


def test_fills_since_is_per_pair_in_order_and_exclusive() -> None:
    venue = a_venue(latency_ns=50)
    venue.submit(order("a", BUY, "1"), 10)
    venue.submit(order("b", BUY, "1", symbol=ETH), 10)
    venue.submit(order("c", SELL, "1"), 10)
    venue.on_trade(trade(70, 100, symbol=ETH))
    venue.on_trade(trade(80, 100))
    found = venue.fills_since(BTC, None)
    assert [(name, fill.trade_id) for name, fill in found] == [("a", "2"), ("c", "3")]
    assert [name for name, _ in venue.fills_since(BTC, TradeId("2"))] == ["c"]
    assert venue.fills_since(BTC, TradeId("3")) == ()


def test_trade_ids_are_compared_as_numbers() -> None:
    venue = a_venue(taker_fee_rate="0")
    venue.on_trade(trade(10, 100))
    for number in range(12):
        venue.submit(order(f"o{number}", BUY, "1"), 20)
    ids = [fill.trade_id for _, fill in venue.fills_since(BTC, TradeId("9"))]
    assert ids == ["10", "11", "12"]


# ------------------------------------------------------------------------------- commission


@pytest.mark.parametrize(
    ("received", "side", "commission", "asset"),
    [
        (True, BUY, "0.02", "BTC"),
        (True, SELL, "2", "USDT"),
        (False, BUY, "2", "USDT"),
        (False, SELL, "2", "USDT"),
    ],
)
def test_commission(received: bool, side: OrderSide, commission: str, asset: str) -> None:
    venue = a_venue(commission_received=received)
    venue.on_trade(trade(10, 100))
    (fill,) = venue.submit(order("a", side, "2"), 20).fills
    assert (str(fill.commission), fill.commission_asset) == (commission, asset)
    assert fill.price == Price(100)
    assert venue.account(BTC, 21).commission_in_base is received


@pytest.mark.parametrize(
    "wrong",
    [
        {"taker_fee_rate": "1"},
        {"taker_fee_rate": "-0.1"},
        {"latency_ns": -1},
        {"fill_fraction": "0"},
        {"fill_fraction": "1.1"},
        {"leverage_max": 0},
        {"liquidation_level": "1"},
    ],
)
def test_assumptions_have_a_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        VenueAssumptions(**wrong)


def test_assumptions_at_their_limits() -> None:
    VenueAssumptions(taker_fee_rate=0, latency_ns=0, fill_fraction=1, leverage_max=1)
