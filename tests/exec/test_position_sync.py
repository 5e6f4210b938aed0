"""Core's positions against the account, look by look."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import (
    AnotherRobsonSeen,
    ClientOrderId,
    CloseReason,
    DetectorSpec,
    InterestAccrued,
    NewOrder,
    OrderReport,
    PairBalances,
    PairQuarantined,
    PairRule,
    Position,
    PositionErrored,
    PositionReduced,
    PositionStatus,
    Price,
    Quantity,
    RestingKind,
    Side,
    TradeId,
)
from robson_exec.limits import FOREIGN_TRADES_NS
from tests.exec.net_rig import BUY, SELL, NetRig, net_rig
from tests.exec.test_venue_stops import LIMITS, RESTS
from tests.exec.world import BTC, MS, SECOND, arm_request


async def balances(rig: NetRig, **base: Any) -> PairBalances:
    """What the account holds, with changes of the base asset."""
    found = await rig.venue.holdings.pair(BTC)
    return attrs.evolve(found, base=attrs.evolve(found.base, **base))


async def test_what_the_person_sold_of_core_s_position_is_taken_off_it() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.wait(12 * SECOND)
        rig.trade(SELL, "1")
        await rig.wait(2_900 * MS)
        assert await rig.found(PositionReduced) == [], "one look is not believed"
        await rig.wait(SECOND)
        (reduced,) = await rig.found(PositionReduced)
        assert (reduced.quantity, reduced.price, reduced.is_explained) == (
            Quantity(1),
            Price(100),
            True,
        )
        assert "web_" in reduced.evidence
        after = await rig.world.position()
        assert after.open_qty == position.open_qty - Quantity(1)
        assert await rig.found(PairQuarantined) == []
        await rig.polls(3)
        assert len(await rig.found(PositionReduced)) == 1


async def test_a_position_that_is_gone_is_closed_outside() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        rig.trade(SELL, position.open_qty)
        await rig.polls(3)
        after = await rig.world.position()
        assert (after.status, after.close_reason) == (
            PositionStatus.CLOSED,
            CloseReason.CLOSED_OUTSIDE,
        )
        assert rig.sent("robson") == rig.sent("robson")[:1]
        # What is opened by hand afterwards is the person's again, as if core had never been.
        rig.trade(BUY, "0.5")
        await rig.polls(4)
        (guard,) = rig.guards()
        assert guard.open_qty == Quantity("0.5")


async def test_what_no_trade_explains_is_taken_off_and_said() -> None:
    async with net_rig() as rig:
        await rig.enter()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal("-1"))
        await rig.polls(3)
        (reduced,) = await rig.found(PositionReduced)
        assert not reduced.is_explained
        (quarantined,) = await rig.found(PairQuarantined)
        assert quarantined.symbol == BTC


async def test_a_deposit_after_core_s_quantity_was_sold_is_never_core_s() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        rig.trade(SELL, position.open_qty)
        await rig.wait(6 * SECOND)
        rig.venue.holdings.deposit(BTC, "BTC", position.open_qty.value)
        await rig.polls(3)
        after = await rig.world.position()
        assert (after.status, after.close_reason) == (
            PositionStatus.CLOSED,
            CloseReason.CLOSED_OUTSIDE,
        )
        await rig.prices(80, 70)
        await rig.polls(2)
        assert len(rig.sent("robson")) == 1, "the entry alone"
        assert rig.daemon.view.ledger.quarantined == ()


async def test_a_deposit_and_a_sale_between_two_looks_are_told_apart() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(1))
        rig.trade(SELL, "1")
        await rig.polls(3)
        (reduced,) = await rig.found(PositionReduced)
        assert (reduced.quantity, reduced.is_explained) == (Quantity(1), True)
        assert (await rig.world.position()).open_qty == position.open_qty - Quantity(1)
        assert rig.daemon.view.ledger.quarantined == ()


async def test_a_deposit_that_was_there_first_is_never_core_s_either() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        rig.venue.holdings.deposit(BTC, "BTC", position.open_qty.value)
        await rig.polls(2)
        rig.trade(SELL, position.open_qty)
        await rig.polls(3)
        after = await rig.world.position()
        assert (after.status, after.close_reason) == (
            PositionStatus.CLOSED,
            CloseReason.CLOSED_OUTSIDE,
        )
        await rig.prices(80, 70)
        await rig.polls(2)
        assert len(rig.sent("robson")) == 1, "the entry alone"


async def test_who_trades_beside_core_takes_nothing_from_it() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        rig.trade(BUY, "1")
        await rig.polls(2)
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(1))
        rig.trade(SELL, "1")
        await rig.polls(3)
        rig.trade(SELL, "1")
        rig.trade(BUY, "1")
        await rig.polls(3)
        assert (await rig.world.position()).open_qty == position.open_qty
        assert await rig.found(PositionReduced) == []
        assert rig.daemon.view.ledger.quarantined == ()


async def closed_by_hand_meanwhile(rig: NetRig) -> None:
    """The person sells what is guarded while the guard's order is on its way to the venue."""
    rig.venue.holdings.deposit(BTC, "BTC", Decimal(5))
    rig.trade(BUY, "1")
    await rig.polls(2)
    calls = rig.daemon._machine.calls
    submit = calls.submit

    async def late(order: NewOrder) -> OrderReport:
        if not rig.sent("robson_safety_"):
            rig.trade(SELL, "1")
        return await submit(order)

    calls.submit = late  # type: ignore[method-assign]
    await rig.prices(97)
    await rig.wait(5 * SECOND)


async def test_what_a_guard_sold_beyond_the_person_s_is_told() -> None:
    async with net_rig() as rig:
        await closed_by_hand_meanwhile(rig)
        await rig.polls(2)
        ((symbol, problem),) = rig.daemon.view.ledger.quarantined
        assert symbol == BTC
        assert "sold 1 BTC more than was left of your long" in problem
        await rig.daemon.desk.clear_warning(BTC)
        await rig.polls(2)
        assert rig.daemon.view.ledger.quarantined == (), "said once"
        rig.trade(BUY, "1")
        rig.net._parts.sync._told.clear()
        await rig.polls(2)
        assert rig.daemon.view.ledger.quarantined == (), "undone"


async def test_what_was_adopted_no_trade_explains_so_nothing_is_beyond() -> None:
    async with net_rig() as rig:
        await rig.daemon.desk.set_rule(BTC, PairRule.ADOPT)
        await closed_by_hand_meanwhile(rig)
        await rig.polls(2)
        assert rig.daemon.view.ledger.quarantined == ()


async def test_a_guard_of_long_ago_is_not_talked_about() -> None:
    async with net_rig() as rig:
        await closed_by_hand_meanwhile(rig)
        await rig.polls(2)
        await rig.daemon.desk.clear_warning(BTC)
        rig.net._parts.sync._told.clear()
        snapshot = await rig.net._parts.reader.fresh(BTC)
        now = rig.world.clock.now_ns()
        assert len(rig.net._parts.sync.doubts(snapshot, now)) == 1
        rig.net._parts.sync._told.clear()
        assert rig.net._parts.sync.doubts(snapshot, now + FOREIGN_TRADES_NS) == []


async def test_less_than_a_step_is_no_difference() -> None:
    async with net_rig() as rig:
        await rig.enter()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal("-0.0009"))
        await rig.polls(4)
        assert await rig.found(PositionReduced) == []


async def test_a_failed_look_between_two_begins_the_count_again() -> None:
    async with net_rig() as rig:
        await rig.enter()
        await rig.polls()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal("-1"))
        await rig.wait(7 * SECOND)
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.RESTING_ORDERS))
        await rig.wait(14 * SECOND)
        assert rig.venue.script_is_over
        await rig.wait(12 * SECOND)
        assert await rig.found(PositionReduced) == []
        await rig.polls(4)
        assert len(await rig.found(PositionReduced)) == 1


async def test_interest_is_taken_up_once_it_is_a_step() -> None:
    async with net_rig() as rig:
        await rig.enter()
        found = await rig.venue.holdings.pair(BTC)
        owing = attrs.evolve(found.quote, interest=Decimal("0.05"))
        rig.venue.holdings.say(attrs.evolve(found, quote=owing))
        await rig.polls(3)
        assert await rig.found(InterestAccrued) == []
        owing = attrs.evolve(found.quote, interest=Decimal("0.2"))
        rig.venue.holdings.say(attrs.evolve(found, quote=owing))
        await rig.polls(3)
        (accrued,) = await rig.found(InterestAccrued)
        assert accrued.interest == Decimal("0.2")


async def test_an_order_of_another_robson_is_told_of_once() -> None:
    async with net_rig() as rig:
        await rig.enter()
        rig.rest(SELL, "0.1", RestingKind.STOP, name="robson_core_aaaaaaaaaaaaaaaaaa")
        await rig.polls(3)
        (seen,) = await rig.found(AnotherRobsonSeen)
        assert seen.client_order_id == ClientOrderId("robson_core_aaaaaaaaaaaaaaaaaa")
        assert rig.daemon.view.ledger.another_robson
        assert (await rig.daemon.desk.clear_warning()).code == ""
        await rig.polls(3)
        assert len(await rig.found(AnotherRobsonSeen)) == 1


async def test_our_own_orders_are_known_from_the_store_too() -> None:
    async with net_rig() as rig:
        await rig.enter()
        rig.daemon._machine.state.orders.clear()
        rig.net._parts.sync._known.clear()
        await rig.polls(2)
        assert await rig.found(AnotherRobsonSeen) == []


async def test_a_store_that_cannot_be_asked_accuses_nobody() -> None:
    async with net_rig() as rig:
        await rig.enter()
        rig.daemon._machine.state.orders.clear()
        rig.net._parts.sync._known.clear()
        rig.net._parts.sync.store = None  # type: ignore[assignment]
        await rig.polls(2)
        assert await rig.found(AnotherRobsonSeen) == []
        assert "orders_not_compared" in rig.world.alerts.names


async def test_a_core_pair_that_the_answer_lacks_is_doubt_and_no_difference() -> None:
    async with net_rig() as rig:
        await rig.enter()
        holdings = rig.venue.holdings

        async def nothing() -> tuple[PairBalances, ...]:
            return ()

        holdings.pairs = nothing  # type: ignore[method-assign]
        await rig.polls(4)
        assert await rig.found(PositionReduced) == []
        seen = rig.pair()
        assert seen is not None
        assert seen.state == "doubt"


async def test_a_guard_whose_pair_is_gone_from_a_full_answer_ends() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        assert rig.guards()

        async def nothing() -> tuple[PairBalances, ...]:
            return ()

        rig.venue.holdings.pairs = nothing  # type: ignore[method-assign]
        await rig.polls(2)
        assert rig.guards() == []


async def short(rig: NetRig) -> Position:
    spec = DetectorSpec(name="delay", params=(("stop_distance", "1%"),))
    await rig.daemon.desk.arm(arm_request(side=Side.SHORT, detector=spec))
    await rig.prices(100, 100, every=SECOND)
    return await rig.world.position()


async def test_an_exit_that_went_beyond_flat_is_told_once() -> None:
    """Bought back by hand a moment before it was executed: no venue keeps that from happening."""
    async with net_rig() as rig:
        position = await short(rig)
        await rig.wait(12 * SECOND)
        rig.venue.holdings._sinks.clear()
        rig.venue.book._reducing = lambda order: None  # type: ignore[method-assign]
        rig.trade(BUY, 40)
        await rig.daemon.desk.close(position.position_id)
        await rig.polls(1)
        after = await rig.world.position()
        assert after.status is PositionStatus.ERROR
        assert after.error.startswith("its exit went 40 BTC beyond flat")
        assert "web_" in after.error
        await rig.polls(2)
        assert len(await rig.found(PositionErrored)) == 1
        await rig.daemon.desk.acknowledge(position.position_id)
        await rig.polls(2)
        assert len(await rig.found(PositionErrored)) == 1
        assert (await rig.world.position()).is_closed


async def test_who_sold_what_they_had_paid_in_is_told_nothing() -> None:
    """By trades alone the account went beyond flat; nothing is on the other side."""
    async with net_rig() as rig:
        position = await rig.enter()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(50))
        rig.trade(SELL, 50)
        await rig.polls(2)
        await rig.daemon.desk.close(position.position_id)
        await rig.polls(2)
        assert (await rig.world.position()).is_closed
        assert await rig.found(PositionErrored) == []


async def test_an_execution_of_ours_that_the_log_does_not_know_yet_is_no_difference() -> None:
    """The stop at the venue was executed and its report is late: nobody else closed anything."""
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        position = await rig.enter()
        await rig.wait(12 * SECOND)
        stop = rig.venue.book.working(BTC)[0]
        found = await rig.venue.holdings.pair(BTC)
        trades = await rig.venue.holdings.trades(BTC, None)
        fill = attrs.evolve(trades[-1].fill, trade_id=TradeId("99"), quantity=Quantity(40))
        executed = attrs.evolve(
            trades[-1], side=SELL, fill=fill, client_order_id=stop.order.client_order_id
        )
        held = position.open_qty.value - 40

        async def told(symbol: Any, after: Any) -> Any:
            return (executed,)

        rig.venue.holdings.trades = told  # type: ignore[method-assign]
        rig.venue.holdings.say(attrs.evolve(found, base=attrs.evolve(found.base, free=held)))
        await rig.polls(3)
        assert await rig.found(PositionReduced) == []
