"""The limiter on a stepped clock: bounds, order, reserve, bans."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_connectors.binance.limits import BAN_NS_MAX, BANNED, Limiter
from robson_connectors.binance.pools import (
    MINUTE_NS,
    SECOND_NS,
    Cost,
    Lane,
    Pool,
)
from robson_domain.errors import RetryableVenueError
from robson_domain.testing.clocks import SteppedClock

START = 1_790_000_000 * SECOND_NS
TEN = Pool(name="ten", limit=10, header="x-used")
REQUESTS = Pool(name="requests", limit=20, window_ns=SECOND_NS)


class Store:
    def __init__(self, until: int = 0) -> None:
        self.until = until

    def load(self) -> int:
        return self.until

    def save(self, until: int) -> None:
        self.until = until


class Asking:
    """A request that waits, for those who want to give it up."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task

    def cancel(self) -> None:
        self.task.cancel()


class Rig:
    def __init__(self, store: Store | None = None) -> None:
        self.clock = SteppedClock(START)
        self.limiter = Limiter(self.clock, store)
        self.log: list[tuple[str, int]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def ask(self, name: str, lane: Lane, *costs: Cost, may_try: bool = False) -> Asking:
        async def run() -> None:
            try:
                await self.limiter.acquire(lane, costs, may_try=may_try)
            except RetryableVenueError as error:
                name_of = f"{name}:{error.code}"
            else:
                name_of = name
            self.log.append((name_of, (self.clock.now_ns() - START) // 1_000_000))

        self.tasks.append(asyncio.ensure_future(run()))
        return Asking(self.tasks[-1])

    async def run(self, seconds: int) -> list[tuple[str, int]]:
        await self.clock.run_for(seconds * SECOND_NS)
        found, self.log = self.log, []
        return found

    async def end(self) -> None:
        await self.limiter.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_room_is_given_at_once() -> None:
    rig = Rig()
    for number in range(5):
        rig.ask(str(number), Lane.POLL, Cost(TEN, 1))
    assert await rig.run(0) == [(str(n), 0) for n in range(5)]
    assert rig.limiter.used() == {"ten": (5, 10)}
    await rig.end()


async def test_polls_wait_first_and_exits_last() -> None:
    rig = Rig()
    for lane, upto in ((Lane.POLL, 5), (Lane.READ, 8), (Lane.ORDER, 9), (Lane.EXIT, 10)):
        while rig.limiter.used().get("ten", (0, 0))[0] < upto:
            rig.ask(lane.name, lane, Cost(TEN, 1))
            assert await rig.run(0) == [(lane.name, 0)]
        rig.ask("late", lane, Cost(TEN, 1))
        # A minute is more than anybody but a poll waits.
        assert await rig.run(0) == ([] if lane is Lane.POLL else [("late:WEIGHT_SHORT", 0)])
    assert rig.limiter.used() == {"ten": (10, 10)}
    await rig.end()


async def test_twenty_requests_a_second_of_which_two_are_for_exits() -> None:
    rig = Rig()
    for _ in range(30):
        rig.ask("order", Lane.ORDER, Cost(REQUESTS, 1))
    for _ in range(5):
        rig.ask("exit", Lane.EXIT, Cost(REQUESTS, 1))
    first = await rig.run(0)
    assert len([each for each in first if each[0] == "order"]) == 18
    assert len([each for each in first if each[0] == "exit"]) == 2
    second = await rig.run(1)
    assert [name for name, _ in second[:3]] == ["exit"] * 3
    assert {at for _, at in second} == {1000}
    await rig.end()


async def test_first_come_first_served_within_a_lane() -> None:
    rig = Rig()
    rig.ask("fill", Lane.READ, Cost(REQUESTS, 16))
    rig.ask("big", Lane.READ, Cost(REQUESTS, 10))
    rig.ask("small", Lane.READ, Cost(REQUESTS, 1))
    assert await rig.run(0) == [("fill", 0)]
    assert await rig.run(1) == [("big", 1000), ("small", 1000)]
    await rig.end()


async def test_nobody_slips_past_who_waits_ahead() -> None:
    rig = Rig()
    rig.ask("fill", Lane.READ, Cost(REQUESTS, 10))
    big = rig.ask("big", Lane.READ, Cost(REQUESTS, 10))
    rig.ask("small", Lane.READ, Cost(REQUESTS, 1))
    assert await rig.run(0) == [("fill", 0)]
    big.cancel()
    assert await rig.run(0) == [("small", 0)]
    rig.ask("exit", Lane.EXIT, Cost(REQUESTS, 12))
    rig.ask("order", Lane.ORDER, Cost(REQUESTS, 1))
    assert await rig.run(0) == []
    assert await rig.run(1) == [("exit", 1000), ("order", 1000)]
    await rig.end()


async def test_who_waits_for_one_pool_does_not_hold_up_another() -> None:
    rig = Rig()
    rig.ask("fill", Lane.POLL, Cost(TEN, 5))
    rig.ask("waits", Lane.POLL, Cost(REQUESTS, 1), Cost(TEN, 5))
    rig.ask("goes", Lane.POLL, Cost(REQUESTS, 1))
    assert await rig.run(0) == [("fill", 0), ("goes", 0)]
    assert await rig.run(60) == [("waits", 60_000)]
    await rig.end()


async def test_a_lower_lane_takes_nothing_a_waiting_higher_one_needs() -> None:
    rig = Rig()
    rig.ask("fill", Lane.EXIT, Cost(REQUESTS, 20))
    rig.ask("poll", Lane.POLL, Cost(REQUESTS, 10))
    rig.ask("exit", Lane.EXIT, Cost(REQUESTS, 15))
    assert await rig.run(0) == [("fill", 0)]
    assert await rig.run(2) == [("exit", 1000), ("poll", 2000)]
    await rig.end()


async def test_a_weight_above_the_share_goes_alone() -> None:
    rig = Rig()
    rig.ask("one", Lane.POLL, Cost(REQUESTS, 15))
    assert await rig.run(0) == [("one", 0)]
    await rig.end()


async def test_a_canceled_waiter_takes_nothing_and_lets_the_next_pass() -> None:
    rig = Rig()
    rig.ask("fill", Lane.READ, Cost(REQUESTS, 16))
    gone = rig.ask("gone", Lane.READ, Cost(REQUESTS, 16))
    rig.ask("next", Lane.READ, Cost(REQUESTS, 16))
    await rig.run(0)
    gone.cancel()
    assert await rig.run(1) == [("next", 1000)]
    await rig.end()


async def test_a_caller_canceled_in_the_moment_of_its_turn_is_passed_over() -> None:
    rig = Rig()
    rig.ask("fill", Lane.READ, Cost(REQUESTS, 16))
    gone = rig.ask("gone", Lane.READ, Cost(REQUESTS, 16))
    await rig.run(0)
    gone.cancel()
    rig.clock.jump_to(START + 2 * SECOND_NS)
    next_one = rig.limiter.acquire(Lane.READ, (Cost(REQUESTS, 16),))
    await next_one
    assert rig.limiter.used()["requests"] == (16, 20)
    await rig.end()


async def test_a_caller_canceled_after_its_turn_has_taken_its_budget() -> None:
    rig = Rig()
    rig.ask("fill", Lane.READ, Cost(REQUESTS, 16))
    gone = rig.ask("gone", Lane.READ, Cost(REQUESTS, 1))
    await rig.run(0)
    rig.clock.jump_to(START + 2 * SECOND_NS)
    rig.limiter._turn()
    gone.cancel()
    assert await rig.run(0) == []
    assert gone.task.cancelled()
    assert rig.limiter.used()["requests"] == (1, 20)
    await rig.end()


async def test_a_request_that_cannot_go_in_time_is_told_so_at_once() -> None:
    rig = Rig()
    rig.ask("fill", Lane.EXIT, Cost(TEN, 10))
    rig.ask("exit", Lane.EXIT, Cost(TEN, 1))
    assert await rig.run(0) == [("fill", 0), ("exit:WEIGHT_SHORT", 0)]
    await rig.end()


async def test_who_stands_in_line_too_long_is_told_so() -> None:
    rig = Rig()
    for _ in range(4):
        rig.ask("order", Lane.ORDER, Cost(REQUESTS, 18))
    assert await rig.run(3) == [("order", 0), ("order", 1000), ("order:WEIGHT_SHORT", 1000),
                                ("order:WEIGHT_SHORT", 1000)]  # fmt: skip
    await rig.end()


async def test_closing_refuses_who_waits() -> None:
    rig = Rig()
    rig.ask("fill", Lane.READ, Cost(REQUESTS, 16))
    rig.ask("waits", Lane.READ, Cost(REQUESTS, 16))
    await rig.run(0)
    await rig.limiter.close()
    await rig.limiter.close()
    assert await rig.run(0) == [("waits:CLOSED", 0)]


# --------------------------------------------------------------------------------- headers


async def test_what_others_use_counts() -> None:
    rig = Rig()
    rig.limiter.heard((Cost(TEN, 1),), {"x-used": " 9 "})
    assert rig.limiter.used() == {"ten": (9, 10)}
    rig.ask("read", Lane.READ, Cost(TEN, 1))
    assert await rig.run(0) == [("read:WEIGHT_SHORT", 0)]
    rig.limiter.heard((Cost(TEN, 1),), {"x-used": "3"})
    assert rig.limiter.used() == {"ten": (9, 10)}
    await rig.run(60)
    assert rig.limiter.used() == {"ten": (0, 10)}
    await rig.end()


@pytest.mark.parametrize("junk", ["-1", "", "many", "1e3", "9" * 30, "٣"])
async def test_junk_in_a_header_is_silence(junk: str) -> None:
    rig = Rig()
    rig.limiter.heard((Cost(TEN, 1),), {"x-used": junk})
    assert rig.limiter.used() == {"ten": (0, 10)}
    await rig.end()


async def test_an_absurd_header_does_not_stop_everything_for_ever() -> None:
    rig = Rig()
    rig.limiter.heard((Cost(TEN, 1),), {"x-used": "999999999"})
    rig.limiter.heard((Cost(TEN, 1),), {"x-used": "999999998"})
    assert rig.limiter.used()["ten"][0] == 20
    await rig.run(60)
    assert rig.limiter.used()["ten"][0] == 0
    await rig.end()


# ------------------------------------------------------------------------------------ bans


@pytest.mark.parametrize(
    ("status", "headers", "until", "seconds"),
    [
        (429, {"retry-after": "7"}, 0, 7),
        (429, {}, 0, 10),
        (418, {}, 0, 120),
        (418, {"retry-after": "junk"}, 0, 120),
        (418, {"retry-after": "60"}, START + 90 * SECOND_NS, 90),
        (418, {"retry-after": "120"}, START + 90 * SECOND_NS, 120),
        (418, {}, START - 1, 120),
        (400, {}, 0, 10),
        (418, {"retry-after": "999999999"}, 0, BAN_NS_MAX // SECOND_NS),
    ],
)
async def test_a_ban_lasts_as_long_as_told(
    status: int, headers: dict[str, str], until: int, seconds: int
) -> None:
    store = Store()
    rig = Rig(store)
    rig.limiter.limited(status, headers, until)
    assert rig.limiter.banned_until == START + seconds * SECOND_NS
    assert store.until == rig.limiter.banned_until
    rig.ask("exit", Lane.EXIT, Cost(TEN, 1))
    expected = f"exit:{BANNED}" if seconds > 5 else "exit"
    assert await rig.run(0) == [(expected, 0)]
    await rig.end()


async def test_a_short_ban_is_waited_for() -> None:
    rig = Rig()
    rig.limiter.limited(429, {"retry-after": "3"})
    rig.ask("exit", Lane.EXIT, Cost(TEN, 1))
    rig.ask("order", Lane.ORDER, Cost(TEN, 1))
    assert await rig.run(0) == [("order:BANNED", 0)]
    assert await rig.run(3) == [("exit", 3000)]
    await rig.end()


async def test_a_shorter_ban_does_not_end_a_longer_one() -> None:
    rig = Rig()
    rig.limiter.limited(418, {"retry-after": "300"})
    rig.limiter.limited(429, {"retry-after": "1"})
    assert rig.limiter.banned_until == START + 300 * SECOND_NS
    await rig.end()


async def test_a_ban_reaches_who_waits_already() -> None:
    rig = Rig()
    rig.ask("fill", Lane.READ, Cost(REQUESTS, 16))
    rig.ask("waits", Lane.READ, Cost(REQUESTS, 16))
    await rig.run(0)
    rig.limiter.limited(418, {"retry-after": "300"})
    assert await rig.run(0) == [("waits:BANNED", 0)]
    await rig.end()


async def test_a_ban_is_remembered_over_a_restart() -> None:
    rig = Rig(Store(START + 100 * SECOND_NS))
    rig.ask("exit", Lane.EXIT, Cost(TEN, 1))
    assert await rig.run(0) == [("exit:BANNED", 0)]
    absurd = Rig(Store(START * 2))
    assert absurd.limiter.banned_until == START + BAN_NS_MAX
    await rig.end()


# -------------------------------------------------------------------------------- property

REQUEST = st.tuples(st.sampled_from(Lane), st.integers(1, 12), st.integers(0, 1500), st.booleans())


@settings(max_examples=60)
@given(st.lists(REQUEST, max_size=40))
def test_no_stretch_gives_more_than_its_limit(
    requests: list[tuple[Lane, int, int, bool]],
) -> None:
    asyncio.run(_stretches(requests))


async def _stretches(requests: list[tuple[Lane, int, int, bool]]) -> None:
    clock = SteppedClock(START)
    limiter = Limiter(clock)
    grants: list[tuple[int, int, Lane]] = []

    async def one(lane: Lane, weight: int) -> None:
        with contextlib.suppress(RetryableVenueError):
            await limiter.acquire(lane, (Cost(REQUESTS, weight),))
            grants.append((clock.now_ns(), weight, lane))

    tasks = []
    for lane, weight, pause, is_canceled in requests:
        tasks.append(asyncio.ensure_future(one(lane, weight)))
        await clock.run_for(pause * 1_000_000)
        if is_canceled:
            tasks[-1].cancel()
    await clock.run_for(2 * MINUTE_NS)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.done() for task in tasks)
    for end, (at, weight, lane) in enumerate(grants):
        before = sum(w for t, w, _ in grants[:end] if t > at - SECOND_NS)
        assert before + weight <= max(REQUESTS.limit_of(lane), weight if not before else 0)
