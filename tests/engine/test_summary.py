"""The short way of logging a stop that followed leads to the step of the general way."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import PositionId, Side, TradeTick
from robson_engine.summary import summary_alone
from robson_engine.trigger_index import FAR, TriggerIndex
from tests.engine.test_local_driver import SYMBOL, Alternating, _columns, _driver

ONE, TWO = PositionId("one"), PositionId("two")


def _head(prices: list[int], times: list[int], patch: Any = None) -> tuple[Any, Any]:
    driver, log = _driver()
    if patch is not None:
        patch.setattr(import_module("robson_engine.step"), "summary_alone", lambda *_: None)
    driver.scan(SYMBOL, prices, times)
    return log.head, driver.state.snapshot()


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(st.integers(-4_000, 4_000), min_size=1, max_size=120),
    gap_ns=st.sampled_from([1_000_000, 70_000_000, 200_000_000, 3_000_000_000]),
)
def test_both_ways_write_the_same_log(moves: list[int], gap_ns: int) -> None:
    prices, times = _columns(moves, gap_ns)
    with pytest.MonkeyPatch.context() as patch:
        general = _head(prices, times, patch)
    assert _head(prices, times) == general


@pytest.mark.parametrize("count", [1, 2])
def test_a_stop_that_cannot_follow_is_left_to_the_general_way(count: int) -> None:
    driver, _ = _driver(plan=Alternating(count))  # a short, a long
    driver.offer(TradeTick(SYMBOL, 6_000_000, 1, 1, 1))
    position = next(iter(driver.state.live.values()))
    index = TriggerIndex()
    # Its best in this index lies so low that the stop that follows is not tighter.
    index.put(position.position_id, position.side, (100, 5), 0)
    index.offer(100 + position.side.sign)
    tick = TradeTick(SYMBOL, 100 + position.side.sign, 2, 10, 10)
    assert index.due_alone(10) is not None
    assert (summary_alone(driver.state, index, tick) is None) is (position.side is Side.LONG)


@pytest.mark.parametrize("side", list(Side))
def test_the_only_one_that_is_due_is_named(side: Side) -> None:
    index = TriggerIndex()
    index.put(ONE, side, (100, 5), 7)
    raised = 100 + side.sign
    assert index.due_alone(7) is None
    index.offer(raised)
    assert index.due_alone(6) is None
    assert index.due_alone(7) == (ONE, raised, raised - 5 * side.sign)


def test_of_two_none_is_named() -> None:
    index = TriggerIndex()
    for key in (ONE, TWO):
        index.put(key, Side.LONG, (100, 5), 0)
    index.offer(101)
    assert index.due_alone(FAR) is None
    driver, _ = _driver()
    assert summary_alone(driver.state, index, TradeTick(SYMBOL, 101, 1, 9, 9)) is None
    assert set(index.take_due(9)) == {ONE, TWO}


def test_when_both_sides_are_due_none_is_named() -> None:
    index = TriggerIndex()
    index.put(ONE, Side.LONG, (100, 50), 0)
    index.put(TWO, Side.SHORT, (100, 50), 0)
    index.offer(101)
    index.offer(99)
    assert index.due_alone(9) is None
    assert index.take_due(9) == [ONE, TWO]


def test_who_is_left_alone_with_the_time_of_another_is_not_logged_early() -> None:
    """A group is due by its soonest member; when that one has gone, the rest has to be asked."""
    index = TriggerIndex()
    index.put(ONE, Side.LONG, (100, 5), 3)
    index.put(TWO, Side.LONG, (100, 5), 50)
    index.offer(101)
    index.remove(ONE, Side.LONG)
    assert index.due <= 10
    assert index.due_alone(10) is None
    assert index.take_due(10) == []
    assert index.due_alone(50) == (TWO, 101, 96)


bounds = st.integers(90, 110)


@settings(max_examples=300)
@given(
    put=st.lists(
        st.tuples(st.sampled_from(Side), bounds, st.integers(1, 9), st.integers(0, 30)), max_size=3
    ),
    prices=st.lists(bounds, max_size=30),
)
def test_passing_over_equals_offering_one_by_one(
    put: list[tuple[Side, int, int, int]], prices: list[int]
) -> None:
    """Nobody is hit and nobody due among the prices passed over, and the index ends the same."""
    one, other = TriggerIndex(), TriggerIndex()
    for index in (one, other):
        for number, (side, best, distance, due) in enumerate(put):
            index.put(PositionId(f"p{number}"), side, (best, distance), due)
    times = list(range(len(prices)))
    found = one.pass_over(enumerate(prices), times)
    passed = len(prices) if found is None else found[0]
    for place in range(passed):
        assert other.offer(prices[place]) == []
        assert times[place] < other.due
    if found is not None:
        assert found == (passed, prices[passed])
    assert (one.low, one.high, one.due) == (other.low, other.high, other.due)
    for number, (side, *_) in enumerate(put):
        key = PositionId(f"p{number}")
        assert one.best_ticks(key, side) == other.best_ticks(key, side)
    assert one.take_due(100) == other.take_due(100)


@settings(max_examples=40, deadline=None)
@given(moves=st.lists(st.integers(-4_000, 4_000), min_size=1, max_size=60))
def test_a_summary_leaves_the_index_as_the_general_way_does(moves: list[int]) -> None:
    prices, times = _columns(moves, 200_000_000)
    ends = []
    for is_known in (True, False):
        driver, _ = _driver()
        with pytest.MonkeyPatch.context() as patch:
            if not is_known:
                patch.setattr(import_module("robson_engine.state"), "_has_only_followed", _never)
            driver.scan(SYMBOL, prices, times)
        index = driver.state.indexes[SYMBOL]
        members = [
            (side.best_of(key), dict(side._logged))
            for side in index.sides.values()
            for key in driver.state.live
        ]
        limits = (index.low, index.high, index.due, index.mark_max, index.opened_max)
        ends.append((limits, members, list(driver.state.live.items()), driver.state.orders))
    assert ends[0] == ends[1]


def _never(*_: Any) -> bool:
    return False


def test_a_stranger_follows_nothing() -> None:
    index = TriggerIndex()
    assert not index.follow(ONE, Side.LONG, 95, 7)
    assert (index.low, index.high, index.due) == (-FAR, FAR, FAR)
