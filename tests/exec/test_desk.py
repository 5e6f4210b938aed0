"""Commands are answered when durable, and refused with a reason that helps."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from robson_connectors.memory import Fault, FaultKind, MemoryConnector, Operation
from robson_domain import (
    CloseReason,
    DeniedError,
    DetectorSpec,
    InDoubtError,
    PositionId,
    PositionStatus,
    Price,
    RetryableVenueError,
    Side,
    Store,
    Symbol,
    ValidationError,
)
from robson_engine.detectors import Watch
from robson_exec import Daemon
from tests.exec.stores import TroubledStore
from tests.exec.test_position_manager import Broken
from tests.exec.world import (
    BTC,
    MS,
    SECOND,
    World,
    arm_request,
    memory_store,
    memory_world,
)

ONE = PositionId("p1")


async def booted() -> tuple[World, MemoryConnector, Daemon]:
    world, venue = await memory_world()
    return world, venue, await world.boot()


def swing() -> DetectorSpec:
    """A detector that needs the last bars for its stop."""
    return DetectorSpec(name="delay", params=(("interval", "1m"), ("swing", "3")))


async def test_what_is_answered_is_durable() -> None:
    world, _, daemon = await booted()
    reply = await daemon.desk.arm(arm_request())
    assert (reply.code, reply.positions) == ("", (ONE,))
    assert (await world.position()).status is PositionStatus.ARMED
    assert daemon.view.find(ONE) == await world.position()
    assert daemon.view.head == await world.store.head()
    await daemon.stop()


async def test_arming_the_same_id_again_returns_the_first() -> None:
    world, _, daemon = await booted()
    await daemon.desk.arm(arm_request())
    again = await daemon.desk.arm(arm_request(side=Side.SHORT))
    assert (again.code, again.positions) == ("", (ONE,))
    assert await world.event_names() == ["PositionArmed"]
    await daemon.stop()


async def test_disarm_close_panic_and_acknowledge_reach_their_position() -> None:
    world, venue, daemon = await booted()
    for name in ("p1", "p2", "p3"):
        await daemon.desk.arm(arm_request(name))
    desk = daemon.desk
    assert (await desk.disarm(ONE)).code == ""
    assert (await desk.disarm(ONE)).code == "ALREADY_CLOSED"
    assert (await desk.close(PositionId("p2"), CloseReason.END_OF_DATA)).code == ""
    assert (await world.position("p2")).close_reason is CloseReason.END_OF_DATA
    assert (await desk.panic()).positions == ("p3",)
    assert (await desk.acknowledge(PositionId("p3"))).code == "NOT_IN_ERROR"
    assert (await desk.close(PositionId("nobody"))).code == "NOT_FOUND"
    assert venue.book.orders == []
    await daemon.stop()


async def test_a_pair_that_is_not_traded_is_refused() -> None:
    world, _, daemon = await booted()
    with pytest.raises(ValidationError, match="symbol"):
        await daemon.desk.arm(arm_request(symbol=Symbol("SOLUSDT")))
    assert await world.event_names() == []
    await daemon.stop()


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (DetectorSpec(name="crystal_ball"), "strategy"),
        (DetectorSpec(name="delay", params=(("seconds", "soon"),)), "seconds"),
        (DetectorSpec(name="delay", params=(("color", "red"),)), "color"),
    ],
)
async def test_a_detector_that_cannot_be_had_is_refused(spec: DetectorSpec, field: str) -> None:
    world, _, daemon = await booted()
    with pytest.raises(ValidationError, match=field):
        await daemon.desk.arm(arm_request(detector=spec))
    assert await world.event_names() == []
    await daemon.stop()


async def test_a_past_that_is_too_short_is_refused_with_what_to_do() -> None:
    _, _, daemon = await booted()
    with pytest.raises(DeniedError, match="--stop") as refused:
        await daemon.desk.arm(arm_request(detector=swing()))
    assert refused.value.code == "NO_HISTORY"
    await daemon.stop()


def at_stop(price: str, name: str = "manual") -> DetectorSpec:
    return DetectorSpec(name=name, params=(("stop", price),))


@pytest.mark.parametrize(("side", "stop"), [(Side.LONG, "100"), (Side.SHORT, "99.5")])
async def test_a_stop_the_price_is_beyond_is_refused(side: Side, stop: str) -> None:
    world, venue, daemon = await booted()
    venue.feed(BTC, Price(100))
    await world.pass_time(2 * SECOND)
    for _ in range(2):  # as the market's past tells, then as the live price does
        with pytest.raises(ValidationError, match=f"stop: {stop} is not .* the price 100"):
            await daemon.desk.arm(arm_request(side=side, detector=at_stop(stop)))
        await daemon.desk.arm(arm_request("other"))
        venue.feed(BTC, Price(100))
        await world.settle()
    assert await world.event_names("p1") == []
    await daemon.stop()


async def test_a_stop_that_may_still_come_right_is_taken() -> None:
    """A breakout fires at another price than today's; with no price nothing can be compared."""
    world, venue, daemon = await booted()
    assert (await daemon.desk.arm(arm_request("early", detector=at_stop("105")))).code == ""
    for _ in range(30):
        venue.feed(BTC, Price(100))
        await world.pass_time(60 * SECOND)
    spec = at_stop("105", "breakout")
    assert (await daemon.desk.arm(arm_request("p2", detector=spec))).code == ""
    await daemon.stop()


async def test_arming_again_after_the_price_went_beyond_the_stop_finds_the_first() -> None:
    world, venue, daemon = await booted()
    venue.feed(BTC, Price(100))
    await world.pass_time(2 * SECOND)
    request = arm_request(detector=at_stop("99", "test"))
    assert (await daemon.desk.arm(request)).code == ""
    venue.feed(BTC, Price(98))
    await world.settle()
    assert (await daemon.desk.arm(request)).positions == (ONE,)
    await daemon.stop()


async def test_a_past_that_is_long_enough_is_used() -> None:
    world, venue, daemon = await booted()
    for price in (100, 99, 98, 101, 102):
        venue.feed(BTC, Price(price))
        await world.pass_time(60 * SECOND)
    await daemon.desk.arm(arm_request(detector=swing()))
    venue.feed(BTC, Price(103))
    await world.settle()
    position = await world.position()
    assert position.signal is not None
    assert position.signal.technical_stop == Price(98)
    await daemon.stop()


async def test_a_short_past_will_do_when_the_stop_is_named() -> None:
    world, venue, daemon = await booted()
    spec = DetectorSpec(name="ma_crossover", params=(("stop_distance", "1%"),))
    venue.feed(BTC, Price(100))
    await world.pass_time(120 * SECOND)
    assert (await daemon.desk.arm(arm_request(detector=spec))).code == ""
    await daemon.stop()


async def test_a_venue_that_gives_no_answer_arms_nothing() -> None:
    world, venue, daemon = await booted()
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.BARS))
    with pytest.raises(RetryableVenueError):
        await daemon.desk.arm(arm_request(detector=swing()))
    assert await world.event_names() == []
    assert world.activity.idle
    await daemon.stop()


async def test_a_command_the_engine_refuses_is_answered() -> None:
    """Whatever is wrong with a command, the machine goes on and the person is told."""
    _, _, daemon = await booted()
    reply = await daemon.desk.close(PositionId("x" * 100))
    assert reply.code == "NOT_FOUND"
    assert not daemon.halted.is_set()
    assert (await daemon.desk.arm(arm_request())).code == ""
    await daemon.stop()


async def test_an_answer_that_does_not_become_durable_in_time_is_in_doubt() -> None:
    store = TroubledStore(await memory_store())
    world, _ = await memory_world(store=cast(Store, store))
    daemon = await world.boot()
    store.refusals = 10_000
    asking = asyncio.ensure_future(daemon.desk.arm(arm_request()))
    await world.pass_time(9 * SECOND)
    assert not asking.done()
    await world.pass_time(2 * SECOND)
    with pytest.raises(InDoubtError, match="not durable") as doubt:
        await asking
    assert doubt.value.code == "UNCONFIRMED"
    assert daemon.view.find(ONE) is None
    store.refusals = 0
    await world.pass_time(10 * SECOND)
    assert daemon.view.find(ONE) is not None
    await daemon.stop()


async def test_a_desk_that_is_closed_takes_nothing() -> None:
    world, _, daemon = await booted()
    await daemon.stop()
    for ask in (daemon.desk.panic(), daemon.desk.arm(arm_request())):
        with pytest.raises(DeniedError) as refused:
            await ask
        assert refused.value.code == "STOPPING"
    assert await world.event_names() == []


async def test_an_armed_position_expires_by_itself() -> None:
    world, _, daemon = await booted()
    expires = world.clock.now_ns() + 10 * SECOND
    await daemon.desk.arm(arm_request(expires_at=expires))
    await world.pass_time(11 * SECOND)
    position = await world.position()
    assert position.close_reason is CloseReason.EXPIRED
    assert 0 <= position.closed_at - expires <= 100 * MS
    await daemon.stop()


class Foreign(Broken):
    """A detector of somebody else's that wants bars, three of them for its stop."""

    NAME = "foreign"
    bars_needed = 5

    def __init__(self, needed: int) -> None:
        self.stop_bars_needed = needed

    @classmethod
    def create(cls, given: object, watch: Watch) -> Foreign:
        return cls(0 if given else 3)


@pytest.mark.parametrize(("params", "code"), [((), "NO_HISTORY"), ((("stop", "90"),), "")])
async def test_a_foreign_detector_needs_its_bars_unless_the_stop_is_named(
    params: tuple[tuple[str, str], ...], code: str
) -> None:
    world, _ = await memory_world()
    daemon = await world.boot(registry={"foreign": Foreign})
    request = arm_request(detector=DetectorSpec(name="foreign", params=params))
    try:
        answer = (await daemon.desk.arm(request)).code
    except DeniedError as refused:
        answer = refused.code
    assert answer == code
    await daemon.stop()
