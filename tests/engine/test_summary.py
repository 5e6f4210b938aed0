"""The short way of logging a stop that followed leads to the step of the general way."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import PositionId, Side, TradeTick
from robson_engine.passing import pass_over
from robson_engine.state import evolve
from robson_engine.summary import followed, summary_alone
from robson_engine.trigger_index import FAR, TriggerIndex
from tests.engine.test_local_driver import SYMBOL, Alternating, _columns, _driver

ONE, TWO = PositionId("one"), PositionId("two")


def _offered(prices: list[int], times: list[int]) -> tuple[Any, Any]:
    driver, log = _driver()
    for number, (price, ts) in enumerate(zip(prices, times, strict=True), start=1):
        driver.offer(TradeTick(SYMBOL, price, number, ts, ts))
    return log.head, driver.state.snapshot()


def _scanned(prices: list[int], times: list[int]) -> tuple[Any, Any]:
    driver, log = _driver()
    driver.scan(SYMBOL, prices, times)
    return log.head, driver.state.snapshot()


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(st.integers(-4_000, 4_000), min_size=1, max_size=120),
    gap_ns=st.sampled_from([1_000_000, 70_000_000, 200_000_000, 3_000_000_000]),
)
def test_every_way_writes_the_same_log(moves: list[int], gap_ns: int) -> None:
    """By the general way, one summary at a time, and all that lie between two trades at once."""
    prices, times = _columns(moves, gap_ns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("robson_engine.step"), "summary_alone", lambda *_: None)
        general = _offered(prices, times)
    assert _offered(prices, times) == general
    assert _scanned(prices, times) == general


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(st.integers(0, 900), min_size=2, max_size=60),
    side=st.sampled_from(Side),
    gap_ns=st.sampled_from([70_000_000, 200_000_000]),
)
def test_a_step_of_many_summaries_equals_the_fold_of_its_events(
    moves: list[int], side: Side, gap_ns: int
) -> None:
    prices, times = _columns([move * side.sign for move in moves], gap_ns)
    driver, _ = _driver(plan=Alternating(2 if side is Side.LONG else 1))
    driver.offer(TradeTick(SYMBOL, prices[0], 1, times[0], times[0]))
    state = driver.state
    passage = pass_over(state.index_of(SYMBOL), enumerate(prices), times)
    if not passage.logged:
        return
    assert passage.member is not None
    shown = [(TradeTick(SYMBOL, best, n + 1, 5, 7), n + 1, best) for n, best in passage.logged]
    whole = followed(state, passage.member, shown)
    for event in whole.events:
        state.apply(evolve(state, event))
    assert whole.changed == (state.positions[passage.member], state.ledger)


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
