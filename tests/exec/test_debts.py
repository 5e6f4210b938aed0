"""What a flat position owes: asked for, paid back once, asked again."""

from __future__ import annotations

from decimal import Decimal

from robson_connectors.memory import Fault, FaultKind, MemoryTerms, Operation
from robson_domain import PositionClosed, PositionStatus, RepayRequested
from tests.exec.net_rig import NetRig, net_rig
from tests.exec.world import BTC, SECOND

LENDS = MemoryTerms(fee_rate=Decimal(0), lends=True)


async def flat_with_debt(rig: NetRig, debt: str) -> None:
    position = await rig.enter()
    rig.venue.lending.owe(BTC, "USDT", Decimal(debt))
    await rig.daemon.desk.close(position.position_id)
    await rig.wait(10 * SECOND)


async def test_what_is_owed_is_paid_back_before_the_end() -> None:
    async with net_rig(terms=LENDS) as rig:
        await flat_with_debt(rig, "12")
        (repaid,) = await rig.found(RepayRequested)
        assert (repaid.asset, repaid.amount) == ("USDT", Decimal(12))
        assert (await rig.world.position()).status is PositionStatus.CLOSED
        assert rig.venue.book.account(BTC).owed("USDT") == 0


async def test_a_lost_answer_to_a_repayment_is_not_paid_twice() -> None:
    async with net_rig(terms=LENDS) as rig:
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.REPAY))
        await flat_with_debt(rig, "12")
        assert len(await rig.found(RepayRequested)) == 1
        assert "repayment_failed" in rig.world.alerts.names
        assert rig.venue.book.account(BTC).owed("USDT") == 0


async def test_a_debt_that_cannot_be_asked_for_is_asked_for_again() -> None:
    async with net_rig(terms=LENDS) as rig:
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.DEBT, times=15))
        await flat_with_debt(rig, "12")
        assert await rig.found(PositionClosed) == []
        await rig.wait(200 * SECOND)
        assert "debt_unknown" in rig.world.alerts.names
        assert len(await rig.found(PositionClosed)) == 1


async def test_a_venue_that_cannot_be_asked_lends_nothing() -> None:
    async with net_rig(terms=LENDS) as rig:
        rig.daemon._machine.order_manager.debts.lending = None
        await flat_with_debt(rig, "12")
        (closed,) = await rig.found(PositionClosed)
        assert closed.debt == 0
