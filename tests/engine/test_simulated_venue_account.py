"""What the simulated venue's account says, and how far it carries."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson_domain import decimals
from robson_domain.account import AccountSnapshot
from robson_domain.reports import ReportStatus
from robson_domain.values import Money, Notional, Quantity
from robson_engine.simulated_venue import SimulatedVenue, VenueAssumptions
from tests.engine.simulated_venue_kit import (
    BTC,
    BUY,
    ETH,
    RULES,
    SELL,
    a_venue,
    order,
    trade,
)


def at_100(balance: int = 1_000, **assumed: object) -> SimulatedVenue:
    venue = a_venue(balance, **{"taker_fee_rate": "0", **assumed})
    venue.on_trade(trade(10, 100))
    return venue


def account(venue: SimulatedVenue) -> AccountSnapshot:
    return venue.account(BTC, 99)


def net(found: AccountSnapshot) -> str:
    return decimals.text(found.net_qty)


def accepted(venue: SimulatedVenue, side: object, quantity: str, **more: object) -> bool:
    report = venue.submit(order("x", side, quantity, **more), 50)  # type: ignore[arg-type]
    return report.status is not ReportStatus.REJECTED


# ------------------------------------------------------------------------------ snapshots


def test_before_any_price_only_the_collateral_is_known() -> None:
    found = account(a_venue(1_000))
    assert (net(found), found.collateral) == ("0", Notional(1_000))
    assert found.borrowable_base == Quantity(0)
    assert found.borrowable_quote == Notional(9_000)
    assert (found.ts_event, found.ts_received) == (99, 99)


def test_terms_are_passed_on() -> None:
    found = account(at_100(leverage_max=3, liquidation_level="1.1", taker_fee_rate="0.002"))
    assert (found.leverage_max, found.liquidation_level) == (3, Decimal("1.1"))
    assert found.taker_fee_rate == Decimal("0.002")


def test_a_flat_account_can_borrow_up_to_the_leverage() -> None:
    found = account(at_100())
    assert (found.borrowable_base, found.borrowable_quote) == (Quantity(100), Notional(9_000))


def test_buying_without_quote_borrows_quote() -> None:
    venue = at_100()
    venue.submit(order("a", BUY, "15"), 20)
    found = account(venue)
    assert (net(found), found.debt_quote, found.debt_base) == ("15", Notional(500), Quantity(0))
    assert (found.collateral, found.borrowable_base) == (Notional(1_000), Quantity(85))
    assert found.borrowable_quote == Notional(8_500)


def test_selling_without_base_borrows_base() -> None:
    venue = at_100()
    venue.submit(order("a", SELL, "15"), 20)
    found = account(venue)
    assert (net(found), found.debt_base) == ("-15", Quantity(15))
    assert (found.debt_quote, found.collateral) == (Notional(0), Notional(1_000))
    # 8500 more may be sold; of a purchase of 8500, 2500 of quote are there.
    assert (found.borrowable_base, found.borrowable_quote) == (Quantity(85), Notional(6_000))


@pytest.mark.parametrize(("side", "price"), [(BUY, 90), (SELL, 110)])
def test_collateral_moves_with_the_price(side: object, price: int) -> None:
    venue = at_100()
    venue.submit(order("a", side, "50"), 20)  # type: ignore[arg-type]
    venue.on_trade(trade(30, price))
    assert account(venue).collateral == Notional(500)


def test_an_account_under_water_has_no_collateral() -> None:
    venue = at_100()
    venue.submit(order("a", BUY, "100"), 20)
    venue.on_trade(trade(30, 80))
    found = account(venue)
    assert (found.collateral, found.borrowable_base) == (Notional(0), Quantity(0))
    assert found.borrowable_quote == Notional(0)


def test_closing_repays_and_leaves_the_result() -> None:
    venue = at_100()
    venue.submit(order("a", BUY, "15"), 20)
    venue.on_trade(trade(30, 110))
    venue.submit(order("b", SELL, "15", reduces=True), 40)
    found = account(venue)
    assert (net(found), found.debt_quote, found.collateral) == ("0", Notional(0), Notional(1_150))


def test_pairs_have_their_own_accounts() -> None:
    venue = at_100()
    venue.submit(order("a", BUY, "15"), 20)
    found = venue.account(ETH, 30)
    assert (net(found), found.debt_quote, found.collateral) == ("0", Notional(0), Notional(1_000))


def test_working_orders_are_counted() -> None:
    venue = at_100(latency_ns=50)
    venue.submit(order("a", BUY, "1"), 20)
    assert account(venue).open_orders == 1
    assert venue.account(ETH, 30).open_orders == 0


# --------------------------------------------------------------------------------- margin


@pytest.mark.parametrize("side", [BUY, SELL])
def test_leverage_limits_the_position(side: object) -> None:
    assert accepted(at_100(), side, "100")
    venue = at_100()
    report = venue.submit(order("a", side, "100.000", reduces=False), 20)  # type: ignore[arg-type]
    assert report.status is ReportStatus.FILLED
    refused = venue.submit(order("b", side, "0.050"), 21)  # type: ignore[arg-type]
    assert (refused.status, refused.code) == (ReportStatus.REJECTED, "INSUFFICIENT_MARGIN")


def test_a_little_more_than_the_limit_is_refused() -> None:
    assert not accepted(at_100(balance=999), BUY, "100")
    assert not accepted(at_100(leverage_max=9), BUY, "90.001")
    assert accepted(at_100(leverage_max=9), BUY, "90")


def test_orders_under_way_count_as_done() -> None:
    venue = at_100(latency_ns=50)
    venue.submit(order("a", BUY, "60"), 20)
    assert not accepted(venue, BUY, "41")
    assert accepted(venue, BUY, "40")


def test_the_other_direction_needs_no_margin() -> None:
    venue = at_100()
    venue.submit(order("a", BUY, "100"), 20)
    venue.on_trade(trade(30, 91))
    assert not accepted(venue, BUY, "1")
    assert accepted(venue, SELL, "50")
    # From 50 long to 50 short: as large as before, but nothing is left to carry it.
    assert not accepted(venue, SELL, "100")
    assert accepted(venue, SELL, "50")


def test_without_a_price_margin_is_checked_at_the_first_trade() -> None:
    venue = a_venue(1_000, latency_ns=50)
    assert venue.submit(order("a", BUY, "100"), 20).status is ReportStatus.ACCEPTED
    (report,) = venue.on_trade(trade(80, 101))
    assert (report.status, report.code, report.fills) == (
        ReportStatus.EXPIRED,
        "INSUFFICIENT_MARGIN",
        (),
    )
    assert account(venue).net_qty == 0


def test_without_a_price_two_orders_share_the_margin() -> None:
    venue = a_venue(1_000, latency_ns=50, taker_fee_rate="0")
    for name in "ab":
        venue.submit(order(name, BUY, "60"), 20)
    first, second = venue.on_trade(trade(80, 100))
    # The older is refused because of the younger: together they are too much.
    assert (first.status, second.status) == (ReportStatus.EXPIRED, ReportStatus.FILLED)


def test_an_accepted_order_fills_even_if_the_price_has_run_away() -> None:
    venue = at_100(latency_ns=50)
    venue.submit(order("a", BUY, "100"), 20)
    (report,) = venue.on_trade(trade(80, 150))
    assert report.status is ReportStatus.FILLED


# ------------------------------------------------------------------------------- reducing


def test_reducing_sells_what_is_held_and_no_more() -> None:
    venue = at_100(taker_fee_rate="0.01")
    venue.submit(order("a", BUY, "1"), 20)
    refused = venue.submit(order("b", SELL, "1", reduces=True), 30)
    assert (refused.code, refused.message) == ("EXCEEDS_POSITION", "only 0.99 can be sold")
    assert accepted(venue, SELL, "0.99", reduces=True)
    assert account(venue).net_qty == 0


def test_reducing_counts_what_is_being_sold() -> None:
    venue = at_100()
    venue.submit(order("a", BUY, "1"), 20)
    slow = a_venue(1_000, latency_ns=50)
    slow.restore(venue.dump())
    assert accepted(slow, SELL, "0.6", reduces=True)
    refused = slow.submit(order("b", SELL, "0.6", reduces=True), 51)
    assert (refused.code, refused.message) == ("EXCEEDS_POSITION", "only 0.4 can be sold")


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_flat_account_has_nothing_to_reduce(side: object) -> None:
    assert not accepted(at_100(), side, "0.050", reduces=True)


def test_not_even_a_step_is_bought_to_reduce_nothing() -> None:
    """Less than a step remains after commission, and still there is nothing to cover."""
    rules = {BTC: attrs.evolve(RULES[BTC], quantity_min=Quantity(0))}
    venue = SimulatedVenue(VenueAssumptions(taker_fee_rate="0.01"), rules, Money(1_000))
    assert not accepted(venue, BUY, "0.001", reduces=True)


def test_reducing_on_the_wrong_side() -> None:
    venue = at_100()
    venue.submit(order("a", SELL, "1"), 20)
    assert not accepted(venue, SELL, "1", reduces=True)
    long = at_100()
    long.submit(order("a", BUY, "1"), 20)
    assert not accepted(long, BUY, "1", reduces=True)


@pytest.mark.parametrize(
    ("received", "quantity", "fits"),
    [
        (True, "1.011", True),  # 1.011 × 0.99 = 1.00089: the debt of 1 and a rest below a step
        (True, "1.061", True),  # 1.05039: a rest worth less than 5 and less than one step more
        (True, "1.062", False),  # 1.05138: more than that
        (False, "1", True),
        (False, "1.050", True),
        (False, "1.051", False),
    ],
)
def test_covering_may_exceed_the_debt_by_rounding_and_dust(
    received: bool, quantity: str, fits: bool
) -> None:
    venue = at_100(taker_fee_rate="0.01", commission_received=received)
    venue.submit(order("a", SELL, "1"), 20)
    assert accepted(venue, BUY, quantity, reduces=True) is fits
    if fits:
        found = account(venue)
        assert found.debt_base == Quantity(0)
        assert 0 <= found.net_qty < Decimal("0.051")


def test_covering_counts_what_is_being_bought() -> None:
    venue = at_100(taker_fee_rate="0.01")
    venue.submit(order("a", SELL, "1"), 20)
    slow = a_venue(1_000, latency_ns=50)
    slow.restore(venue.dump())
    assert accepted(slow, BUY, "0.600", reduces=True)
    refused = slow.submit(order("b", BUY, "0.600", reduces=True), 51)
    assert (refused.code, refused.message) == ("EXCEEDS_POSITION", "only 0.406 is owed")


def test_a_cover_beyond_all_collateral_leaves_debt_and_no_naked_short() -> None:
    """Nobody is liquidated here: the loss is carried on, and shows."""
    venue = at_100()
    venue.submit(order("a", SELL, "50"), 20)
    venue.on_trade(trade(30, 150))
    assert accepted(venue, BUY, "50", reduces=True)
    found = account(venue)
    assert (net(found), found.debt_quote) == ("0", Notional(1_500))
