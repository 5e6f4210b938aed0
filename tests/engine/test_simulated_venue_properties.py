"""What holds for the simulated venue whatever is done to it, and what it keeps over a restart."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain.errors import UnknownSchema
from robson_domain.identity import ClientOrderId
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide
from robson_domain.values import Money
from robson_engine.simulated_venue import SimulatedVenue, VenueAssumptions
from tests.engine.simulated_venue_kit import BTC, BUY, ETH, RULES, a_venue, order, trade

BALANCE = 10_000
Step = tuple[str, int, int, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["trade", "trade", "buy", "sell", "reduce-buy", "reduce-sell", "cancel"]),
        st.integers(1, 40),  # time since the step before
        st.integers(90, 110),  # price
        st.integers(1, 3_000),  # quantity, steps
    ),
    max_size=40,
)
ASSUMED = st.fixed_dictionaries(
    {
        "taker_fee_rate": st.sampled_from(["0", "0.001", "0.01"]),
        "latency_ns": st.sampled_from([0, 25, 60]),
        "commission_received": st.booleans(),
        "fill_fraction": st.sampled_from([None, "1", "0.3"]),
    }
)


def play(venue: SimulatedVenue, steps: list[Step], first: int = 0) -> list[OrderReport]:
    """Carry out ``steps`` and return all that was reported."""
    reports: list[OrderReport] = []
    ts = 1_000 * first
    for number, (kind, wait, price, size) in enumerate(steps, start=first):
        ts += wait
        name = f"o{number}"
        quantity = str(RULES[BTC].quantity(size))
        if kind == "trade":
            reports.extend(venue.on_trade(trade(ts, price, number=number + 1, steps=size)))
        elif kind == "cancel":
            reports.append(venue.cancel(BTC, ClientOrderId(f"o{number - 2}"), ts))
        else:
            side = BUY if kind.endswith("buy") else OrderSide.SELL
            reduces = kind.startswith("reduce")
            reports.append(venue.submit(order(name, side, quantity, reduces=reduces), ts))
    return reports


def sides(venue: SimulatedVenue, steps: list[Step]) -> dict[str, OrderSide]:
    return {
        f"o{number}": BUY if kind.endswith("buy") else OrderSide.SELL
        for number, (kind, *_) in enumerate(steps)
        if kind.endswith(("buy", "sell"))
    }


@given(STEPS, ASSUMED)
def test_account_is_the_sum_of_its_fills(steps: list[Step], assumed: dict[str, object]) -> None:
    venue = a_venue(BALANCE, **assumed)
    play(venue, steps)
    base, quote = Decimal(0), Decimal(BALANCE)
    direction = sides(venue, steps)
    for name, fill in venue.fills_since(BTC, None):
        sign = 1 if direction[name] is BUY else -1
        base += sign * fill.quantity.value
        quote -= sign * fill.quantity.value * fill.price.value
        if fill.commission_asset == "BTC":
            base -= fill.commission.value
        else:
            quote -= fill.commission.value
    found = venue.account(BTC, 10**9)
    assert found.net_qty == base
    assert found.debt_base.value == max(Decimal(0), -base)
    assert found.debt_quote.value == max(Decimal(0), -quote)


@given(STEPS, ASSUMED)
def test_every_fill_is_reported_once_and_found_again(
    steps: list[Step], assumed: dict[str, object]
) -> None:
    venue = a_venue(BALANCE, **assumed)
    reports = play(venue, [step for step in steps if step[0] != "cancel"])
    told = [fill for report in reports for fill in report.fills]
    kept = [fill for _, fill in venue.fills_since(BTC, None)]
    assert told == kept
    assert [int(fill.trade_id) for fill in kept] == list(range(1, len(kept) + 1))


@given(STEPS, ASSUMED)
def test_reducing_never_opens_the_other_side(steps: list[Step], assumed: dict[str, object]) -> None:
    venue = a_venue(BALANCE, **assumed)
    only_reduces = [s if s[0] in ("trade", "buy") else ("reduce-sell", *s[1:]) for s in steps]
    play(venue, only_reduces)
    assert venue.account(BTC, 10**9).net_qty >= 0


@given(STEPS, STEPS, ASSUMED)
def test_a_restored_venue_goes_on_byte_for_byte(
    before: list[Step], after: list[Step], assumed: dict[str, object]
) -> None:
    venue = a_venue(BALANCE, **assumed)
    play(venue, before)
    twin = a_venue(1, **assumed)
    twin.restore(venue.dump())
    assert twin.dump() == venue.dump()
    assert play(twin, after, first=100) == play(venue, after, first=100)
    assert twin.dump() == venue.dump()


@given(STEPS, STEPS, ASSUMED)
def test_kept_changes_make_the_same_venue(
    before: list[Step], after: list[Step], assumed: dict[str, object]
) -> None:
    venue = a_venue(BALANCE, **assumed)
    head, orders = "", dict[int, str]()
    for start, steps in ((0, before), (100, after)):
        play(venue, steps, first=start)
        delta = venue.changes()
        if delta is not None:
            head, orders = delta.head, {**orders, **dict(delta.orders)}
    assert venue.changes() is None
    if not head:
        return
    twin = a_venue(1, **assumed)
    twin.load(head, [orders[number] for number in sorted(orders)])
    for tick in (trade(10**6, 100, symbol=BTC), trade(10**6, 100, symbol=ETH)):
        # Prices are no change and so not kept; after one trade nothing differs.
        assert twin.on_trade(tick) == venue.on_trade(tick)
    assert twin.dump() == venue.dump()


@given(STEPS, STEPS, ASSUMED)
def test_a_copy_lives_its_own_life(
    before: list[Step], after: list[Step], assumed: dict[str, object]
) -> None:
    venue = a_venue(BALANCE, **assumed)
    play(venue, before)
    copy, dump = venue.copy(), venue.dump()
    play(venue, after, first=100)
    assert copy.dump() == dump
    play(copy, after, first=100)
    assert copy.dump() == venue.dump()
    assert copy.changes() == venue.changes()


def test_ambient_precision_changes_nothing() -> None:
    steps: list[Step] = [
        ("trade", 5, 97, 10),
        ("buy", 5, 97, 2_999),
        ("trade", 5, 103, 10),
        ("sell", 5, 1, 1_777),
        ("trade", 5, 91, 10),
    ]
    plain, hostile = a_venue(taker_fee_rate="0.000777"), a_venue(taker_fee_rate="0.000777")
    play(plain, steps)
    with localcontext() as context:
        context.prec = 2
        play(hostile, steps)
        hostile.account(BTC, 1)
    assert hostile.dump() == plain.dump()


def test_a_dump_of_other_pairs_is_refused() -> None:
    other = SimulatedVenue(VenueAssumptions(), {ETH: RULES[ETH]}, Money(1))
    with pytest.raises(UnknownSchema, match="BTCUSDT: not traded"):
        other.restore(a_venue().dump())


def test_a_dump_that_is_no_dump_is_refused() -> None:
    with pytest.raises(UnknownSchema):
        a_venue().restore('{"head": 1}')


def test_a_new_venue_has_no_changes() -> None:
    venue = a_venue(latency_ns=50)
    venue.on_trade(trade(10))
    assert venue.changes() is None
    venue.submit(order("a", BUY, "1"), 20)
    delta = venue.changes()
    assert delta is not None
    assert [number for number, _ in delta.orders] == [1]
    assert '"status":"accepted"' in delta.orders[0][1]
    assert venue.on_trade(trade(30)) == ()
    assert venue.changes() is None
    (report,) = venue.on_trade(trade(80))
    assert report.status is ReportStatus.FILLED
    delta = venue.changes()
    assert delta is not None
    assert '"status":"filled"' in delta.orders[0][1]
