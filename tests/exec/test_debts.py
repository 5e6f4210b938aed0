"""What a flat position owes: asked for, paid back once, asked again."""

from __future__ import annotations

from decimal import Decimal

from robson_connectors.memory import Fault, FaultKind, MemoryTerms, Operation
from robson_domain import GuardDebtSeen, PositionClosed, PositionStatus, RepayRequested
from tests.exec.net_rig import BUY, SELL, NetRig, net_rig
from tests.exec.world import BTC, MS, SECOND

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


async def covered(rig: NetRig, debt: str) -> None:
    """A manual short of 0.5, closed by its guard; as much as ``debt`` was not repaid."""
    rig.trade(SELL, "0.5")
    await rig.polls(2)
    rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.DEBT))
    rig.feed(103)
    while not rig.sent("robson_safety_"):
        await rig.wait(20 * MS)
    rig.venue.lending.owe(BTC, "BTC", Decimal(debt))
    await rig.wait(10 * SECOND)


async def test_what_the_venue_did_not_repay_out_of_a_guard_s_exit_is_paid_back() -> None:
    async with net_rig(terms=LENDS) as rig:
        await covered(rig, "0.5")
        (noted,) = await rig.found(GuardDebtSeen)
        assert (noted.asset, noted.owed) == ("BTC", Decimal("0.5"))
        (repaid,) = await rig.found(RepayRequested)
        assert (repaid.asset, repaid.amount) == ("BTC", Decimal("0.5"))
        assert rig.venue.book.account(BTC).owed("BTC") == 0
        assert rig.guards() == []
        assert rig.daemon.view.ledger.quarantined == ()


async def test_a_repayment_that_is_refused_again_and_again_is_said() -> None:
    async with net_rig(terms=LENDS) as rig:
        rig.venue.inject(Fault(kind=FaultKind.REJECT, on=Operation.REPAY, times=20))
        await covered(rig, "0.5")
        await rig.wait(60 * SECOND)
        assert rig.guards() == []
        ((symbol, problem),) = rig.daemon.view.ledger.quarantined
        assert symbol == BTC
        assert "0.5 BTC is still owed" in problem


async def test_a_guard_does_not_wait_for_ever_for_what_is_owed() -> None:
    async with net_rig(terms=LENDS) as rig:
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.DEBT, times=100))
        await covered(rig, "0.5")
        assert rig.guards() != []
        await rig.wait(150 * SECOND)
        assert rig.guards() == []
        assert "debt_unknown" in rig.world.alerts.names
        ((_, problem),) = rig.daemon.view.ledger.quarantined
        assert "12 questions without an answer" in problem


async def test_the_debt_of_a_guard_that_borrowed_nothing_is_not_asked_for() -> None:
    async with net_rig(terms=LENDS) as rig:
        rig.trade(BUY, "0.5")
        await rig.polls(2)
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.DEBT, times=100))
        await rig.prices(97)
        await rig.wait(5 * SECOND)
        assert rig.sent("robson_safety_")
        assert rig.guards() == []
        assert await rig.found(GuardDebtSeen) == []
