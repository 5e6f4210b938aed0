"""Start-up is recovery, and what was found is told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import (
    CloseReason,
    DetectorSpec,
    ExecutionPort,
    Head,
    InvariantError,
    OrderInDoubt,
    PositionId,
    PositionStatus,
    Price,
    Quantity,
    Recovered,
    Store,
)
from robson_exec import Activity, Daemon, FeedStatus
from tests.exec.checks import check_quiet
from tests.exec.crashing import Life, MortalStore, MortalVenue, bury
from tests.exec.stores import Reopened, TroubledStore
from tests.exec.world import (
    BTC,
    ETH,
    MS,
    SECOND,
    World,
    arm_request,
    memory_store,
    memory_world,
    sqlite_store,
)

SUBMIT, QUERY = Operation.SUBMIT, Operation.QUERY_ORDER
PATIENT = DetectorSpec(name="delay", params=(("stop_distance", "1%"), ("seconds", "3600")))


@attrs.define
class Death:
    """A process that can be ended without a farewell."""

    world: World
    life: Life = attrs.field(factory=Life)
    before: set[asyncio.Task[Any]] = attrs.field(factory=set)

    async def boot(self) -> Daemon:
        self.before = set(asyncio.all_tasks())
        venue = MortalVenue(self.world.execution, self.life)
        return await self.world.boot(
            store=cast(Store, MortalStore(self.world.store, self.life)),
            execution=cast(ExecutionPort, venue),
            market=cast(Any, venue),
        )

    async def kill(self) -> None:
        self.life.died.set()
        await bury(self.before)
        self.world.activity = self.world.clock.activity = Activity()


async def test_an_empty_store_is_recovered_too() -> None:
    world, _ = await memory_world()
    daemon = await world.boot()
    assert attrs.asdict(daemon.recovered) == {
        "sequence": 0,
        "snapshot_sequence": 0,
        "replayed": 0,
        "positions": {},
        "unresolved": 0,
        "answered": 0,
        "detectors": 0,
        "backfilled": 0,
    }
    assert daemon.activity is world.activity
    await daemon.stop()


async def test_everything_is_taken_up_where_it_was(tmp_path: Path) -> None:
    async with sqlite_store(tmp_path / "robson.db") as store:
        world, venue = await memory_world(store=store)
        death = Death(world)
        daemon = await death.boot()
        await daemon.desk.arm(arm_request("active"))
        venue.feed(BTC, Price(100))
        await world.settle()
        await daemon.desk.arm(arm_request("armed", ETH, detector=PATIENT))
        venue.feed(ETH, Price(10))
        for price in (101, 102):
            venue.feed(BTC, Price(price))
            await world.pass_time(500 * MS)
        await death.kill()
        before = await world.position("active")
        venue.feed(BTC, Price(103))
        venue.feed(ETH, Price(11))
        daemon = await world.boot()
        found = daemon.recovered
        assert found.positions == {"Active": 1, "Armed": 1}
        assert (found.sequence, found.replayed, found.snapshot_sequence) == (7, 7, 0)
        assert (found.unresolved, found.detectors, found.backfilled) == (0, 1, 2)
        assert daemon.view.find(PositionId("active")) == before
        assert before.best == Price(102)
        await world.pass_time(500 * MS)
        assert (await world.position("active")).best == Price(103)
        assert (await store.recover()).detectors[0].mark == 2
        venue.feed(BTC, Price(102))
        await world.settle()
        assert (await world.position("active")).exit_reason is CloseReason.TRAILING_STOP
        await daemon.desk.disarm(PositionId("armed"))
        await check_quiet(world, venue)
        await daemon.stop()


async def test_a_stop_that_was_crossed_while_away_exits_with_that_reason() -> None:
    world, venue = await memory_world()
    death = Death(world)
    daemon = await death.boot()
    await daemon.desk.arm(arm_request())
    venue.feed(BTC, Price(100))
    await world.settle()
    await death.kill()
    for price in (103, 101, 105):
        venue.feed(BTC, Price(price))
    daemon = await world.boot()
    await world.settle()
    position = await world.position()
    assert position.exit_reason is CloseReason.CROSSED_IN_GAP
    assert position.stop == Price(102)
    await check_quiet(world, venue)
    await daemon.stop()


async def test_an_intent_without_outcome_is_in_doubt_first_and_asked_about() -> None:
    world, venue = await memory_world()
    death = Death(world)
    daemon = await death.boot()
    await daemon.desk.arm(arm_request())
    venue.inject(Fault(kind=FaultKind.DELAY, on=SUBMIT, delay_ns=5 * SECOND))
    venue.inject(Fault(kind=FaultKind.DROP))
    venue.feed(BTC, Price(100))
    await world.settle()
    await death.kill()
    daemon = await world.boot()
    assert (daemon.recovered.unresolved, daemon.recovered.answered) == (1, 1)
    doubts = [e for e in await world.events() if isinstance(e, OrderInDoubt)]
    assert [(e.code, e.doubt.ts_signed) for e in doubts] == [("RESTARTED", 0)]
    assert (await world.position()).status is PositionStatus.ACTIVE
    assert len(venue.book.orders) == 1
    await check_quiet(world, venue)
    await daemon.stop()


async def test_a_journal_without_an_order_that_works_stops_the_start() -> None:
    """Nobody would ask about it: it could be filled unseen."""
    world, venue = await memory_world()
    death = Death(world)
    daemon = await death.boot()
    await daemon.desk.arm(arm_request())
    venue.inject(Fault(kind=FaultKind.DELAY, on=SUBMIT, delay_ns=5 * SECOND))
    venue.inject(Fault(kind=FaultKind.DROP))
    venue.feed(BTC, Price(100))
    await world.settle()
    await death.kill()
    world.store.kept.intents.clear()  # type: ignore[attr-defined]
    with pytest.raises(InvariantError, match="journal lacks orders of p1"):
        await world.boot()


async def test_an_intent_already_in_doubt_goes_on_being_asked_about() -> None:
    world, venue = await memory_world()
    death = Death(world)
    daemon = await death.boot()
    await daemon.desk.arm(arm_request())
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=SUBMIT), Fault(kind=FaultKind.DROP))
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=QUERY, times=2))
    venue.feed(BTC, Price(100))
    await world.settle()
    assert (await world.store.intents.find_unresolved())[0].status == "IN_DOUBT"
    await death.kill()
    booting = asyncio.ensure_future(world.boot())
    await world.pass_time(5 * SECOND)
    daemon = await booting
    assert (await world.position()).status is PositionStatus.ACTIVE
    await check_quiet(world, venue)
    await daemon.stop()


async def test_a_venue_that_does_not_answer_holds_up_the_start_for_a_while_only() -> None:
    world, venue = await memory_world()
    death = Death(world)
    daemon = await death.boot()
    await daemon.desk.arm(arm_request())
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=SUBMIT), Fault(kind=FaultKind.DROP))
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=QUERY, times=1_000))
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.ACCOUNT, after=1, times=1_000))
    venue.feed(BTC, Price(100))
    await world.settle()
    await death.kill()
    begun = world.clock.now_ns()
    booting = asyncio.ensure_future(world.boot())
    await world.pass_time(9 * SECOND)
    assert not booting.done()
    await world.pass_time(3 * SECOND)
    daemon = await booting
    assert daemon.recovered.answered == 0
    assert daemon.feeds.status(BTC) is FeedStatus.LIVE
    assert world.clock.now_ns() - begun <= 12 * SECOND
    venue._script._lines.clear()
    await world.pass_time(10 * SECOND)
    await check_quiet(world, venue)
    await daemon.stop()


async def test_tables_that_contradict_the_log_stop_the_start() -> None:
    world, venue = await memory_world()
    death = Death(world)
    daemon = await death.boot()
    await daemon.desk.arm(arm_request())
    venue.feed(BTC, Price(100))
    await world.settle()
    await death.kill()
    await world.store.positions.save(attrs.evolve(await world.position(), open_qty=Quantity(1)))
    with pytest.raises(InvariantError, match="p1"):
        await world.boot()
    assert len(venue.book.orders) == 1


async def test_a_log_that_does_not_reach_its_head_stops_the_start() -> None:
    store = await memory_store()
    world, _ = await memory_world(store=store)

    class Cut(TroubledStore):
        async def recover(self) -> Recovered:
            found = await super().recover()
            return attrs.evolve(found, head=Head(epoch=store.epoch, sequence=5, hash="x"))

    with pytest.raises(InvariantError, match="5"):
        await world.boot(store=cast(Store, Cut(store)))


async def test_a_detector_that_cannot_be_had_again_ends_its_position_at_start() -> None:
    world, venue = await memory_world()
    daemon = await world.boot()
    await daemon.desk.arm(arm_request("active"))
    venue.feed(BTC, Price(100))
    await world.settle()
    await daemon.desk.arm(arm_request("armed", ETH, detector=PATIENT))
    await daemon.stop()
    venue._calls.is_closed = False
    world.store._closed = False  # type: ignore[attr-defined]
    daemon = await world.boot(registry={})
    await world.settle()
    assert (await world.position("armed")).close_reason is CloseReason.DISARMED
    assert (await world.position("active")).status is PositionStatus.ACTIVE
    assert world.alerts.names == ["detector_failed"]
    await daemon.stop()


class Flooding(Reopened):
    """A venue that repeats itself at length before it answers a question."""

    sink: Any = None

    def subscribe_reports(self, sink: Any) -> None:
        self.sink = sink
        self._port.subscribe_reports(sink)

    async def query_order(self, symbol: Any, order_id: Any) -> Any:
        answer = await self._port.query_order(symbol, order_id)
        for number in range(3_000):
            self.sink(attrs.evolve(answer, client_order_id=f"other-{number}", fills=()))
        return answer


async def test_prices_wait_until_every_answer_was_taken_in() -> None:
    """An entry found filled has a stop, and needs the prices since."""
    world, venue = await memory_world()
    death = Death(world)
    daemon = await death.boot()
    await daemon.desk.arm(arm_request())
    venue.inject(Fault(kind=FaultKind.DELAY, on=SUBMIT, delay_ns=60 * SECOND))
    venue.inject(Fault(kind=FaultKind.DROP))
    venue.feed(BTC, Price(100))
    await world.settle()
    await death.kill()
    for price in (103, 102.5):
        venue.feed(BTC, Price(str(price)))
    daemon = await world.boot(execution=cast(Any, Flooding(venue)))
    assert daemon.recovered.backfilled == 2
    await world.pass_time(SECOND)
    assert (await world.position()).best == Price(103)
    await daemon.stop()


async def test_a_start_that_is_given_up_leaves_no_task_behind() -> None:
    world, venue = await memory_world()
    death = Death(world)
    daemon = await death.boot()
    await daemon.desk.arm(arm_request())
    venue.inject(Fault(kind=FaultKind.DELAY, on=SUBMIT, delay_ns=60 * SECOND))
    venue.inject(Fault(kind=FaultKind.DROP))
    venue.feed(BTC, Price(100))
    await world.settle()
    await death.kill()
    before = asyncio.all_tasks()
    venue.inject(Fault(kind=FaultKind.DELAY, on=QUERY, delay_ns=SECOND))
    booting = asyncio.ensure_future(world.boot())
    await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) > len(before) + 1
    booting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await booting
    assert asyncio.all_tasks() == before
