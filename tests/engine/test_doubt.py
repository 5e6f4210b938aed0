"""Evidence about orders nobody has confirmed."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson_domain import (
    ClientOrderId,
    Doubt,
    IntentKind,
    IntentStatus,
    NoTraceSeen,
    OrderInDoubt,
    OrderStatus,
    PositionId,
    PositionStatus,
    Quantity,
    QueryOrder,
    ReportStatus,
    Side,
)
from robson_domain.testing import a_position
from robson_domain.testing.builders import SYMBOL
from robson_engine import NOTHING, Step
from robson_engine.doubt import deadline
from tests.engine.world import ENTRY_ID, EXIT_ID, World, id_of, kinds, seconds

S = PositionStatus
R = ReportStatus


def in_doubt(side: Side = Side.LONG) -> World:
    """Return a world whose exit was signed at ``now`` and not answered."""
    world = World().exiting(side=side)
    world.report(R.NO_REPLY, order=EXIT_ID, ts_signed=world.now, code="TIMEOUT", message="60 s")
    return world


def no_trace(world: World, order: ClientOrderId = EXIT_ID, before_ns: int = 0) -> Step:
    """The account's executions show no trace of an order in doubt."""
    seen = NoTraceSeen(
        symbol=SYMBOL,
        client_order_id=order,
        ts_event=world.now - before_ns,
        ts_received=world.now,
    )
    return world.feed(seen)


def test_a_doubt_is_logged_and_asked_about() -> None:
    world = in_doubt()
    event = world.events[-1]
    assert isinstance(event, OrderInDoubt)
    assert (event.code, event.message) == ("TIMEOUT", "60 s")
    assert event.doubt == Doubt(since=world.now, ts_signed=world.now)
    assert world.commands[-1] == QueryOrder(symbol=SYMBOL, client_order_id=EXIT_ID)
    assert world.position().doubt == event.doubt
    assert [intent.status for intent in world.book.unresolved()] == [IntentStatus.IN_DOUBT]


def test_the_signature_counts_not_the_decision() -> None:
    """A request that waited in a queue may still arrive after the decision grew old."""
    world = World().exiting()
    world.wait(30_000)
    world.report(R.NO_REPLY, order=EXIT_ID, ts_signed=world.now - 1)
    position = world.position()
    assert position.exit_order is not None
    assert position.doubt is not None
    until = deadline(position, position.exit_order, position.doubt)
    assert until == world.now - 1 + seconds(4)


@pytest.mark.parametrize("ahead", [-600, -1, 0, 1, 10, 600])
def test_an_unknown_signature_counts_from_when_the_venue_is_heard_of(ahead: int) -> None:
    """However wrong our clock is: the request was signed before that, by the venue's own."""
    world = World().exiting()
    world.report(R.NO_REPLY, order=EXIT_ID)
    assert world.position().doubt == Doubt(since=world.now, ts_signed=0)
    assert world.report(R.NOT_FOUND, order=EXIT_ID, ts_event=0) is NOTHING
    venue = world.now + seconds(ahead)
    world.report(R.NOT_FOUND, order=EXIT_ID, ts_event=venue)
    assert world.position().doubt == Doubt(since=world.now, ts_signed=venue)
    assert world.report(R.NOT_FOUND, order=EXIT_ID, ts_event=venue + seconds(4)) is NOTHING
    outcome = world.report(R.NOT_FOUND, order=EXIT_ID, ts_event=venue + seconds(4) + 1)
    assert kinds(outcome.events) == ["OrderInDoubt"]


def test_a_venue_that_does_not_know_the_order_begins_the_doubt_at_its_own_time() -> None:
    world = World().exiting()
    world.wait(30_000)
    world.report(R.NOT_FOUND, order=EXIT_ID, ts_event=world.now + seconds(7))
    assert world.position().doubt == Doubt(since=world.now, ts_signed=world.now + seconds(7))


@pytest.mark.parametrize(("which", "patience"), [("exit_order", 4), ("entry_order", 64)])
def test_an_entry_is_given_a_minute_more(which: str, patience: int) -> None:
    position = a_position(S.EXITING)
    doubt = Doubt(since=0, ts_signed=1000)
    assert deadline(position, getattr(position, which), doubt) == 1000 + seconds(patience)


def test_the_clock_is_the_venue_s() -> None:
    """Ours may have run ahead."""
    world = in_doubt()
    signed = world.now
    world.wait(100_000)
    assert world.report(R.NOT_FOUND, order=EXIT_ID, ts_event=signed + seconds(4)) is NOTHING
    assert world.report(R.NOT_FOUND, order=EXIT_ID, ts_event=0) is NOTHING
    outcome = world.report(R.NOT_FOUND, order=EXIT_ID, ts_event=signed + seconds(4) + 1)
    assert kinds(outcome.events) == ["OrderInDoubt"]
    assert world.position().doubt == Doubt(
        since=signed, ts_signed=signed, not_found_at=signed + seconds(4) + 1
    )


def _missing(side: Side = Side.LONG) -> World:
    world = in_doubt(side)
    world.wait(5_000)
    world.report(R.NOT_FOUND, order=EXIT_ID)
    return world


@pytest.mark.parametrize("side", Side)
def test_two_later_snapshots_two_seconds_apart(side: Side) -> None:
    world, held = _missing(side), side.sign * Quantity(50).value
    start = world.now
    early = world.account(net_qty=held, ts_event=start - 1)
    assert early is NOTHING, "taken before the venue said it does not know the order"
    assert kinds(world.account(net_qty=held, ts_event=start).events) == ["OrderInDoubt"]
    assert world.account(net_qty=held, ts_event=start + seconds(2) - 1) is NOTHING
    outcome = world.account(net_qty=held, ts_event=start + seconds(2))
    assert kinds(outcome.events) == ["OrderInDoubt", "OrderResolved", "ExitOrderPlaced"]
    assert world.position().exits == 2
    assert [i.status for i in world.intents.values()] == [
        IntentStatus.DONE, IntentStatus.DEAD, IntentStatus.RECORDED,
    ]  # fmt: skip
    assert world.position().order_in_doubt is None


def test_snapshots_before_the_question_was_answered_prove_nothing() -> None:
    world = in_doubt()
    for _ in range(5):
        world.wait(3_000)
        assert world.account(net_qty=Quantity(50).value) is NOTHING


@pytest.mark.parametrize(
    ("net", "proves"),
    [
        ("50", True),
        ("50.04", True),
        ("49.96", True),
        ("50.05", False),
        ("49.95", False),
        ("-50", False),
    ],
)
def test_dust_may_lie_on_the_pair(net: str, proves: bool) -> None:
    """Less than the venue's minimum, 5 at 100 each, is no position."""
    outcome = _missing().account(net_qty=Decimal(net))
    assert (outcome is not NOTHING) == proves


def test_the_evidence_survives_a_restart() -> None:
    world = _missing()
    world.account(net_qty=Quantity(50).value)
    again = world.restored()
    again.wait(2_000)
    outcome = again.account(net_qty=Quantity(50).value)
    assert kinds(outcome.events)[-1] == "ExitOrderPlaced"


def test_an_entry_that_died_frees_its_pair() -> None:
    world = World().entering()
    world.report(R.NO_REPLY, ts_signed=world.now)
    assert world.position().owns_pair
    world.wait(64_001)
    world.report(R.NOT_FOUND)
    world.account()
    world.wait(2_000)
    world.account()
    assert world.position().close_reason == "not_entered"
    assert not world.position().owns_pair


def test_an_entry_in_doubt_keeps_its_pair_and_its_risk() -> None:
    world = World().entering()
    world.report(R.NO_REPLY, ts_signed=world.now)
    key = PositionId("b")
    world.arm(key)
    world.signal(key)
    world.account()
    assert world.position(key).denial_code == "PAIR_NOT_FLAT"


def test_only_who_is_in_doubt_is_found() -> None:
    position = a_position(S.EXITING)
    assert position.order_in_doubt is None
    assert a_position(S.ARMED).order_in_doubt is None
    assert position.entry_order is not None
    doubted = attrs.evolve(position.entry_order, status=OrderStatus.IN_DOUBT)
    assert attrs.evolve(position, entry_order=doubted).order_in_doubt == doubted


def test_evidence_needs_a_doubt() -> None:
    """A row from elsewhere: in doubt, but nobody wrote since when."""
    position = a_position(S.EXITING)
    assert position.exit_order is not None
    doubted = attrs.evolve(position.exit_order, status=OrderStatus.IN_DOUBT)
    world = World(start=(attrs.evolve(position, exit_order=doubted),), folds=False)
    assert world.account(net_qty=Quantity(50).value) is NOTHING


def test_an_entry_in_doubt_has_nothing_to_protect() -> None:
    world = World().entering()
    world.report(R.NO_REPLY, order=ENTRY_ID, ts_signed=world.now)
    assert world.price(1) is NOTHING


def test_without_any_price_dust_is_nothing() -> None:
    """Then the account must show the quantity to less than a step."""
    position = a_position(S.ENTERING, signal=None)
    assert position.entry_order is not None
    doubted = attrs.evolve(position.entry_order, status=OrderStatus.IN_DOUBT)
    doubt = Doubt(since=1, ts_signed=1, not_found_at=2)
    start = attrs.evolve(position, entry_order=doubted, doubt=doubt)
    for net, proves in (("0.00001", False), ("0.000009", True)):
        world = World(start=(start,), folds=False)
        assert (world.account(net_qty=Decimal(net)) is not NOTHING) is proves


@pytest.mark.parametrize(("is_entry", "sure_ms"), [(True, 120_000), (False, 30_000)])
def test_unknown_for_long_it_is_dead_whatever_moved_on_the_account(
    is_entry: bool, sure_ms: int
) -> None:
    """A deposit, or a trade by hand, must not hold it for ever."""
    world = World().entering() if is_entry else World().exiting()
    order = ENTRY_ID if is_entry else EXIT_ID
    world.report(ReportStatus.NO_REPLY, order=order, ts_signed=world.now)
    begun = world.now

    def looked_at(ms: int) -> list[str]:
        world.now = begun + ms * 1_000_000
        world.report(ReportStatus.NOT_FOUND, order=order)
        count = len(world.events)
        for _ in range(3):
            world.wait(2_500).account(net_qty=Decimal(77))
        return [event.event_type for event in world.events[count:]]

    assert looked_at(sure_ms - 20_000) == []
    assert "OrderResolved" in looked_at(sure_ms + 1_000)
    assert world.report(ReportStatus.NOT_FOUND, order=order).events == ()


@pytest.mark.parametrize("side", Side)
def test_where_the_account_has_changed_its_executions_say_as_much(side: Side) -> None:
    """A deposit, or a trade by hand: no snapshot shows what the log says any more."""
    world = _missing(side)
    start, changed = world.now, side.sign * Decimal(80)
    assert no_trace(world, before_ns=1) is NOTHING, "from before it could be dead"
    world.account(net_qty=changed)
    assert kinds(no_trace(world).events) == ["OrderInDoubt"]
    world.wait(1_999).account(net_qty=changed)
    assert no_trace(world) is NOTHING
    world.wait(1)
    outcome = no_trace(world)
    assert kinds(outcome.events) == ["OrderInDoubt", "OrderResolved", "ExitOrderPlaced"]
    assert outcome.events[0].ts_event - start == seconds(2)
    assert world.position().exits == 2
    assert no_trace(world) is NOTHING


def test_a_snapshot_and_the_executions_are_two_answers_as_well() -> None:
    world = _missing()
    assert kinds(world.account(net_qty=Quantity(50).value).events) == ["OrderInDoubt"]
    assert no_trace(world) is NOTHING, "of the same moment"
    world.wait(2_000)
    assert kinds(no_trace(world).events)[-1] == "ExitOrderPlaced"


def test_before_it_is_unknown_after_its_deadline_no_trace_proves_nothing() -> None:
    world = in_doubt()
    assert no_trace(world) is NOTHING
    world.wait(3_999)
    world.report(R.NOT_FOUND, order=EXIT_ID)
    assert no_trace(world) is NOTHING


def test_of_an_entry_no_trace_proves_nothing() -> None:
    """It keeps its long patience: a missed entry costs nothing."""
    world = World().entering()
    world.report(R.NO_REPLY, ts_signed=world.now)
    world.wait(64_001)
    world.report(R.NOT_FOUND)
    for _ in range(3):
        assert no_trace(world, ENTRY_ID) is NOTHING
        world.wait(3_000)


def test_of_what_is_not_in_doubt_no_trace_says_nothing() -> None:
    assert no_trace(World()) is NOTHING
    assert no_trace(World().exiting()) is NOTHING
    world = _missing()
    assert no_trace(world, ENTRY_ID) is NOTHING
    assert no_trace(world, id_of(IntentKind.EXIT, 7)) is NOTHING


def test_of_a_stop_in_doubt_no_trace_says_nothing() -> None:
    """It can rest at the venue without any execution, after an exit that was refused too."""
    world = World()
    world.limits(disaster_stop=Decimal("0.01"))
    world.exiting()
    stop = id_of(IntentKind.VENUE_STOP)
    world.report(R.CANCELED, order=stop)
    world.report(R.REJECTED, order=EXIT_ID, code="-2010")
    again = id_of(IntentKind.VENUE_STOP, 2)
    world.report(R.NO_REPLY, order=again, ts_signed=world.now)
    world.wait(5_000).report(R.NOT_FOUND, order=again)
    doubt = world.position().doubt
    assert doubt is not None
    assert doubt.not_found_at
    assert no_trace(world, EXIT_ID) is NOTHING
    assert no_trace(world, again) is NOTHING
