"""The trigger index always equals a scan over all positions; its bounds are exact."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import PositionId, Side
from robson_engine.trigger_index import FAR, TriggerIndex

KEYS = [PositionId(f"p{number}") for number in range(12)]
SPAN = 12
"""Prices are drawn from so few ticks that ties are the rule."""


@attrs.define
class Watched:
    """What a scan knows of one position, prices as keys (a larger key is better)."""

    side: Side
    best: int
    distance: int
    logged: int
    due: int

    @property
    def stop(self) -> int:
        return self.best - self.distance


class Scan:
    """The obvious way: look at every position at every price."""

    def __init__(self) -> None:
        self.found: dict[PositionId, Watched] = {}

    def hits(self, ticks: int) -> set[PositionId]:
        return {key for key, w in self.found.items() if w.side.sign * ticks <= w.stop}

    def offer(self, ticks: int, *, may_raise: bool) -> set[tuple[int, PositionId]]:
        hit = self.hits(ticks)
        taken = {(self.found[key].best * self.found[key].side.sign, key) for key in hit}
        for key in hit:
            del self.found[key]
        if may_raise:
            for watched in self.found.values():
                watched.best = max(watched.best, watched.side.sign * ticks)
        return taken

    def due_at(self, ts: int) -> set[PositionId]:
        return {key for key, w in self.found.items() if w.best != w.logged and w.due <= ts}

    def concerns(self, ticks: int) -> bool:
        """Say whether a price exits or raises anybody."""
        return any(
            w.side.sign * ticks <= w.stop or w.side.sign * ticks > w.best
            for w in self.found.values()
        )


actions = st.one_of(
    st.tuples(
        st.just("put"),
        st.sampled_from(KEYS),
        st.sampled_from(Side),
        st.integers(1, SPAN),
        st.integers(0, SPAN // 2),
        st.integers(0, 6),
    ),
    st.tuples(st.just("offer"), st.integers(1, SPAN), st.booleans()),
    st.tuples(st.just("offer"), st.integers(1, SPAN), st.just(True)),
    st.tuples(st.just("remove"), st.sampled_from(KEYS)),
    st.tuples(st.just("lift"), st.sampled_from(KEYS), st.integers(1, 4)),
    st.tuples(st.just("due"), st.integers(0, 6)),
)


def _put(index: TriggerIndex, scan: Scan, key: PositionId, facts: tuple[Any, ...]) -> None:
    side, best, distance, due = facts
    if key in scan.found:
        side = scan.found[key].side  # a position never changes sides
    index.put(key, side, (best, distance), due)
    scan.found[key] = Watched(side, side.sign * best, distance, side.sign * best, due)


def _lift(index: TriggerIndex, scan: Scan, key: PositionId, by: int) -> None:
    watched = scan.found.get(key)
    if watched is None:
        return
    watched.best += by
    index.lift(key, watched.side, watched.best * watched.side.sign)


def _log_due(index: TriggerIndex, scan: Scan, ts: int) -> None:
    """Take who is due and log them, as ``step`` and the driver do."""
    found = index.take_due(ts)
    assert set(found) == scan.due_at(ts)
    assert len(found) == len(set(found))
    for key in found:
        watched = scan.found[key]
        watched.logged, watched.due = watched.best, ts + 3
        levels = (watched.best * watched.side.sign, watched.distance)
        index.put(key, watched.side, levels, watched.due)
    assert index.take_due(ts) == []


def _act(index: TriggerIndex, scan: Scan, action: tuple[Any, ...]) -> None:
    match action:
        case ("put", key, *facts):
            _put(index, scan, key, tuple(facts))
        case ("offer", ticks, may_raise):
            taken = index.offer(ticks, may_raise=may_raise)
            assert set(taken) == scan.offer(ticks, may_raise=may_raise)
        case ("remove", key):
            scan.found.pop(key, None)
            for side in Side:
                index.remove(key, side)
        case ("lift", key, by):
            _lift(index, scan, key, by)
        case ("due", ts):
            _log_due(index, scan, ts)


def _assert_same(index: TriggerIndex, scan: Scan) -> None:
    for key in KEYS:
        for side in Side:
            watched = scan.found.get(key)
            mine = watched is not None and watched.side is side
            expected = watched.best * side.sign if watched is not None and mine else None
            assert index.best_ticks(key, side) == expected
    for ticks in range(-SPAN, 3 * SPAN):
        assert (index.low < ticks < index.high) == (not scan.concerns(ticks))
    waiting = [w.due for w in scan.found.values() if w.best != w.logged]
    assert index.due <= min(waiting, default=FAR)


@settings(max_examples=300)
@given(st.lists(actions, max_size=30))
def test_equals_a_scan(story: list[tuple[Any, ...]]) -> None:
    index, scan = TriggerIndex(), Scan()
    for action in story:
        _act(index, scan, action)
        _assert_same(index, scan)


@settings(max_examples=60)
@given(st.lists(st.integers(80, 120), min_size=1, max_size=300), st.integers(1, 30))
def test_many_positions_over_many_prices(prices: list[int], distance: int) -> None:
    """Long enough for the heap of stops to be rebuilt many times."""
    index, scan = TriggerIndex(), Scan()
    for number, ticks in enumerate(prices):
        key, side = PositionId(f"n{number}"), (Side.LONG, Side.SHORT)[number % 2]
        _put(index, scan, key, (side, ticks, 1 + (distance * number) % 31, number))
        assert set(index.offer(ticks)) == scan.offer(ticks, may_raise=True)
    sides = index.sides.values()
    assert sum(len(side) for side in sides) == len(scan.found)


def test_empty_concerns_nobody() -> None:
    index = TriggerIndex()
    assert (index.low, index.high, index.due) == (-FAR, FAR, FAR)
    assert index.offer(5) == []
    assert index.take_due(FAR) == []


@pytest.mark.parametrize(("side", "at", "beyond"), [(Side.LONG, 98, 99), (Side.SHORT, 102, 101)])
def test_the_trigger_is_inclusive(side: Side, at: int, beyond: int) -> None:
    index = TriggerIndex()
    index.put(KEYS[0], side, (100, 2), 0)
    assert index.offer(beyond) == []
    assert index.offer(at) == [(100, KEYS[0])]


def test_one_price_never_both_exits_and_raises() -> None:
    """A price that exits some raises only those it does not exit."""
    index = TriggerIndex()
    index.put(KEYS[0], Side.SHORT, (100, 2), 0)
    index.put(KEYS[1], Side.LONG, (100, 2), 0)
    assert index.offer(102) == [(100, KEYS[0])]
    assert index.best_ticks(KEYS[1], Side.LONG) == 102
    assert index.best_ticks(KEYS[0], Side.SHORT) is None


def test_positions_with_equal_best_share_a_group_and_exit_by_their_own_distance() -> None:
    index = TriggerIndex()
    for key, distance in zip(KEYS, (3, 1, 2), strict=False):
        index.put(key, Side.LONG, (100, distance), 0)
    assert index.low == 99
    assert index.offer(98) == [(100, KEYS[1]), (100, KEYS[2])]
    assert index.low == 97


def test_a_group_that_overtakes_another_takes_it_along() -> None:
    index = TriggerIndex()
    index.put(KEYS[0], Side.LONG, (100, 5), 0)
    index.put(KEYS[1], Side.LONG, (103, 5), 0)
    index.put(KEYS[2], Side.LONG, (103, 6), 0)
    index.offer(103)
    assert [index.best_ticks(key, Side.LONG) for key in KEYS[:3]] == [103, 103, 103]
    assert len(index.sides[Side.LONG]._groups) == 1
    index.offer(104)
    assert [index.best_ticks(key, Side.LONG) for key in KEYS[:3]] == [104, 104, 104]
    assert (index.low, index.high) == (99, 105)


def test_a_lift_concerns_one_alone() -> None:
    index = TriggerIndex()
    for key in KEYS[:2]:
        index.put(key, Side.LONG, (100, 5), 7)
    index.lift(KEYS[0], Side.LONG, 102)
    assert [index.best_ticks(key, Side.LONG) for key in KEYS[:2]] == [102, 100]
    assert index.due == 7
    assert index.take_due(7) == [KEYS[0]]


def test_removing_a_stranger_is_no_error() -> None:
    index = TriggerIndex()
    index.remove(KEYS[0], Side.LONG)
    assert index.best_ticks(KEYS[0], Side.LONG) is None


def test_who_joins_a_group_does_not_delay_the_others() -> None:
    """Each is logged by its own time, whoever else waits in its group."""
    index = TriggerIndex()
    index.put(KEYS[0], Side.LONG, (100, 5), 10)
    index.put(KEYS[1], Side.LONG, (99, 5), 50)
    index.offer(100)
    assert index.take_due(20) == []
    assert index.due == 50
    index.offer(101)
    assert index.due == 10
    assert index.take_due(20) == [KEYS[0]]
    index.put(KEYS[0], Side.LONG, (101, 5), 60)
    assert index.take_due(20) == []
    assert index.due == 50


def test_a_lift_into_a_group_is_due_by_its_own_time() -> None:
    index = TriggerIndex()
    index.put(KEYS[0], Side.LONG, (100, 5), 10)
    index.put(KEYS[1], Side.LONG, (99, 5), 50)
    index.lift(KEYS[1], Side.LONG, 100)
    assert index.due == 50
    index.put(KEYS[2], Side.LONG, (98, 5), 30)
    index.lift(KEYS[2], Side.LONG, 100)
    assert index.due == 30


def test_what_was_moved_often_leaves_nothing_behind() -> None:
    """The heap of stops keeps stale entries for a while, never for good."""
    index = TriggerIndex()
    for ticks in range(100, 300):
        index.put(KEYS[0], Side.LONG, (ticks, 5), 0)
        assert index.low == ticks - 5
    assert len(index.sides[Side.LONG]) == 1
    assert len(index.sides[Side.LONG]._heap) < 30
    assert index.offer(294) == [(299, KEYS[0])]
