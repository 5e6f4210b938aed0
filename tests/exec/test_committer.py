"""Durable first, in order, whatever the store does; only then the commands."""

from __future__ import annotations

import asyncio
from typing import cast

import attrs
import pytest

from robson_domain import (
    Batch,
    Durable,
    EntryDenied,
    Event,
    EventId,
    Ledger,
    PositionId,
    Reply,
    Store,
    StoreConflict,
    StoreError,
    TrailingStopUpdated,
)
from robson_domain.values import Price
from robson_engine import Step
from robson_exec import Activity, EventBus, VirtualClock
from robson_exec.committer import Committer
from robson_exec.limits import BATCHES_BETWEEN_UPKEEP, GROUP_EVENTS_MAX, STORE_ALERT_EVERY
from robson_exec.pending import Pending, Unit, merged
from tests.exec.stores import TroubledStore
from tests.exec.world import CAPITAL, MS, SECOND, T0, Alerts, is_idle, memory_store


def event(sequence: int) -> Event:
    return EntryDenied(
        event_id=EventId(str(sequence)),
        sequence=sequence,
        position_id=PositionId("p"),
        ts_event=T0,
        ts_received=T0,
        cause_id="test",
        code="X",
        message="",
    )


def unit(*sequences: int, reply: str = "") -> Unit:
    commands = (Reply(command_id=reply),) if reply else ()
    return Unit(events=tuple(event(sequence) for sequence in sequences), commands=commands)


@attrs.define
class Rig:
    store: TroubledStore
    clock: VirtualClock
    alerts: Alerts
    released: list[tuple[int, tuple[int, ...]]] = attrs.field(factory=list)
    committer: Committer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.committer = Committer(
            cast(Store, self.store),
            self._release,
            clock=self.clock,
            activity=self.clock.activity,
            bus=EventBus(self.alerts),
        )

    def _release(self, durable: Durable, unit: Unit) -> None:
        sequences = tuple(item.sequence for item in unit.events)
        self.released.append((durable.head.sequence, sequences))

    async def pass_time(self, ns: int) -> None:
        over = asyncio.Event()

        async def end() -> None:
            await self.clock.sleep_until(self.clock.now_ns() + ns)
            over.set()

        task = asyncio.ensure_future(end())
        await self.clock.run(over)
        await task


async def rig(*, inline: bool = True) -> Rig:
    store = TroubledStore(await memory_store(), inline=inline)
    return Rig(store, VirtualClock(Activity(), T0), Alerts())


async def test_an_inline_store_writes_where_it_was_decided() -> None:
    it = await rig()
    await it.committer.put(unit(1))
    assert it.released == [(1, (1,))]
    assert is_idle(it.clock.activity)


async def test_the_store_gets_a_quiet_moment_now_and_then() -> None:
    it = await rig()
    calls = 0

    async def idle() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreError("the disk is slow")

    it.store.idle = idle  # type: ignore[attr-defined]
    for _ in range(3):
        await it.committer.rest()
    assert calls == 1, "the first moment, then only after work"
    for number in range(1, BATCHES_BETWEEN_UPKEEP + 1):
        assert calls == 1
        await it.committer.put(unit(number))
        await it.committer.rest()
    assert calls == 2
    assert it.alerts.names == ["store_upkeep_failed"]


async def test_there_is_no_quiet_moment_while_something_waits_to_be_written() -> None:
    it = await rig(inline=False)
    it.store.idle = pytest.fail  # type: ignore[attr-defined]
    await it.committer.put(unit(1))
    await it.committer.rest()


async def test_commands_without_events_need_no_write() -> None:
    it = await rig()
    await it.committer.put(unit(1))
    await it.committer.put(unit(reply="c"))
    assert it.released == [(1, (1,)), (1, ())]
    assert len(it.store.written) == 1


async def test_a_store_elsewhere_is_written_by_a_task_and_nothing_waits_for_it() -> None:
    it = await rig(inline=False)
    running = asyncio.ensure_future(it.committer.run())
    it.store.gate = asyncio.Event()
    await it.committer.put(unit(1))
    await it.committer.put(unit(2))
    assert it.released == []
    assert not is_idle(it.clock.activity)
    await asyncio.sleep(0.01)
    assert it.released == []
    await it.committer.put(unit(3))
    it.store.gate.set()
    await asyncio.wait_for(it.committer.drained(), 1)
    assert [released[1] for released in it.released] == [(1, 2), (3,)]
    assert it.store.overlaps == 0
    assert is_idle(it.clock.activity)
    running.cancel()


async def test_a_group_commit_has_a_limit() -> None:
    it = await rig(inline=False)
    half = GROUP_EVENTS_MAX // 2 + 1
    await it.committer.put(unit(*range(1, half + 1)))
    await it.committer.put(unit(*range(half + 1, 2 * half + 1)))
    assert it.committer.backlog == 2
    running = asyncio.ensure_future(it.committer.run())
    await asyncio.wait_for(it.committer.drained(), 1)
    assert [len(batch.events) for batch in it.store.written] == [half, half]
    assert it.committer.backlog == 0
    running.cancel()


async def test_a_batch_that_fails_is_tried_again_unchanged_and_nothing_overtakes_it() -> None:
    it = await rig()
    running = asyncio.ensure_future(it.committer.run())
    it.store.refusals = 3
    await it.committer.put(unit(1))
    await it.committer.put(unit(2))
    assert it.released == []
    assert it.committer.failures == 1
    await it.pass_time(5 * SECOND)
    assert it.released == [(1, (1,)), (2, (2,))]
    assert [e.sequence for batch in it.store.written for e in batch.events] == [1, 2]
    assert it.alerts.names == ["store_failed", "store_works_again"]
    assert it.committer.failures == 0
    await it.committer.put(unit(3))
    assert it.released[-1] == (3, (3,))
    running.cancel()


async def test_tries_back_off_and_alert_now_and_then() -> None:
    it = await rig()
    running = asyncio.ensure_future(it.committer.run())
    it.store.refusals = 10_000
    await it.committer.put(unit(1))
    await it.pass_time(60 * SECOND)
    assert 14 <= it.store.tries <= 20
    assert it.alerts.names == ["store_failed"] * (1 + (it.store.tries - 1) // STORE_ALERT_EVERY)
    assert it.released == []
    running.cancel()


async def test_a_commit_whose_answer_was_lost_is_found_by_the_head_and_not_repeated() -> None:
    it = await rig()
    it.store.lost_answers = 1
    await it.committer.put(unit(1))
    assert it.released == [(1, (1,))]
    assert it.store.tries == 1


async def test_a_commit_nobody_knows_about_is_repeated_until_the_store_says() -> None:
    it = await rig()
    running = asyncio.ensure_future(it.committer.run())
    it.store.refusals, it.store.head_failures = 1, 1
    await it.committer.put(unit(1))
    await it.pass_time(200 * MS)
    assert it.released == [(1, (1,))]
    running.cancel()


async def test_states_alone_are_simply_written_again() -> None:
    it = await rig()
    running = asyncio.ensure_future(it.committer.run())
    it.store.lost_answers = 1
    await it.committer.put(Unit(states=(Ledger.opening(CAPITAL),)))
    await it.pass_time(200 * MS)
    assert it.released == [(0, ())]
    assert it.store.tries == 2
    running.cancel()


async def test_any_error_of_a_store_is_a_failure_to_write() -> None:
    it = await rig()
    it.store.refusals, it.store.error = 1, OSError("I/O error")
    await it.committer.put(unit(1))
    assert it.committer.failures == 1
    assert it.alerts.told[0][2]["error"] == "OSError"


def ledger(sequence: int) -> Ledger:
    return attrs.evolve(Ledger.opening(CAPITAL), sequence=sequence)


def moved(sequence: int) -> TrailingStopUpdated:
    return TrailingStopUpdated(
        event_id=EventId(str(sequence)),
        sequence=sequence,
        position_id=PositionId("p"),
        ts_event=T0,
        ts_received=T0,
        cause_id="test",
        best=Price(2),
        stop=Price(1),
        previous_stop=Price(1),
    )


@pytest.mark.parametrize(
    ("outcome", "is_urgent"),
    [
        (Step(events=(moved(1),), changed=(ledger(1),)), False),
        (Step(events=(event(1),)), True),
        (Step(events=(moved(1), event(2))), True),
        (Step(commands=(Reply(command_id="c"),)), True),
    ],
)
def test_only_moved_stops_may_wait_for_a_batch_to_ride_on(outcome: Step, is_urgent: bool) -> None:
    pending = Pending()
    assert not pending
    pending.add(outcome, ())
    assert pending
    assert pending.is_urgent is is_urgent
    pending.take()
    assert not pending


def test_the_last_state_of_a_kind_wins_and_events_keep_their_order() -> None:
    pending = Pending()
    pending.add(Step(events=(moved(1),), changed=(ledger(1),)), ())
    pending.add(Step(events=(event(2),), changed=(ledger(2),)), ())
    taken = pending.take()
    assert [item.sequence for item in taken.events] == [1, 2]
    assert taken.states == (ledger(2),)
    assert taken.batch == Batch(events=taken.events, states=(ledger(2),))


def test_merging_keeps_order_and_the_last_states() -> None:
    one = Unit(events=(event(1),), states=(ledger(1),), commands=(Reply(command_id="a"),))
    two = Unit(events=(event(2),), states=(ledger(2),), commands=(Reply(command_id="b"),))
    whole = merged([one, two])
    assert [item.sequence for item in whole.events] == [1, 2]
    assert whole.states == (ledger(2),)
    assert [c.command_id for c in whole.commands if isinstance(c, Reply)] == ["a", "b"]


async def test_a_commit_that_is_found_late_is_not_mixed_with_what_came_after() -> None:
    """Written, but neither the answer nor the head could be read: the same batch is asked again."""
    it = await rig()
    running = asyncio.ensure_future(it.committer.run())
    it.store.lost_answers, it.store.head_failures = 1, 1
    await it.committer.put(unit(1))
    await it.committer.put(unit(2))
    await it.pass_time(SECOND)
    assert it.released == [(1, (1,)), (2, (2,))]
    running.cancel()


@pytest.mark.parametrize("inline", [True, False])
async def test_what_contradicts_the_store_is_not_tried_for_ever(inline: bool) -> None:
    """Every exit behind it would wait; the next start decides on what is stored."""
    it = await rig(inline=inline)
    it.store.refusals, it.store.error = 1, StoreConflict("another intent already has this id")
    running = asyncio.ensure_future(it.committer.run())
    if inline:
        with pytest.raises(StoreConflict):
            await it.committer.put(unit(1))
        running.cancel()
    else:
        await it.committer.put(unit(1))
        with pytest.raises(StoreConflict):
            await running
    assert it.released == []
    assert it.alerts.names == []
