"""Exits in doubt where the account is not as the log has it: its executions are the evidence."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import ClientOrderId, OrderInDoubt, OrderResolved, PositionStatus, Symbol
from tests.exec.net_rig import BUY, SELL, NetRig, net_rig
from tests.exec.world import BTC, SECOND

SUBMIT = Operation.SUBMIT
LOST = Fault(kind=FaultKind.LOSE_REQUEST, on=SUBMIT)


async def left(rig: NetRig, fault: Fault = LOST) -> int:
    """Close the position with an exit that meets a fault; return when, UTC ns."""
    position = await rig.world.position()
    rig.venue.inject(fault)
    begun = rig.world.clock.now_ns()
    await rig.daemon.desk.close(position.position_id)
    return begun


async def death(rig: NetRig, begun: int) -> float:
    """After how many seconds the order was dead."""
    dead = [e for e in await rig.found(OrderResolved) if e.evidence.startswith("dead")]
    seconds: float = (dead[0].timestamp - begun) / SECOND
    return seconds


async def sold(rig: NetRig) -> list[str]:
    return [str(t.order.quantity) for t in rig.venue.book.orders if t.order.reduces and t.fills]


@pytest.mark.parametrize("amount", ["30", "-30"])
async def test_a_deposit_or_a_withdrawal_before_it_does_not_hold_it_back(amount: str) -> None:
    async with net_rig() as rig:
        await rig.enter()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(amount))
        await rig.wait(12 * SECOND)
        begun = await left(rig)
        await rig.wait(9 * SECOND)
        assert await death(rig, begun) <= 8.5
        await rig.wait(6 * SECOND)
        assert (await rig.world.position()).is_closed
        assert len(await sold(rig)) == 1


@pytest.mark.parametrize("side", [BUY, SELL])
async def test_a_trade_by_hand_while_it_is_in_doubt_does_not_hold_it_back(side: Any) -> None:
    async with net_rig() as rig:
        await rig.enter()
        await rig.wait(12 * SECOND)
        begun = await left(rig)
        await rig.wait(2 * SECOND)
        rig.trade(side, 7)
        await rig.wait(7 * SECOND)
        assert await death(rig, begun) <= 8.5
        await rig.wait(8 * SECOND)
        assert (await rig.world.position()).is_closed
        assert len(await sold(rig)) == 1


async def test_two_answers_of_the_account_are_two_seconds_apart() -> None:
    async with net_rig() as rig:
        await rig.enter()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(30))
        await rig.wait(12 * SECOND)
        begun = await left(rig)
        await rig.wait(9 * SECOND)
        seen = [e for e in await rig.found(OrderInDoubt) if e.code == "SNAPSHOT"]
        assert len(seen) == 2
        assert seen[0].ts_event - begun > 4 * SECOND
        assert seen[1].ts_event - seen[0].ts_event >= 2 * SECOND


async def test_a_deposit_while_it_is_in_doubt_is_waited_out() -> None:
    """Nothing tells it from an execution that the venue does not show yet."""
    async with net_rig() as rig:
        await rig.enter()
        await rig.wait(12 * SECOND)
        begun = await left(rig)
        await rig.wait(2 * SECOND)
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(30))
        await rig.wait(28 * SECOND)
        assert [e for e in await rig.found(OrderResolved) if e.evidence.startswith("dead")] == []
        await rig.wait(12 * SECOND)
        assert await death(rig, begun) >= 30


async def hide(rig: NetRig, *, names: bool = False) -> None:
    """Let executions come late, or the names of their orders."""
    real = rig.venue.holdings.trades

    async def later(symbol: Symbol, after: Any) -> Any:
        found = await real(symbol, after)
        hidden = {t.order.client_order_id for t in rig.venue.book.orders if t.order.reduces}
        if not names:
            return tuple(t for t in found if t.client_order_id not in hidden)
        return tuple(
            attrs.evolve(t, client_order_id=ClientOrderId("")) if t.client_order_id in hidden else t
            for t in found
        )

    rig.venue.holdings.trades = later  # type: ignore[method-assign]


@pytest.mark.parametrize("names", [True, False])
async def test_what_was_executed_and_does_not_show_is_not_taken_for_dead(names: bool) -> None:
    """The order is not found and its execution hidden for 20 s: the balance gives it away."""
    async with net_rig() as rig:
        await rig.enter()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(500))
        await rig.wait(12 * SECOND)
        await hide(rig, names=names)
        rig.venue.inject(Fault(kind=FaultKind.DROP), Fault(kind=FaultKind.LATE, times=10))
        await left(rig, Fault(kind=FaultKind.LOSE_REPLY, on=SUBMIT))
        await rig.wait(40 * SECOND)
        assert len(await sold(rig)) == 1
        dead = [e for e in await rig.found(OrderResolved) if e.evidence.startswith("dead")]
        assert dead == []


async def test_executions_that_cannot_be_read_are_no_evidence() -> None:
    async with net_rig() as rig:
        await rig.enter()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(30))
        await rig.wait(12 * SECOND)
        lost = Fault(kind=FaultKind.LOSE_REPLY, on=Operation.TRADES, times=1_000)
        rig.venue.inject(lost)
        begun = await left(rig)
        await rig.wait(28 * SECOND)
        assert [e for e in await rig.found(OrderResolved) if e.evidence.startswith("dead")] == []
        await rig.wait(12 * SECOND)
        assert await death(rig, begun) >= 30
        rig.venue._script._lines.clear()


async def test_a_pair_that_no_look_saw_before_it_has_no_evidence() -> None:
    async with net_rig() as rig:
        await rig.enter()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(30))
        await rig.wait(12 * SECOND)
        rig.net.traces._before.clear()
        begun = await left(rig)
        await rig.wait(36 * SECOND)
        assert await death(rig, begun) >= 30


async def test_a_look_while_an_order_is_on_its_way_is_not_kept() -> None:
    async with net_rig() as rig:
        await rig.enter()
        await rig.wait(12 * SECOND)
        kept = rig.net.traces._before[BTC]
        await left(rig)
        await rig.polls(1)
        assert rig.net.traces._before[BTC] == kept


async def test_a_guard_s_exit_is_dead_as_soon() -> None:
    async with net_rig() as rig:
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(30))
        rig.trade(BUY, "0.5")
        await rig.polls(1)
        assert rig.guards()
        rig.venue.inject(LOST)
        begun = rig.world.clock.now_ns()
        await rig.prices("97")
        await rig.wait(12 * SECOND)
        assert await death(rig, begun) <= 11
        assert len(rig.sent("robson_safety")) == 1


async def test_an_exit_in_doubt_is_asked_about_often_an_entry_is_not() -> None:
    async with net_rig() as rig:
        await rig.enter()
        begun = await left(rig)
        await rig.wait(12 * SECOND)
        assert await death(rig, begun) <= 8.5, "by snapshots alone too"
        assert (await rig.world.position()).status is PositionStatus.CLOSED


async def test_what_the_balances_contradict_says_nothing() -> None:
    async with net_rig() as rig:
        await rig.enter()
        await rig.wait(12 * SECOND)
        await left(rig)
        order = (await rig.world.position()).exit_order
        assert order is not None
        account = await rig.venue.account(BTC)
        assert await rig.net.traces.none_of(order.client_order_id, account) is None, "too early"
        stranger = attrs.evolve(account, symbol=Symbol("ETHUSDT"))
        assert await rig.net.traces.none_of(order.client_order_id, stranger) is None
        entry = (await rig.world.position()).entry_order
        assert entry is not None
        assert await rig.net.traces.none_of(entry.client_order_id, account) is None
        assert await rig.net.traces.none_of(type(order.client_order_id)("x"), account) is None
