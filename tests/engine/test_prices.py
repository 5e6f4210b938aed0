"""Prices and stops: the engine against the obvious way, for crowds of positions."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import (
    Event,
    Input,
    Position,
    PriceOrigin,
    Side,
    TimePassed,
    TradeTick,
    TrailingStopUpdated,
    codec,
)
from robson_domain.testing.builders import SYMBOL
from robson_engine import step
from robson_engine.config import SUMMARY_NS
from tests.engine.crowds import Followed, crowd_world, crowds, exits, markets
from tests.engine.world import World, state_text

Crowd = tuple[Position, ...]


@settings(max_examples=150)
@given(crowds(), markets())
def test_every_stop_is_the_best_less_distance_rounded_tighter(
    crowd: Crowd, market: list[Input]
) -> None:
    """At every price: who exits, at which stop, and where the stops of the others are."""
    world = crowd_world(crowd)
    followed = [Followed.of(position) for position in crowd]
    for entry in market:
        world.feed(entry)
        if isinstance(entry, TradeTick):
            for each in followed:
                each.see(entry)
        _assert_stops(world, followed)
    left = {f.position.position_id: (f.exit_price, f.stop) for f in followed if f.exit_price}
    assert exits(world.events) == left


def _assert_stops(world: World, followed: list[Followed]) -> None:
    index = world.state.index_of(SYMBOL)
    scale = followed[0].position.instrument
    waiting = [each for each in followed if each.exit_price is None]
    for side in Side:
        stops = [scale.ticks(each.stop) for each in waiting if each.position.side is side]
        if stops:
            tightest = index.sides[side].stop_max * side.sign
            assert tightest == (max(stops) if side is Side.LONG else min(stops))
    for each in waiting:
        logged = world.position(each.position.position_id).stop
        assert logged is not None
        behind = each.stop.value - logged.value
        assert each.position.side.sign * behind >= 0, "a logged stop is never ahead"


@settings(max_examples=150)
@given(crowds(), markets())
def test_a_summary_comes_with_the_first_input_200_ms_after_the_last(
    crowd: Crowd, market: list[Input]
) -> None:
    """And before any other event; two are never nearer, and nothing that moved is late."""
    world = crowd_world(crowd)
    for entry in market:
        before = dict(world.state.positions)
        outcome = world.feed(entry)
        live = not isinstance(entry, TradeTick) or entry.origin is not PriceOrigin.REST
        for key, position in world.state.positions.items():
            told = [event for event in outcome.events if event.position_id == key]
            _assert_summary(before[key], position, told, world.now_of(entry))
            if live and position.exit_reason is None:
                _assert_nothing_due(world, position, world.now_of(entry))


def _assert_summary(before: Position, after: Position, told: list[Event], now: int) -> None:
    moves = [event for event in told if isinstance(event, TrailingStopUpdated)]
    assert len(moves) <= 1
    for event in moves:
        assert event is told[0], "logged before any other event"
        assert now - before.summarized_at >= SUMMARY_NS or len(told) > 1
        assert event.previous_stop == before.stop
        assert event.stop != before.stop, "equal is no event"


def _assert_nothing_due(world: World, position: Position, now: int) -> None:
    best = world.state.index_of(SYMBOL).best_ticks(position.position_id, position.side)
    assert best is not None
    if now - position.summarized_at >= SUMMARY_NS:
        assert position.best == position.instrument.price(best)


def _concerns_nobody(world: World, tick: TradeTick) -> bool:
    index = world.state.index_of(SYMBOL)
    return index.low < tick.ticks < index.high and tick.ts_received < index.due


@settings(max_examples=150)
@given(crowds(), markets(), st.booleans())
def test_prices_that_concern_nobody_need_not_be_fed(
    crowd: Crowd, market: list[Input], tells_time: bool
) -> None:
    """A driver that looks at ``low``, ``high`` and ``due`` writes the same log."""
    market = [entry for entry in market if tells_time or not isinstance(entry, TimePassed)]
    full, sparse = crowd_world(crowd), crowd_world(crowd)
    skipped = 0
    for entry in market:
        full.feed(entry)
        index = sparse.state.index_of(SYMBOL)
        if isinstance(entry, TradeTick) and _concerns_nobody(sparse, entry):
            skipped = max(skipped, entry.trade_id)
            continue
        index.mark = max(index.mark, skipped)
        sparse.feed(entry)
    assert sparse.log() == full.log()
    assert state_text(sparse.state) == state_text(full.state)


@settings(max_examples=100)
@given(crowds(), markets())
def test_a_price_between_the_bounds_changes_nothing(crowd: Crowd, market: list[Input]) -> None:
    world = crowd_world(crowd)
    for entry in market:
        index = world.state.index_of(SYMBOL)
        inside = isinstance(entry, TradeTick) and _concerns_nobody(world, entry)
        bounds = (index.low, index.high, index.due)
        assert not (world.feed(entry).events and inside)
        assert not inside or bounds == (index.low, index.high, index.due)


@settings(max_examples=100)
@given(crowds(), markets())
def test_time_that_is_not_due_does_nothing(crowd: Crowd, market: list[Input]) -> None:
    """A driver may skip to :meth:`EngineState.next_due`; there, at most one call is idle."""
    world = crowd_world(crowd)
    for entry in market:
        world.feed(entry)
        due = world.state.next_due()
        now = world.now_of(entry)
        if due is None or due > now:
            assert step(world.state, TimePassed(ts_received=now)).events == ()
        if due is not None and due > now:
            assert step(world.state, TimePassed(ts_received=due - 1)).events == ()


def _refed(world: World, market: list[Input], cut: int) -> World:
    """Return a world restarted after ``cut`` inputs, shown all trades it needs as back-filled."""
    again = world.restored(world.counts[cut])
    mark = again.state.earliest_mark(SYMBOL)
    trades = [entry for entry in market if isinstance(entry, TradeTick) and entry.trade_id]
    for tick in trades:
        if mark is not None and tick.trade_id > mark:
            again.feed(tick._replace(origin=PriceOrigin.GAP))
    return again


def _without_rest(market: list[Input]) -> list[Input]:
    """Drop asked-for prices: nobody can ask for them again."""
    return [entry for entry in market if not isinstance(entry, TradeTick) or entry.trade_id]


@settings(max_examples=60)
@given(crowds(), markets(25))
def test_a_restart_anywhere_comes_to_the_same_exits(crowd: Crowd, market: list[Input]) -> None:
    """From every step's end, with every later trade back-filled: as if never stopped."""
    market = _without_rest(market)
    world = crowd_world(crowd, folds=False)
    for entry in market:
        world.feed(entry)
    for cut in range(len(market)):
        again = _refed(world, market, cut)
        assert exits(again.events) == exits(world.events)
        for key in world.state.positions:
            assert _true_best(again, key) == _true_best(world, key)


def _true_best(world: World, key: object) -> object:
    position = next(p for k, p in world.state.positions.items() if k == key)
    best = world.state.index_of(SYMBOL).best_ticks(position.position_id, position.side)
    return position.best if best is None else position.instrument.price(best)


@settings(max_examples=100)
@given(crowds(same_mark=False), markets(25))
def test_each_position_takes_in_the_past_from_its_own_mark(
    crowd: Crowd, market: list[Input]
) -> None:
    """Restored with different marks: a back-filled trade concerns only who lacks it."""
    market = _without_rest(market)
    followed = [Followed.of(position) for position in crowd]
    world = crowd_world(crowd)
    for entry in market:
        if isinstance(entry, TradeTick):
            world.feed(entry._replace(origin=PriceOrigin.GAP))
            for each in followed:
                if entry.trade_id > each.position.mark:
                    each.see(entry)
        else:
            world.feed(entry)
    left = {f.position.position_id: (f.exit_price, f.stop) for f in followed if f.exit_price}
    assert exits(world.events) == left


@settings(max_examples=60)
@given(crowds(), markets())
def test_a_trade_shown_twice_changes_nothing(crowd: Crowd, market: list[Input]) -> None:
    """A running process is back-filled after a lost link with trades it has seen already."""
    world = crowd_world(crowd)
    for number, entry in enumerate(market):
        world.feed(entry)
        for seen in market[: number + 1]:
            if isinstance(seen, TradeTick) and seen.trade_id:
                assert world.feed(seen._replace(origin=PriceOrigin.GAP)).events == ()


@given(crowds(), markets())
def test_the_log_is_stored_and_read_back(crowd: Crowd, market: list[Input]) -> None:
    world = crowd_world(crowd, folds=False)
    for entry in market:
        world.feed(entry)
    for event in world.events:
        assert codec.decode_event(codec.loads(codec.dumps(event))) == event
    assert world.restored().state.snapshot() == attrs.evolve(world.state.snapshot())
