"""Folding: what the lifecycle allows changes a position, everything else changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_domain import (
    AccountEvent,
    ClientOrderId,
    Doubt,
    EntryFilled,
    EntryOrderPlaced,
    ExitFilled,
    Fill,
    GuardOpened,
    IllegalTransition,
    InvariantError,
    Ledger,
    Money,
    Notional,
    OrderInDoubt,
    OrderRejected,
    OrderResolved,
    OrderStatus,
    Position,
    PositionArmed,
    PositionClosed,
    PositionEvent,
    PositionId,
    PositionStatus,
    Quantity,
    Side,
    TradeId,
)
from robson_domain.ledger import DAY_NS
from robson_domain.position_lifecycle import POSITION_TRANSITIONS
from robson_domain.testing import (
    a_fill,
    a_ledger,
    a_position,
    a_venue_stop,
    an_arm_command,
    an_event,
    every_event,
)
from robson_domain.testing.builders import SECOND, T0
from robson_engine import EngineState, evolve
from robson_engine.evolve import evolve_position
from robson_engine.evolve_ledger import evolve_ledger
from robson_engine.evolve_parts import held_of, net_base
from tests.engine.world import CAPITAL, CONFIG, ENTRY_ID, EXIT_ID, World, state_text

S = PositionStatus
PAIRS = [
    (status, event)
    for status in PositionStatus
    for event in every_event()
    if isinstance(event, PositionEvent)
]
ACCOUNTS = [event for event in every_event() if isinstance(event, AccountEvent)]
NAMES = [f"{status}-{event.event_type}" for status, event in PAIRS]


def in_status(status: PositionStatus, side: Side = Side.LONG) -> Position:
    """Return a position in ``status`` that has every order it can have."""
    plain = a_position(status, side)
    if status in (S.ACTIVE, S.EXITING, S.ERROR):
        plain = attrs.evolve(plain, venue_stop=a_venue_stop(side), stops=1)
    if status is not S.ERROR:
        return plain
    return attrs.evolve(plain, exit_order=a_position(S.EXITING, side).exit_order)


@pytest.mark.parametrize(("status", "event"), PAIRS, ids=NAMES)
def test_every_pair(status: PositionStatus, event: PositionEvent) -> None:
    """Allowed ones fold and continue the log; the others leave all as it was, byte for byte."""
    state = EngineState.opening(CONFIG, CAPITAL)
    position = attrs.evolve(in_status(status), sequence=0)
    state.apply((position,))
    following = attrs.evolve(event, sequence=1, position_id=position.position_id)
    if isinstance(following, OrderRejected) and position.exit_order is None:
        following = attrs.evolve(following, client_order_id=ENTRY_ID, retry_at=0)
    allowed = POSITION_TRANSITIONS[status].get(event.event_type)
    before = state_text(state)
    if allowed is None:
        begins = isinstance(event, PositionArmed | GuardOpened)
        refusal = InvariantError if begins else IllegalTransition
        with pytest.raises(refusal):
            evolve(state, following)
        assert state_text(state) == before
        return
    changed = evolve(state, following)
    assert state_text(state) == before, "evolve answers, it does not change"
    state.apply(changed)
    after = state.positions[position.position_id]
    assert after.status is allowed
    assert (after.sequence, state.sequence) == (1, 1)
    assert after.mark == event.mark


@pytest.mark.parametrize("event", ACCOUNTS, ids=lambda event: event.event_type)
def test_events_of_the_account_change_the_ledger_alone(event: AccountEvent) -> None:
    """The table above leaves them out: whatever a position is in, they do not touch it."""
    state = EngineState.opening(CONFIG, CAPITAL)
    for number, status in enumerate(PositionStatus):
        state.apply((attrs.evolve(in_status(status), position_id=PositionId(f"p{number}")),))
    before = dict(state.positions)
    changed = evolve(state, attrs.evolve(event, sequence=1))
    assert [type(item) for item in changed] == [Ledger]
    state.apply(changed)
    assert state.positions == before
    assert state.sequence == 1


def test_events_follow_each_other_without_a_gap() -> None:
    state = EngineState.opening(CONFIG, CAPITAL)
    with pytest.raises(InvariantError, match="event 2 does not follow 0"):
        evolve(state, an_event(PositionArmed, sequence=2))


def test_a_position_is_armed_first_and_once() -> None:
    with pytest.raises(InvariantError, match="position position-1 is unknown"):
        evolve_position(None, an_event(EntryOrderPlaced))
    with pytest.raises(InvariantError, match="position position-1 is armed twice"):
        evolve_position(in_status(S.ARMED), an_event(PositionArmed))


def test_an_armed_position_is_as_the_command_said() -> None:
    command = an_arm_command(accept_costs=True, expires_at=T0 + 9)
    made = evolve_position(None, an_event(PositionArmed, command=command))
    assert (made.accept_costs, made.expires_at, made.side) == (True, T0 + 9, Side.LONG)
    assert (made.risk, made.detector) == (command.risk, command.detector)
    assert made.instrument == command.instrument


def test_a_fill_of_an_entry_never_placed_is_impossible() -> None:
    position = attrs.evolve(in_status(S.ENTERING), entry_order=None)
    with pytest.raises(InvariantError, match="a fill of an entry never placed"):
        evolve_position(position, an_event(EntryFilled))


@pytest.mark.parametrize("kind", [ExitFilled, OrderRejected, OrderInDoubt, OrderResolved])
def test_an_event_about_a_foreign_order_is_impossible(kind: type[OrderRejected]) -> None:
    event = an_event(kind, client_order_id=ClientOrderId("foreign"))
    with pytest.raises(InvariantError, match="order foreign is unknown"):
        evolve_position(in_status(S.EXITING), event)


def test_a_late_fill_reaches_an_exit_before_the_last() -> None:
    position = in_status(S.EXITING)
    assert position.exit_order is not None
    old = attrs.evolve(position.exit_order, client_order_id=ClientOrderId("old"))
    event = an_event(ExitFilled, client_order_id=ClientOrderId("old"), fill=_fill("9", 20))
    after = evolve_position(attrs.evolve(position, past_exits=(old,)), event)
    assert [str(order.filled_qty) for order in after.past_exits] == ["20"]
    assert after.exit_order == position.exit_order
    assert after.open_qty == Quantity(30)


def _fill(name: str, quantity: int, **facts: Any) -> Fill:
    return a_fill(trade_id=TradeId(name), quantity=Quantity(quantity), **facts)


@pytest.mark.parametrize(
    ("asset", "quote", "base"), [("USDT", 3, 0), ("BTC", 0, 3), ("BNB", 0, 0), ("", 0, 0)]
)
def test_commissions_are_booked_by_asset(asset: str, quote: int, base: int) -> None:
    """Of a third asset nothing is known of its worth."""
    fill = _fill("9", 20, commission=Quantity(3), commission_asset=asset)
    after = evolve_position(in_status(S.EXITING), an_event(ExitFilled, fill=fill))
    assert (after.fees_quote, after.fees_base) == (Money(quote), Quantity(base))
    assert after.open_qty.value == 50 - 20 - base


@pytest.mark.parametrize(("side", "net"), [(Side.LONG, 50), (Side.SHORT, -50)])
def test_what_is_held_and_owed(side: Side, net: int) -> None:
    position = in_status(S.ACTIVE, side)
    assert net_base(position) == net
    assert held_of(position) == 50
    beyond = attrs.evolve(position, exit_qty=Quantity(60))
    assert held_of(beyond) == -10


def test_beyond_flat_nothing_is_open() -> None:
    fill = _fill("9", 60)
    assert evolve_position(in_status(S.EXITING), an_event(ExitFilled, fill=fill)).open_qty == (
        Quantity(0)
    )


DOUBT = Doubt(since=T0, ts_signed=T0)


def _in_doubt(which: str) -> Position:
    position = in_status(S.EXITING)
    order = getattr(position, which)
    fresh = attrs.evolve(order, status=OrderStatus.IN_DOUBT, filled_qty=Quantity(0), trade_ids=())
    return attrs.evolve(position, doubt=DOUBT, **{which: fresh})


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (ExitFilled, {"fill": _fill("9", 20), "order_status": OrderStatus.PARTIALLY_FILLED}),
        (OrderRejected, {}),
        (OrderResolved, {"client_order_id": EXIT_ID, "order_status": OrderStatus.ACCEPTED}),
    ],
)
def test_word_of_the_order_ends_its_doubt(kind: type, facts: dict[str, Any]) -> None:
    assert evolve_position(_in_doubt("exit_order"), an_event(kind, **facts)).doubt is None


def test_word_of_another_order_does_not() -> None:
    resolved = {"client_order_id": ENTRY_ID, "order_status": OrderStatus.CANCELED}
    for event in (
        an_event(EntryFilled, fill=_fill("9", 20)),
        an_event(OrderResolved, **resolved),
        an_event(OrderRejected, client_order_id=ENTRY_ID, retry_at=0),
    ):
        assert evolve_position(_in_doubt("exit_order"), event).doubt == DOUBT


def test_a_fill_of_the_entry_ends_its_doubt() -> None:
    event = an_event(EntryFilled, fill=_fill("9", 20))
    assert evolve_position(_in_doubt("entry_order"), event).doubt is None


def test_the_latch_of_what_opens_after_the_end_starts_anew() -> None:
    closed = in_status(S.CLOSED)
    late = an_event(EntryFilled, fill=_fill("9", 20))
    assert evolve_position(closed, late).exit_reason is None
    assert evolve_position(in_status(S.EXITING), late).exit_reason is not None


# ---------------------------------------------------------------------- the ledger


def test_entries_of_the_last_minute_are_remembered() -> None:
    now = T0 + 100 * SECOND
    old = a_ledger(entries=(now - 60 * SECOND, now - 60 * SECOND + 1))
    after = evolve_ledger(old, None, an_event(EntryOrderPlaced, ts_received=now))
    assert after.entries == (now - 60 * SECOND + 1, now)


def _closed_at(ts: int, pnl: int, before: Ledger, already: int = 0) -> Ledger:
    event = an_event(PositionClosed, ts_received=ts, realized_pnl=Money(pnl))
    position = a_position(S.EXITING, realized_pnl=Money(already))
    return evolve_ledger(before, position, event)


def test_a_day_ends_at_midnight_utc() -> None:
    first = _closed_at(T0 + DAY_NS - 1, -70, a_ledger())
    second = _closed_at(T0 + DAY_NS - 1, 30, first)
    assert (second.realized_today, second.realized_total) == (Money(-40), Money(-40))
    third = _closed_at(T0 + DAY_NS, 5, second)
    assert (third.realized_today, third.realized_total) == (Money(5), Money(-35))
    assert third.day == T0 // DAY_NS + 1


def test_the_peak_only_rises() -> None:
    risen = _closed_at(T0, 300, a_ledger())
    fallen = _closed_at(T0, -500, risen)
    assert (risen.peak_equity, fallen.peak_equity) == (Money(10_300), Money(10_300))
    assert fallen.equity == Money(9_800)


def test_a_second_end_adds_only_what_is_new() -> None:
    """A position that was opened again by a late fill is booked once."""
    assert _closed_at(T0, -130, a_ledger(), already=-100).realized_total == Money(-30)


def test_every_event_moves_the_sequence() -> None:
    for event in every_event():
        before = None if isinstance(event, PositionArmed) else a_position()
        assert evolve_ledger(a_ledger(), before, event).sequence == event.sequence


def test_a_whole_life_folds() -> None:
    world = World().closed()
    position = world.position()
    assert (position.status, position.realized_pnl) == (S.CLOSED, Money(-100))
    assert (position.entry_cost, position.exit_value) == (Notional(5000), Notional(4900))
    assert position.dust == Decimal(0)
    assert world.state.ledger.realized_total == Money(-100)
    assert position.position_id == PositionId("position-1")
