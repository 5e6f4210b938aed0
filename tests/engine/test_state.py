"""The driver's state: what is derived from the positions, after any restart too."""

from __future__ import annotations

import pytest

from robson_domain import (
    CloseReason,
    IntentKind,
    InvariantError,
    Money,
    PositionId,
    PositionKind,
    PositionStatus,
    Price,
    ReportStatus,
    Side,
    Symbol,
    TradeId,
)
from robson_domain.events import EntryFilled, PositionClosed
from robson_domain.testing import a_fill, a_ledger, a_position, an_event
from robson_domain.testing.builders import SYMBOL, T0
from robson_engine import EngineState
from robson_engine.config import CLOSED_KEPT
from robson_engine.trigger_index import FAR
from tests.engine.world import (
    CAPITAL,
    CONFIG,
    ENTRY_ID,
    EXIT_ID,
    FIRST,
    MS,
    World,
    id_of,
    state_text,
)

S = PositionStatus
ETHER = Symbol("ETHUSDT")


def restored(world: World, at: int) -> EngineState:
    """Return the state restored from a snapshot at event ``at`` and the events after it."""
    snapshot = world.restored(at).state.snapshot()
    return EngineState.restore(CONFIG, CAPITAL, snapshot, world.events[at:])


def test_opening_is_empty() -> None:
    state = EngineState.opening(CONFIG, CAPITAL)
    assert (state.sequence, state.symbols(), state.next_due()) == (0, (), None)
    assert state.earliest_mark(SYMBOL) is None
    assert state.ledger.capital == CAPITAL


def test_restored_from_any_snapshot_it_is_the_same() -> None:
    world = World().closed()
    for at in range(len(world.events) + 1):
        assert state_text(restored(world, at)) == state_text(world.state)
    assert EngineState.restore(CONFIG, CAPITAL, None, world.events).positions == (
        world.state.positions
    )


def test_restored_events_must_continue_the_snapshot() -> None:
    world = World().active()
    with pytest.raises(InvariantError, match="does not follow"):
        EngineState.restore(CONFIG, CAPITAL, world.restored(2).state.snapshot(), world.events[3:])


def test_the_capital_of_a_snapshot_is_its_own() -> None:
    snapshot = World().active().state.snapshot()
    state = EngineState.restore(CONFIG, Money(1), snapshot, ())
    assert state.ledger.capital == CAPITAL


def _crowded(count: int) -> World:
    """Return a world in which ``count`` positions were armed and ended, in pairs swapped."""
    world = World(folds=False)
    keys = [PositionId(f"p{number}") for number in range(count)]
    for first, second in zip(keys[::2], keys[1::2], strict=True):
        world.arm(first)
        world.arm(second)
        world.disarm(second)
        world.disarm(first)
    return world


def test_the_oldest_end_is_forgotten_first_after_a_restart_too() -> None:
    """Not the position armed first; and nothing that is still needed."""
    world = _crowded(CLOSED_KEPT + 2)
    assert len(world.state.positions) == CLOSED_KEPT
    gone = {PositionId("p0"), PositionId("p1")}
    assert gone.isdisjoint(world.state.positions)
    late = len(world.events) - 1
    again = restored(world, late)
    assert state_text(again) == state_text(world.state)


def test_orders_of_what_is_forgotten_are_forgotten() -> None:
    world = World(folds=False).closed()
    order_id = id_of(IntentKind.EXIT)
    assert world.state.orders[order_id] == FIRST
    state = world.state
    ended = [
        a_position(S.CLOSED, position_id=PositionId(f"p{n}"), entry_order=None, exit_order=None)
        for n in range(CLOSED_KEPT)
    ]
    state.apply(tuple(ended))
    assert FIRST not in state.positions
    assert order_id not in state.orders
    assert ENTRY_ID not in state.orders


def test_a_position_that_opens_again_keeps_its_place() -> None:
    """Live ones are walked in order of arming, whatever happened in between."""
    world = World(folds=False)
    others = [PositionId("b"), PositionId("c")]
    world.closed()
    for key in others:
        world.arm(key)
    world.filled(100, 10, order=ENTRY_ID)
    assert list(world.state.live) == [FIRST, *others]
    assert list(world.restored().state.live) == [FIRST, *others]


def test_symbols_are_those_of_live_positions() -> None:
    world = World().closed()
    assert world.state.symbols() == ()
    world.arm(PositionId("b"), symbol=ETHER)
    world.arm(PositionId("c"))
    world.arm(PositionId("d"), symbol=ETHER)
    assert world.state.symbols() == (ETHER, SYMBOL)


@pytest.mark.parametrize("side", Side)
def test_who_waits_behind_a_stop_is_in_the_index(side: Side) -> None:
    state = EngineState.opening(CONFIG, CAPITAL)
    index = state.index_of(SYMBOL)
    for status, inside in (
        (S.ACTIVE, True),
        (S.EXITING, False),
        (S.ERROR, True),
        (S.CLOSED, False),
    ):
        position = a_position(status, side)
        state.apply((position,))
        assert (index.best_ticks(position.position_id, side) is not None) == inside
    latched = a_position(S.ERROR, side, exit_reason=CloseReason.TRAILING_STOP)
    state.apply((latched,))
    assert index.best_ticks(latched.position_id, side) is None


@pytest.mark.parametrize("missing", ["stop", "stop_distance"])
def test_without_a_stop_nobody_waits(missing: str) -> None:
    state = EngineState.opening(CONFIG, CAPITAL)
    state.apply((a_position(S.ACTIVE, Side.LONG, **{missing: None}),))
    assert state.index_of(SYMBOL).low == -FAR


def test_the_index_stands_on_the_stop() -> None:
    """A best off the tick grid has no ticks; its stop has."""
    state = EngineState.opening(CONFIG, CAPITAL)
    state.apply((a_position(best=Price("100.005"), stop=Price("98.01")),))
    assert state.index_of(SYMBOL).low == 9801


def test_the_earliest_mark_is_of_those_with_a_stop() -> None:
    state = EngineState.opening(CONFIG, CAPITAL)
    first = a_position(mark=70)
    state.apply((first, a_position(S.ARMED, position_id=PositionId("b"), mark=5)))
    state.apply((a_position(position_id=PositionId("c"), mark=60),))
    state.apply((a_position(position_id=PositionId("d"), symbol=ETHER, mark=3),))
    assert (state.earliest_mark(SYMBOL), state.earliest_mark(ETHER)) == (60, 3)
    state.index_of(SYMBOL).mark = 65
    assert state.earliest_mark(SYMBOL) == 65
    state.index_of(SYMBOL).mark = 99
    assert state.earliest_mark(SYMBOL) == 99


def test_who_has_seen_no_trade_yet_has_a_stop_all_the_same() -> None:
    state = EngineState.opening(CONFIG, CAPITAL)
    state.apply((a_position(S.ARMED, position_id=PositionId("b")),))
    assert not state.has_stops(SYMBOL)
    state.apply((a_position(mark=0, kind=PositionKind.GUARD),))
    assert state.has_stops(SYMBOL)
    assert state.earliest_mark(SYMBOL) is None
    assert not state.has_stops(ETHER)


# ---------------------------------------------------------------------- what is due when


def test_due_when_an_armed_position_expires() -> None:
    world = World()
    world.arm(expires_at=T0 + 5)
    assert world.state.next_due() == T0 + 5
    world.arm(PositionId("b"))
    assert world.state.next_due() == T0 + 5


def test_due_when_a_signal_grows_stale() -> None:
    world = World()
    world.arm(expires_at=T0 + 10**12)
    world.signal()
    due = world.state.next_due()
    assert due == T0 + 2000 * MS + 1
    world.now = due - 1
    assert world.time().events == ()
    world.now = due
    assert [event.event_type for event in world.time().events] == ["EntryDenied"]
    assert world.state.next_due() is None


def test_due_when_a_raise_is_to_be_logged() -> None:
    world = World().active()
    assert world.state.next_due() is None
    world.wait(50)
    world.price(101)
    assert world.state.next_due() == T0 + 200 * MS


def test_due_when_a_refused_exit_is_tried_again() -> None:
    world = World().exiting()
    assert world.state.next_due() is None
    world.report(ReportStatus.REJECTED, order=EXIT_ID)
    assert world.state.next_due() == T0 + 250 * MS
    world.filled(98, 50, order=EXIT_ID)
    assert world.position().is_closed
    assert world.state.next_due() is None


def test_nothing_is_due_for_what_is_flat_and_waits_for_a_person() -> None:
    state = EngineState.opening(CONFIG, CAPITAL)
    flat = a_position(S.ERROR, open_qty=a_position(S.CLOSED).open_qty, retry_at=T0 + 1)
    state.apply((flat,))
    assert state.next_due() is None


def test_a_ledger_is_taken_over() -> None:
    state = EngineState.opening(CONFIG, CAPITAL)
    state.apply((a_ledger(sequence=7),))
    assert state.sequence == 7


def test_late_events_are_folded_into_what_is_kept() -> None:
    world = World().closed()
    fill = a_fill(trade_id=TradeId("late"))
    event = an_event(EntryFilled, sequence=len(world.events) + 1, fill=fill)
    closed = an_event(PositionClosed, sequence=len(world.events) + 2)
    again = EngineState.restore(CONFIG, CAPITAL, None, [*world.events, event, closed])
    assert again.positions[FIRST].is_closed
    assert again.sequence == len(world.events) + 2


def test_what_is_forgotten_is_known_to_be_spent() -> None:
    world = _crowded(CLOSED_KEPT + 2)
    assert world.state.spent_positions == {PositionId("p0"), PositionId("p1")}
    assert world.state.spent_signals == set()
