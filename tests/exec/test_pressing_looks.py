"""Looks that cannot wait for the next poll: refused for lack of balance, or traded by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import (
    ClientOrderId,
    ExitOrderPlaced,
    OrderRejected,
    OrderReported,
    PositionReduced,
    PositionStatus,
    Quantity,
    StoreError,
    Symbol,
)
from robson_exec.limits import PRESSING_TRIES_MAX
from robson_exec.safety.pressing_looks import _Outcome
from tests.exec.net_rig import BUY, POLL, SELL, NetRig, net_rig
from tests.exec.test_venue_stops import LIMITS, RESTS
from tests.exec.world import BTC, MS, SECOND

SUBMIT = Operation.SUBMIT


async def quiet_hand(rig: NetRig, quantity: object = "40") -> None:
    """The person sells some of core's; nothing hints at it, and the last look is just over."""
    await rig.polls()
    rig.venue.holdings._sinks.clear()
    rig.trade(SELL, quantity)


async def exit_delay(rig: NetRig, limit: int = 60 * SECOND) -> int:
    """How long after now until an exit is executed, ns."""
    begun = rig.world.clock.now_ns()
    while rig.world.clock.now_ns() - begun < limit:
        await rig.wait(50 * MS)
        if any(taken.order.reduces and taken.fills for taken in rig.venue.book.orders):
            break
    return rig.world.clock.now_ns() - begun


async def test_an_exit_for_too_much_is_followed_by_one_for_what_there_is() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await quiet_hand(rig)
        await rig.daemon.desk.close(position.position_id)
        assert await exit_delay(rig) <= 4 * SECOND
        (reduced,) = await rig.found(PositionReduced)
        assert reduced.quantity == Quantity(40)
        after = await rig.world.position()
        assert after.status is PositionStatus.CLOSED
        (sold,) = [t for t in rig.venue.book.orders if t.order.reduces]
        assert sold.order.quantity == position.open_qty - Quantity(40)
        placed = await rig.found(ExitOrderPlaced)
        refused = await rig.found(OrderRejected)
        assert len(placed) == len(refused) + 1, "one after the other, none twice"


async def test_all_sold_by_hand_the_refused_exit_ends_it() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await quiet_hand(rig, position.open_qty)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(4 * SECOND)
        assert (await rig.world.position()).is_closed
        assert [t for t in rig.venue.book.orders if t.order.reduces] == []


async def test_a_withdrawal_is_taken_up_too_once_the_venue_refuses() -> None:
    """No trade explains it: two looks, and the word of the venue that there is not enough."""
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        rig.venue.holdings._sinks.clear()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(-40))
        await rig.daemon.desk.close(position.position_id)
        assert await exit_delay(rig) <= 4 * SECOND
        (reduced,) = await rig.found(PositionReduced)
        assert not reduced.is_explained


async def test_a_withdrawal_alone_waits_for_two_looks_a_poll_apart() -> None:
    async with net_rig() as rig:
        await rig.enter()
        await rig.polls()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(-40))
        await rig.wait(POLL - SECOND)
        assert await rig.found(PositionReduced) == []


async def test_a_stop_that_is_refused_for_it_rests_for_what_there_is() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        position = await rig.enter()
        await rig.polls()
        rig.venue.holdings._sinks.clear()
        (taken,) = rig.venue.book.working(BTC)
        canceled = await rig.venue.cancel(BTC, taken.order.client_order_id)  # by hand
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(-40))
        rig.daemon.offer(OrderReported(report=canceled))
        await rig.wait(4 * SECOND)
        rejected = await rig.found(OrderRejected)
        (reduced,) = await rig.found(PositionReduced)
        assert reduced.timestamp - rejected[0].timestamp <= 3 * SECOND
        (again,) = rig.venue.book.working(BTC)
        assert again.order.quantity == position.open_qty - Quantity(40)


@pytest.mark.parametrize("code", ["BELOW_MINIMUM", "NOT_SENT"])
async def test_another_refusal_is_no_reason_to_look(code: str) -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        rig.venue.holdings._sinks.clear()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(-40))
        rig.venue.inject(Fault(kind=FaultKind.REJECT, on=SUBMIT, code=code, times=5))
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(7 * SECOND)
        assert await rig.found(PositionReduced) == []
        await rig.wait(5 * SECOND)
        assert len(await rig.found(PositionReduced)) == 1, "the venue says that it lacks"


async def test_a_refusal_that_the_account_does_not_explain_changes_nothing() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        lacking = Fault(kind=FaultKind.REJECT, on=SUBMIT, code="-2010 insufficient", times=4)
        rig.venue.inject(lacking)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(6 * SECOND)
        assert await rig.found(PositionReduced) == []
        assert (await rig.world.position()).is_closed


async def test_a_failed_look_is_no_empty_account_and_the_count_begins_anew() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await quiet_hand(rig)
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.PAIR, after=1))
        begun = rig.world.clock.now_ns()
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(3_500 * MS)
        assert await rig.found(PositionReduced) == []
        await rig.wait(4 * SECOND)
        (reduced,) = await rig.found(PositionReduced)
        assert reduced.quantity == Quantity(40)
        assert reduced.timestamp - begun >= 6 * SECOND


async def test_a_venue_that_does_not_answer_is_asked_ever_less_often() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await quiet_hand(rig)
        rig.venue.inject(Fault(kind=FaultKind.NOT_SENT, on=Operation.TRADES, times=10_000))
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(60 * SECOND)
        left = rig.venue._script._lines[0][2]
        assert 10_000 - left <= 12
        assert await rig.found(PositionReduced) == []
        assert (await rig.world.position()).status is PositionStatus.EXITING
        rig.venue._script._lines.clear()


async def test_while_a_layer_does_not_answer_nothing_is_taken_up() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await quiet_hand(rig)
        real = rig.world.store.intents.find_unresolved

        async def broken() -> Any:
            raise StoreError("closed")

        rig.world.store.intents.find_unresolved = broken  # type: ignore[method-assign]
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(6 * SECOND)
        assert await rig.found(PositionReduced) == []
        rig.world.store.intents.find_unresolved = real  # type: ignore[method-assign]
        await rig.wait(10 * SECOND)
        assert len(await rig.found(PositionReduced)) == 1


async def test_an_exit_on_its_way_is_waited_for() -> None:
    """Whether it is executed is not known: what the account shows may be its work."""
    async with net_rig() as rig:
        position = await rig.enter()
        await quiet_hand(rig)
        slow = Fault(kind=FaultKind.DELAY, on=SUBMIT, delay_ns=8 * SECOND, after=1)
        rig.venue.inject(slow)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(7 * SECOND)
        assert await rig.found(PositionReduced) == []
        await rig.wait(6 * SECOND)
        assert len(await rig.found(PositionReduced)) == 1


async def test_it_does_not_go_on_for_ever() -> None:
    async with net_rig() as rig:
        await rig.enter()
        pressing, looks = rig.net._pressing, 0

        async def busy(symbol: Symbol) -> Any:
            nonlocal looks
            looks += 1
            return _Outcome.BUSY

        pressing._look = busy  # type: ignore[method-assign]
        for _ in range(3):
            pressing.look(BTC)  # one at a time
        await rig.wait(60 * SECOND)
        assert looks == PRESSING_TRIES_MAX


async def test_without_a_core_position_there_is_nothing_to_look_at() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.polls()
        rig.net._pressing.look(BTC)
        await rig.wait(SECOND)
        assert rig.net._pressing._looking == set()


async def test_what_a_nameless_trade_explains_is_not_hastened() -> None:
    """It could be ours: the venue has not told yet by which order it was made."""
    async with net_rig() as rig:
        await rig.enter()
        await rig.polls()
        holdings, real = rig.venue.holdings, rig.venue.holdings.trades

        async def nameless(symbol: Any, after: Any) -> Any:
            found = await real(symbol, after)
            hidden = [t for t in found if not t.client_order_id.startswith("robson")]
            return tuple(
                attrs.evolve(t, client_order_id=ClientOrderId("")) if t in hidden else t
                for t in found
            )

        holdings.trades = nameless  # type: ignore[method-assign]
        rig.trade(SELL, "40")
        await rig.wait(12 * SECOND)
        assert await rig.found(PositionReduced) == []
        await rig.polls(2)
        assert len(await rig.found(PositionReduced)) == 1
