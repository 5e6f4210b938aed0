"""A stop that rests at the venue is sent like an exit, asked about seldom, and ends cleanly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson_connectors.memory import Fault, FaultKind, MemoryTerms, Operation
from robson_domain import (
    CancelRequested,
    Capabilities,
    CloseReason,
    IntentKind,
    OrderStatus,
    PositionStatus,
    RiskLimits,
    VenueStopPlaced,
)
from robson_exec.safety.books import is_settled
from tests.exec.net_rig import BUY, SELL, NetRig, net_rig
from tests.exec.world import SECOND

RESTS = MemoryTerms(
    fee_rate=Decimal(0), capabilities=Capabilities(name="memory", resting_stops=True)
)
LIMITS = attrs.evolve(RiskLimits(), disaster_stop=Decimal("0.01"))


class Counted:
    """A venue whose questions about orders are counted."""

    def __init__(self, venue: Any) -> None:
        self._venue = venue
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    async def query_order(self, symbol: Any, order_id: Any) -> Any:
        self.asked += 1
        return await self._venue.query_order(symbol, order_id)


def counted(rig: NetRig) -> Counted:
    calls = rig.daemon._machine.calls
    calls._execution = venue = Counted(rig.venue)
    return venue


async def test_a_stop_that_rests_is_asked_about_seldom_and_alerts_nobody() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        position = await rig.enter()
        stop = position.working_stop
        assert stop is not None
        assert (stop.status, stop.kind) == (OrderStatus.ACCEPTED, IntentKind.VENUE_STOP)
        sent = rig.venue.book.orders[-1].order
        assert (sent.reduces, sent.stop_price) == (True, stop.stop_price)
        await rig.wait(10 * SECOND)
        venue = counted(rig)
        await rig.wait(200 * SECOND)
        assert 9 <= venue.asked <= 11
        assert "order_unresolved" not in rig.world.alerts.names
        assert is_settled(await rig.world.position())


async def test_a_stop_in_doubt_that_turned_out_to_rest_is_no_longer_in_doubt() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        lost = Fault(kind=FaultKind.LOSE_REPLY, on=Operation.SUBMIT, after=1)
        rig.venue.inject(lost)
        position = await rig.enter()
        await rig.wait(3 * SECOND)
        position = await rig.world.position()
        stop = position.working_stop
        assert stop is not None
        assert stop.status is OrderStatus.ACCEPTED
        orders = rig.daemon._machine.orders
        assert orders.is_resting(stop.client_order_id)
        assert not orders.is_in_doubt(stop.client_order_id)
        assert orders.count == 1


async def test_the_end_of_a_stop_ends_the_questions() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        position = await rig.enter()
        await rig.wait(10 * SECOND)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(5 * SECOND)
        after = await rig.world.position()
        assert (after.status, after.close_reason) == (PositionStatus.CLOSED, CloseReason.CLOSE)
        assert await rig.found(CancelRequested)
        assert rig.daemon._machine.inquiries.running == {}
        venue = counted(rig)
        await rig.wait(60 * SECOND)
        assert venue.asked == 0


async def test_a_cancel_without_an_answer_does_not_wait_for_the_seldom_question() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        position = await rig.enter()
        await rig.wait(10 * SECOND)
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.CANCEL, times=3))
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(2 * SECOND)
        assert (await rig.world.position()).status is PositionStatus.CLOSED


async def test_a_surplus_beside_a_position_whose_stop_rests_is_guarded() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        await rig.enter(distance="5%")
        rig.trade(BUY, "0.3")
        await rig.polls(3)
        (guard,) = rig.guards()
        assert str(guard.open_qty) == "0.3"


async def test_a_stop_that_nobody_has_confirmed_excludes_the_pair() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        rig.venue.inject(
            Fault(kind=FaultKind.LOSE_REPLY, on=Operation.SUBMIT, after=1),
            Fault(kind=FaultKind.LOSE_REPLY, on=Operation.QUERY_ORDER, times=200),
        )
        await rig.enter(distance="5%")
        rig.trade(BUY, "0.3")
        await rig.polls(3)
        seen = rig.pair()
        assert seen is not None
        assert seen.reason == "core_unresolved"
        assert rig.guards() == []


async def test_after_a_restart_a_resting_stop_is_found_and_left_alone() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        await rig.enter()
        await rig.wait(5 * SECOND)
        await rig.daemon.stop()
        rig.venue._calls.is_closed = False
        rig.world.store._closed = False  # type: ignore[attr-defined]
        rig.daemon = await rig.world.boot(limits=LIMITS)
        await rig.wait(10 * SECOND)
        position = await rig.world.position()
        assert position.working_stop is not None
        assert position.working_stop.status is OrderStatus.ACCEPTED
        assert len(await rig.found(VenueStopPlaced)) == 1


async def test_a_question_about_a_resting_stop_can_be_brought_forward() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        stop = (await rig.enter()).working_stop
        assert stop is not None
        await rig.wait(10 * SECOND)
        venue = counted(rig)
        rig.daemon._machine.inquiries.ask(stop.symbol, stop.client_order_id)
        await rig.wait(SECOND)
        assert venue.asked == 1


async def test_a_stop_that_rests_although_it_has_ended_for_us_is_canceled() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        position = await rig.enter()
        stop = position.working_stop
        assert stop is not None
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(SECOND)
        assert (await rig.world.position()).is_closed
        rig.rest(SELL, "0.1", name=stop.client_order_id)
        rig.trade(BUY, "0.3")
        await rig.polls(2)
        assert "stray_order_canceled" in rig.world.alerts.names


async def test_an_exit_does_not_wait_for_a_stop_whose_request_was_lost() -> None:
    """Long before its proof of death: the venue holds enough for one sale only."""
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        lost = Fault(kind=FaultKind.LOSE_REQUEST, on=Operation.SUBMIT, after=1)
        rig.venue.inject(lost)
        position = await rig.enter()
        stop = position.venue_stop
        assert stop is not None
        assert stop.status is OrderStatus.IN_DOUBT
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(SECOND)
        after = await rig.world.position()
        assert not after.open_qty
        assert not after.is_closed, "the stop's fate is not known yet"
        await rig.wait(15 * SECOND)
        assert (await rig.world.position()).is_closed


async def test_with_a_deposit_that_would_cover_both_the_exit_waits() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REQUEST, on=Operation.SUBMIT, after=1))
        position = await rig.enter()
        rig.trade(BUY, position.open_qty.value)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(SECOND)
        assert (await rig.world.position()).open_qty
        await rig.wait(60 * SECOND)
        assert (await rig.world.position()).is_closed


async def test_the_account_is_asked_by_one_task_however_often_it_is_wanted() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        position = await rig.enter()
        await rig.wait(5 * SECOND)
        asked = 0
        manager = rig.daemon._machine.order_manager

        async def account(_: Any) -> None:
            nonlocal asked
            asked += 1

        manager.calls.account = account  # type: ignore[method-assign, assignment]
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REQUEST, on=Operation.CANCEL, times=100))
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(5 * SECOND)
        assert 5 <= asked <= 25, "every 250 ms by one task, every 2 s by the inquiry"
