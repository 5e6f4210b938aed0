"""Orders: each fill counts once, whatever order and number the reports come in."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import (
    ORDER_TRANSITIONS,
    Fill,
    IllegalTransition,
    LiquiditySide,
    Notional,
    Order,
    OrderStatus,
    Price,
    Quantity,
    TradeId,
    ValidationError,
    next_order_status,
)
from robson_domain.testing import a_fill, an_order, strategies

S = OrderStatus
OWN: Final = ("submitted", "denied", "cancel_sent")
REPORTS: Final = (
    *("accepted", "partially_filled", "filled", "canceled", "expired", "rejected", "no_reply"),
)
TERMINAL: Final = {S.FILLED, S.CANCELED, S.EXPIRED, S.DENIED, S.REJECTED}
SENT: Final = tuple(status for status in S if status not in {S.DRAFT, S.DENIED})


@pytest.mark.parametrize("event", [*OWN, *REPORTS, "", "FILLED", "unheard"])
@pytest.mark.parametrize("status", S)
def test_every_pair_is_in_the_table_or_illegal(status: OrderStatus, event: str) -> None:
    row = ORDER_TRANSITIONS[status]
    if event in row:
        assert next_order_status(status, event) is row[event]
    else:
        with pytest.raises(IllegalTransition, match="order: "):
            next_order_status(status, event)


def test_table_speaks_the_known_words() -> None:
    assert set(ORDER_TRANSITIONS) == set(S)
    assert {event for row in ORDER_TRANSITIONS.values() for event in row} == {*OWN, *REPORTS}


def test_every_status_is_reached_from_a_draft() -> None:
    reached = {S.DRAFT}
    while more := {to for s in reached for to in ORDER_TRANSITIONS[s].values()} - reached:
        reached |= more
    assert reached == set(S)


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("status", SENT)
def test_no_report_of_the_venue_is_illegal(status: OrderStatus, report: str) -> None:
    """Reports repeat, cross and come late; the first one may be the last one heard."""
    assert next_order_status(status, report) in S


@pytest.mark.parametrize("event", [*OWN, *REPORTS])
def test_what_was_never_sent_stays_that_way(event: str) -> None:
    with pytest.raises(IllegalTransition):
        next_order_status(S.DENIED, event)


@pytest.mark.parametrize("report", REPORTS)
def test_what_is_filled_stays_filled(report: str) -> None:
    assert next_order_status(S.FILLED, report) is S.FILLED


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("ended", [S.CANCELED, S.EXPIRED])
def test_what_ended_never_works_again(ended: OrderStatus, report: str) -> None:
    """A fill heard of late must not leave an order open that nobody will ever close."""
    expected = S.FILLED if report == "filled" else ended
    assert next_order_status(ended, report) is expected


@pytest.mark.parametrize("report", [report for report in REPORTS if report != "no_reply"])
def test_only_evidence_leads_out_of_doubt(report: str) -> None:
    assert next_order_status(S.IN_DOUBT, report) is not S.IN_DOUBT
    assert next_order_status(S.IN_DOUBT, "no_reply") is S.IN_DOUBT
    for own in OWN:
        with pytest.raises(IllegalTransition):
            next_order_status(S.IN_DOUBT, own)


@pytest.mark.parametrize("status", [S.SUBMITTED, S.ACCEPTED, S.PARTIALLY_FILLED, S.PENDING_CANCEL])
def test_silence_is_doubt_and_never_a_rejection(status: OrderStatus) -> None:
    assert next_order_status(status, "no_reply") is S.IN_DOUBT


def test_a_wrong_rejection_can_be_taken_back() -> None:
    assert next_order_status(S.REJECTED, "accepted") is S.ACCEPTED
    assert next_order_status(S.REJECTED, "partially_filled") is S.PARTIALLY_FILLED
    assert next_order_status(S.REJECTED, "filled") is S.FILLED


def test_terminal_is_what_it_says() -> None:
    assert {status for status in S if status.is_terminal} == TERMINAL


def _fills(*quantities: str) -> list[Fill]:
    return [
        a_fill(trade_id=TradeId(str(n)), quantity=Quantity(text), price=Price(100 + n))
        for n, text in enumerate(quantities)
    ]


def test_order_fills_in_parts() -> None:
    one, two, three = _fills("10", "15", "25")
    order = an_order(order_qty=Quantity(50)).with_fill(one)
    assert (order.status, order.filled_qty, order.leaves_qty) == (
        S.PARTIALLY_FILLED,
        Quantity(10),
        Quantity(40),
    )
    order = order.with_fill(two).with_fill(three)
    assert (order.status, order.filled_qty, order.leaves_qty) == (
        S.FILLED,
        Quantity(50),
        Quantity(0),
    )
    assert order.filled_notional == Notional(10 * 100 + 15 * 101 + 25 * 102)
    assert order.average_price == Price("101.3")
    assert order.trade_ids == ("0", "1", "2")


def test_a_repeated_fill_changes_nothing_at_all() -> None:
    (fill,) = _fills("10")
    once = an_order().with_fill(fill)
    assert once.has(fill)
    assert once.with_fill(fill) is once
    assert once.with_fill(attrs.evolve(fill, quantity=Quantity(40))) is once


@given(st.permutations(range(8)), st.lists(st.integers(0, 7), max_size=8))
def test_order_and_repetition_of_fills_do_not_matter(order: list[int], again: list[int]) -> None:
    fills = _fills("1", "2.5", "0.001", "7", "3", "0.2", "11", "0.00001")
    straight = mixed = an_order(order_qty=Quantity("30"))
    for fill in fills:
        straight = straight.with_fill(fill)
    for n in [*order[:4], *again, *order]:
        said = mixed.status_with(fills[n])
        mixed = mixed.with_fill(fills[n])
        assert mixed.status is said
    assert attrs.evolve(mixed, trade_ids=straight.trade_ids) == straight
    assert sorted(mixed.trade_ids) == sorted(straight.trade_ids)


@given(st.lists(strategies.fills(), min_size=1, max_size=5, unique_by=lambda f: f.trade_id))
def test_average_price_is_the_weighted_one(fills: list[Fill]) -> None:
    order = an_order(order_qty=Quantity(10**19))
    for fill in fills:
        order = order.with_fill(fill)
    cost = sum((Fraction(f.notional.value) for f in fills), Fraction(0))
    exact = cost / sum((Fraction(f.quantity.value) for f in fills), Fraction(0))
    assert order.average_price is not None
    assert abs(Fraction(order.average_price.value) - exact) <= Fraction(1, 2 * 10**20)
    prices = sorted(f.price for f in fills)
    assert prices[0] <= order.average_price <= prices[-1]


def test_nothing_filled_has_no_average() -> None:
    assert an_order().average_price is None


def test_more_than_asked_for_is_a_fact_too() -> None:
    order = an_order(order_qty=Quantity(5)).with_fill(a_fill(quantity=Quantity(7)))
    assert (order.status, order.filled_qty, order.leaves_qty) == (
        S.FILLED,
        Quantity(7),
        Quantity(0),
    )


@pytest.mark.parametrize("ended", [S.CANCELED, S.EXPIRED, S.REJECTED])
def test_a_late_whole_fill_of_an_ended_order_is_believed(ended: OrderStatus) -> None:
    order = an_order(status=ended).with_fill(a_fill())
    assert (order.status, order.filled_qty) == (S.FILLED, an_order().order_qty)


@pytest.mark.parametrize("ended", [S.CANCELED, S.EXPIRED])
def test_a_late_part_fill_counts_and_leaves_nothing_to_come(ended: OrderStatus) -> None:
    order = an_order(status=ended).with_fill(a_fill(quantity=Quantity(20)))
    assert (order.status, order.filled_qty, order.leaves_qty) == (ended, Quantity(20), Quantity(0))


def test_a_fill_of_what_was_never_sent_is_illegal() -> None:
    for status in (S.DRAFT, S.DENIED):
        with pytest.raises(IllegalTransition):
            an_order(status=status).with_fill(a_fill())


@given(
    st.lists(
        st.one_of(st.sampled_from(REPORTS), st.sampled_from(_fills("10", "15", "20", "5"))),
        max_size=12,
    )
)
def test_no_history_of_reports_breaks_an_order(history: list[str | Fill]) -> None:
    """Whatever comes in whatever order: quantities only grow, and fills are counted once."""
    order = an_order(order_qty=Quantity(50))
    heard: set[str] = set()
    for entry in history:
        before = order
        if isinstance(entry, Fill):
            order = order.with_fill(entry)
            heard.add(entry.trade_id)
        else:
            order = order.with_status(entry)
        assert order.filled_qty >= before.filled_qty
        assert set(order.trade_ids) == heard
        assert not order.status.is_terminal or not order.leaves_qty
        assert before.status is not S.FILLED or order.status is S.FILLED
    fills = {f.trade_id: f for f in history if isinstance(f, Fill)}.values()
    assert Fraction(order.filled_qty.value) == sum(Fraction(f.quantity.value) for f in fills)


def test_status_reports_move_the_order_alone() -> None:
    order: Order = an_order().with_status("accepted")
    assert attrs.evolve(order, status=S.SUBMITTED) == an_order()
    assert order.status is S.ACCEPTED


def test_a_fill_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="a fill must be above zero"):
        a_fill(quantity=Quantity(0))


@pytest.mark.parametrize(
    ("price", "quantity"), [("1e19", "1e19"), ("1e-30", "1e-30"), ("0.1", "1e-40")]
)
def test_a_fill_of_impossible_value_is_refused_when_it_is_made(price: str, quantity: str) -> None:
    with pytest.raises(ValidationError, match="notional"):
        a_fill(price=Price(price), quantity=Quantity(quantity))


def test_fill_knows_its_value() -> None:
    fill = a_fill(price=Price("0.1"), quantity=Quantity("0.2"))
    assert fill.notional == Notional(Decimal("0.02"))
    assert fill.liquidity is LiquiditySide.TAKER


def test_an_order_is_sent_until_it_is_said_otherwise() -> None:
    assert an_order().status is S.SUBMITTED
    assert an_order().leaves_qty == an_order().order_qty
