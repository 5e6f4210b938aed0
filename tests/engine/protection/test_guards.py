"""A fixed stop that follows the quantity and never loosens."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import Price, Quantity, Side
from robson_engine.protection import External, Guard, follow, stop_of
from tests.engine.protection.test_external import BTC, RULES


def seen(side: Side | None, quantity: str = "0", entry: str | None = None) -> External:
    price = None if entry is None else Price(entry)
    return External(symbol=BTC, side=side, quantity=Quantity(quantity), entry_price=price)


def opened(side: Side = Side.LONG, entry: str | None = "1000", price: str = "1000") -> Guard:
    guard = follow(None, seen(side, "0.3", entry), RULES, Price(price), 7)
    assert guard is not None
    return guard


@pytest.mark.parametrize(
    ("side", "entry", "stop"),
    [
        (Side.LONG, "95000", "93100"),
        (Side.SHORT, "2000", "2040"),
        (Side.LONG, "100.01", "98.01"),  # 98.0098: tighter is up
        (Side.SHORT, "100.01", "102.01"),  # 102.0102: tighter is down
    ],
)
def test_two_percent_rounded_tighter(side: Side, entry: str, stop: str) -> None:
    assert stop_of(RULES, side, Price(entry)) == Price(stop)


def test_a_position_first_seen_is_guarded_from_its_entry() -> None:
    guard = opened()
    assert (guard.stop, guard.quantity, guard.is_estimated) == (Price(980), Quantity("0.3"), False)
    assert guard.since == 7
    assert guard.is_hit(Price(980)), "inclusive"
    assert not guard.is_hit(Price("980.01"))
    assert opened(Side.SHORT).is_hit(Price(1020))


def test_one_already_beyond_its_stop_is_guarded_from_the_price() -> None:
    guard = opened(price="970")
    assert (guard.stop, guard.entry_price, guard.is_estimated) == (Price("950.6"), Price(970), True)
    assert opened(price="980").is_estimated, "at the stop is beyond it"


def test_without_a_known_entry_it_is_guarded_from_the_price() -> None:
    guard = opened(entry=None, price="1010")
    assert (guard.entry_price, guard.is_estimated) == (Price(1010), True)
    later = follow(guard, seen(Side.LONG, "0.2", "1000"), RULES, Price(1000), 9)
    assert later is not None
    assert (later.stop, later.quantity, later.is_estimated) == (guard.stop, Quantity("0.2"), True)


def test_the_guard_follows_what_the_person_does() -> None:
    guard = opened()
    less = follow(guard, seen(Side.LONG, "0.1", "1000"), RULES, Price(1000), 9)
    assert less is not None
    assert (less.quantity, less.stop, less.since) == (Quantity("0.1"), Price(980), 7)
    assert follow(guard, seen(None), RULES, Price(1000), 9) is None
    turned = follow(guard, seen(Side.SHORT, "0.2", "1000"), RULES, Price(1000), 9)
    assert turned is not None
    assert (turned.side, turned.stop, turned.since) == (Side.SHORT, Price(1020), 9)


def test_adding_at_a_worse_average_does_not_loosen() -> None:
    guard = opened()
    cheaper = follow(guard, seen(Side.LONG, "0.6", "990"), RULES, Price(985), 9)
    dearer = follow(guard, seen(Side.LONG, "0.6", "1010"), RULES, Price(1020), 9)
    unknown = follow(guard, seen(Side.LONG, "0.2"), RULES, Price(1000), 9)
    assert cheaper is not None
    assert dearer is not None
    assert unknown is not None
    assert (cheaper.entry_price, cheaper.stop) == (Price(990), Price(980))
    assert dearer.stop == Price("989.8")
    assert (unknown.entry_price, unknown.stop) == (Price(1000), Price(980))


SIGHTS = st.tuples(
    st.sampled_from([*Side, None]), st.integers(1, 900), st.none() | st.integers(500, 1500)
)


@given(sights=st.lists(SIGHTS, max_size=12), price=st.integers(600, 1400))
def test_never_looser_and_never_more(
    sights: list[tuple[Side | None, int, int | None]], price: int
) -> None:
    guard: Guard | None = None
    for number, (side, steps, entry) in enumerate(sights):
        quantity = f"{Decimal(steps) / 1000}"
        sight = seen(side, quantity, None if entry is None else str(entry))
        after = follow(guard, sight, RULES, Price(price), number)
        assert (after is None) is (side is None)
        if after is not None:
            assert (after.side, after.quantity) == (side, Quantity(quantity))
        if guard is not None and after is not None and guard.side is after.side:
            gained = (after.stop - guard.stop).value * after.side.sign
            assert gained >= 0
        guard = after
