"""Prints far from the quote wait a moment, and then count all the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.binance.plausibility import QUOTE_AGE_MAX_NS, WAIT_NS, Plausibility
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol

BTC = Symbol("BTCUSDT")
MS = 1_000_000
T0 = 1_700_000_000 * 1_000 * MS


def tick(ticks: int, number: int = 1, at: int = T0) -> TradeTick:
    return TradeTick(BTC, ticks, number, at, at)


def gate(bid: int = 1_000, ask: int = 1_010, at: int = T0) -> Plausibility:
    made = Plausibility()
    made.quote(bid, ask, at)
    return made


def test_numbers_of_the_rule() -> None:
    assert (QUOTE_AGE_MAX_NS, WAIT_NS) == (1_000 * MS, 250 * MS)


def test_ten_percent_counts_at_once_and_more_does_not() -> None:
    for ticks in (900, 1_111, 1_005):
        assert gate().take(tick(ticks)) == (tick(ticks),), ticks
    for ticks in (899, 1_112):
        held = gate()
        assert held.take(tick(ticks)) == (), ticks
        assert held.waiting == tick(ticks)
        assert held.held == 1


def test_only_a_quote_of_the_last_second_judges() -> None:
    assert gate().take(tick(1, at=T0 + 1_000 * MS)) == ()
    late = tick(1, at=T0 + 1_000 * MS + 1)
    assert gate().take(late) == (late,)
    assert Plausibility().take(tick(1)) == (tick(1),)
    forgetful = gate()
    forgetful.forget()
    assert forgetful.take(tick(1)) == (tick(1),)


def test_a_side_that_is_empty_judges_nothing() -> None:
    assert gate(bid=0).take(tick(1)) == (tick(1),)
    assert gate(ask=0).take(tick(10**9)) == (tick(10**9),)
    assert gate(bid=0).take(tick(10**9)) == ()


def test_the_next_print_releases_it_first() -> None:
    held = gate()
    held.take(tick(1, 1))
    assert held.take(tick(1_000, 2)) == (tick(1, 1), tick(1_000, 2))
    assert held.waiting is None
    assert held.due == 0


def test_a_row_of_odd_prints_is_one_behind() -> None:
    held = gate()
    assert held.take(tick(1, 1)) == ()
    assert held.take(tick(2, 2)) == (tick(1, 1),)
    assert held.waiting == tick(2, 2)


def test_time_releases_it() -> None:
    held = gate()
    held.take(tick(1))
    assert held.due == T0 + 250 * MS
    assert held.passed(held.due - 1) == ()
    assert held.passed(held.due) == (tick(1),)
    assert held.passed(held.due) == ()


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), st.integers(0, 3_000), st.integers(0, 2_000)),
        st.tuples(st.just("print"), st.integers(1, 3_000), st.integers(0, 2_000)),
        st.tuples(st.just("time"), st.just(0), st.integers(0, 2_000)),
        st.tuples(st.just("release"), st.just(0), st.integers(0, 2_000)),
    )
)


@given(steps=_steps)
def test_every_print_counts_once_in_order_and_in_time(steps: list[tuple[str, int, int]]) -> None:
    held, now, came = Plausibility(), T0, 0
    counted: list[TradeTick] = []
    for kind, number, later in steps:
        now += later * MS
        if kind == "quote":
            held.quote(number, number + 10, now)
        elif kind == "print":
            came += 1
            counted += held.take(tick(number, came, now))
        elif kind == "time":
            counted += held.passed(now)
            assert held.waiting is None or now < held.due
        else:
            counted += held.release()
    counted += held.passed(now + WAIT_NS)
    assert [print_.trade_id for print_ in counted] == list(range(1, came + 1))
    assert held.waiting is None
