"""What the person opened is guarded, and core is never touched: the whole daemon."""

from __future__ import annotations

from decimal import Decimal

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import (
    ExitOrderPlaced,
    GuardBreached,
    GuardOpened,
    GuardReleased,
    PairRule,
    Price,
    Quantity,
    RestingKind,
    SafetyNetMode,
    Side,
)
from robson_exec import CorePositionClosed, CorePositionOpened, DetectorSignalFired
from tests.exec.net_rig import ACT, BUY, OBSERVE, POLL, SELL, net_rig
from tests.exec.world import BTC, SECOND


async def test_a_position_of_the_person_s_is_guarded_and_closed_at_two_percent() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        (guard,) = rig.guards()
        assert (guard.side, guard.open_qty, guard.stop) == (Side.LONG, Quantity("0.5"), Price(98))
        await rig.prices("98.01", "98", "97")
        await rig.wait(5 * SECOND)
        (exit_,) = await rig.found(ExitOrderPlaced)
        assert exit_.intent.client_order_id.startswith("robson_safety_")
        assert (await rig.venue.holdings.pair(BTC)).base.net == 0
        assert rig.guards() == []
        await rig.polls(3)
        assert len(await rig.found(ExitOrderPlaced)) == 1


async def test_in_observe_nothing_is_sent() -> None:
    async with net_rig(OBSERVE) as rig:
        rig.trade(SELL, "0.5")
        await rig.wait(6 * SECOND)
        seen = rig.pair()
        assert seen is not None
        assert (seen.state, seen.side, seen.stop) == ("observed", Side.SHORT, Price(102))
        await rig.prices(102, 103)
        await rig.polls(2)
        assert await rig.found(GuardBreached)
        assert rig.sent("robson") == []


async def test_core_s_own_position_is_skipped_and_never_guarded() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls(4)
        seen = rig.pair()
        assert seen is not None
        assert (seen.state, seen.reason, seen.position_id) == (
            "skipped",
            "core_managed",
            position.position_id,
        )
        assert await rig.found(GuardOpened) == []
        kinds = [type(each) for each in rig.said]
        assert kinds.count(CorePositionOpened) == 1
        assert kinds.count(DetectorSignalFired) == 1


async def test_beside_core_only_the_surplus_is_guarded_and_only_after_two_looks() -> None:
    async with net_rig() as rig:
        position = await rig.enter(distance="5%")
        rig.trade(BUY, "0.3")
        await rig.wait(7 * SECOND)
        assert await rig.found(GuardOpened) == []
        await rig.polls(2)
        (guard,) = rig.guards()
        assert (guard.open_qty, guard.side) == (Quantity("0.3"), Side.LONG)
        await rig.prices("97.9")
        await rig.wait(5 * SECOND)
        held = (await rig.venue.holdings.pair(BTC)).base.net
        assert held == position.open_qty.value
        ours = {o.order.client_order_id: o.order.quantity for o in rig.venue.book.orders}
        safety = [q for key, q in ours.items() if key.startswith("robson_safety")]
        core = [q for key, q in ours.items() if key.startswith("robson_core")]
        assert safety == [Quantity("0.3")]
        assert core == [position.open_qty]


async def test_core_s_exit_beside_a_guard_is_core_s_quantity_and_no_more() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        rig.trade(BUY, "0.3")
        await rig.polls(3)
        await rig.prices("97.9")
        await rig.wait(5 * SECOND)
        assert (await rig.venue.holdings.pair(BTC)).base.net == Decimal("0.3")
        assert rig.sent("robson_safety") == [], "not within two polls of core's end"
        (guard,) = rig.guards()
        assert guard.open_qty == Quantity("0.3")
        await rig.polls(4)
        assert len(rig.sent("robson_safety")) == 1, "its own stop was reached as well"
        assert (await rig.venue.holdings.pair(BTC)).base.net == 0
        assert position.open_qty


async def test_after_core_closed_nothing_is_done_for_two_polls() -> None:
    async with net_rig() as rig:
        await rig.enter()
        await rig.daemon.desk.close((await rig.world.position()).position_id)
        await rig.wait(SECOND)
        assert any(isinstance(each, CorePositionClosed) for each in rig.said)
        rig.trade(BUY, "0.3")
        await rig.wait(30 * SECOND)
        seen = rig.pair()
        assert seen is not None
        assert seen.reason == "core_closed_lately"
        assert rig.guards() == []
        await rig.polls(2)
        assert len(rig.guards()) == 1


async def test_what_the_person_closed_by_hand_meanwhile_is_not_sold_again() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        rig.feed(97)
        rig.trade(SELL, "0.5")
        await rig.wait(10 * SECOND)
        (released,) = await rig.found(GuardReleased)
        assert released.why == "gone"
        assert rig.sent("robson") == []


async def test_a_failed_fresh_answer_sends_nothing_until_one_succeeds() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.TRADES, times=2))
        rig.feed(97)
        await rig.wait(500_000_000)
        assert rig.sent("robson") == []
        await rig.wait(8 * SECOND)
        assert len(rig.sent("robson_safety")) == 1


async def test_a_failed_look_is_no_empty_account() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.PAIRS, times=50))
        await rig.polls(20)
        assert len(rig.guards()) == 1
        assert rig.net.latest is not None
        assert rig.net.latest.failed
        assert rig.world.alerts.names.count("safety_net_blind") == 1


async def test_the_person_s_own_stop_is_enough() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        rig.rest(SELL, "0.5")
        await rig.wait(6 * SECOND)
        seen = rig.pair()
        assert seen is not None
        assert seen.state == "own_stop"
        assert rig.guards() == []


async def test_what_the_person_s_stop_does_not_cover_is_guarded() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        rig.rest(SELL, "0.2")
        await rig.wait(6 * SECOND)
        (guard,) = rig.guards()
        assert guard.open_qty == Quantity("0.3")


async def test_a_deposit_is_listed_and_guarded_only_when_adopted() -> None:
    async with net_rig() as rig:
        rig.venue.holdings.deposit(BTC, "BTC", Decimal("0.4"))
        await rig.wait(6 * SECOND)
        seen = rig.pair()
        assert seen is not None
        assert (seen.state, seen.collateral) == ("collateral", Decimal("0.4"))
        assert rig.guards() == []
        reply = await rig.daemon.desk.set_rule(BTC, PairRule.ADOPT)
        assert reply.code == ""
        await rig.polls(2)
        (guard,) = rig.guards()
        assert (guard.open_qty, guard.stop) == (Quantity("0.4"), Price(98))


async def test_an_ignored_pair_is_left_alone() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        await rig.daemon.desk.set_rule(BTC, PairRule.IGNORE)
        await rig.wait(7 * SECOND)
        assert rig.guards() == []
        seen = rig.pair()
        assert seen is not None
        assert seen.state == "ignored"


async def test_the_mode_is_said_at_a_start_and_by_the_person() -> None:
    async with net_rig(ACT) as rig:
        modes = [rig.daemon.view.ledger.safety_net]
        await rig.daemon.desk.set_safety_net(SafetyNetMode.OBSERVE)
        modes.append(rig.daemon.view.ledger.safety_net)
        assert modes == [SafetyNetMode.ACT, SafetyNetMode.OBSERVE]


async def test_what_is_handed_over_trails() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        assert (await rig.daemon.desk.hand_over(BTC)).code == ""
        assert [p.symbol for p in rig.daemon.view.active()] == [BTC]
        await rig.polls(3)
        seen = rig.pair()
        assert seen is not None
        assert seen.reason == "core_managed"
        await rig.prices(110, "107.9")
        await rig.wait(3 * SECOND)
        assert (await rig.venue.holdings.pair(BTC)).base.net == 0


async def test_what_locks_the_quantity_is_canceled_before_the_exit() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        rig.rest(SELL, "0.5", RestingKind.TAKE_PROFIT, price="150")
        await rig.wait(6 * SECOND)
        await rig.polls()
        assert "quantity_locked" in rig.world.alerts.names
        await rig.prices("97.9")
        await rig.wait(3 * SECOND)
        assert "locking_order_canceled" in rig.world.alerts.names
        assert len(rig.sent("robson_safety")) == 1
        assert (await rig.venue.holdings.pair(BTC)).base.net == 0


async def test_looking_ends_with_the_daemon() -> None:
    async with net_rig() as rig:
        before = rig.net.latest
        await rig.daemon.stop()
        rig.net.look_now()
        await rig.wait(2 * POLL)
        assert rig.net.latest is before
