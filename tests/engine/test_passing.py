"""Trades by columns: what is passed over is what nobody would have acted on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import PositionId, Side
from robson_engine.config import SUMMARY_NS
from robson_engine.passing import pass_over
from robson_engine.trigger_index import FAR, TriggerIndex

ONE, TWO = PositionId("p0"), PositionId("p1")
STEP_NS = SUMMARY_NS // 4
Put = tuple[Side, int, int, int]
bounds = st.integers(90, 110)


def _index(put: list[Put]) -> TriggerIndex:
    index = TriggerIndex()
    for number, (side, best, distance, due) in enumerate(put):
        index.put(PositionId(f"p{number}"), side, (best, distance), due * STEP_NS)
    return index


@settings(max_examples=500)
@given(
    put=st.lists(
        st.tuples(st.sampled_from(Side), bounds, st.integers(1, 9), st.integers(0, 30)), max_size=3
    ),
    prices=st.lists(bounds, max_size=40),
)
def test_passing_over_equals_offering_one_by_one(put: list[Put], prices: list[int]) -> None:
    """Nobody is hit, only who is alone is logged, and that when the index would have said so."""
    one, other = _index(put), _index(put)
    times = [place * STEP_NS for place in range(len(prices))]
    passage = pass_over(one, enumerate(prices), times)
    passed = len(prices) if passage.found is None else passage.found[0]
    logged = []
    for place in range(passed):
        assert other.offer(prices[place]) == []
        for key in other.take_due(times[place]):
            assert key == passage.member
            logged.append((place, _log(other, put, key, times[place])))
    assert passage.logged == logged
    if passage.found is not None:
        assert passage.found == (passed, prices[passed])
    if passage.member is not None:
        for place, best in passage.logged:
            one.offer(best)
            _log(one, put, passage.member, times[place])
    if passage.best:
        one.offer(passage.best)
    assert (one.low, one.high, one.due) == (other.low, other.high, other.due)
    assert one.take_due(FAR) == other.take_due(FAR)


def _log(index: TriggerIndex, put: list[Put], key: PositionId, now: int) -> int:
    """Tell the index that the stop of a member was logged ``now``; return its best in ticks."""
    side, _, distance, _ = put[int(key[1:])]
    best = index.best_ticks(key, side)
    assert best is not None
    index.put(key, side, (best, distance), now + SUMMARY_NS)
    return best


@pytest.mark.parametrize("side", list(Side))
def test_the_stop_of_one_alone_is_logged_every_200_ms(side: Side) -> None:
    prices = [100 + n * side.sign for n in range(10)]
    passage = pass_over(_index([(side, 100, 5, 0)]), enumerate(prices), range(0, 10**9, 10**8))
    assert passage.logged == [(n, prices[n]) for n in (1, 3, 5, 7, 9)]
    assert (passage.found, passage.member, passage.best) == (None, ONE, prices[-1])


def test_a_raise_that_waits_is_logged_at_the_first_trade_from_its_time_on() -> None:
    index = _index([(Side.LONG, 100, 5, 3)])
    passage = pass_over(index, enumerate([101, 99, 100, 100, 100]), range(0, 10**9, STEP_NS))
    assert passage.logged == [(3, 101)]


def test_which_of_two_is_due_the_index_has_to_say() -> None:
    index = _index([(Side.LONG, 100, 5, 2), (Side.LONG, 100, 6, 4)])
    passage = pass_over(index, enumerate([101, 100, 100]), range(0, 10**9, STEP_NS))
    assert (passage.found, passage.logged, passage.best) == ((2, 100), [], 101)


def test_who_was_logged_already_waits_for_nothing() -> None:
    """A group is due by its soonest member; the one that stays was logged with this best."""
    index = _index([(Side.LONG, 100, 5, 1), (Side.LONG, 101, 6, 9)])
    index.offer(101)
    index.remove(ONE, Side.LONG)
    passage = pass_over(index, enumerate([100, 100, 100]), range(0, 10**9, STEP_NS))
    assert (passage.found, passage.logged, passage.member) == (None, [], TWO)
