"""A 429 holds up what it is about, and one exit is tried all the same."""

from __future__ import annotations

import pytest

from robson_connectors.binance.pools import SECOND_NS, Cost, Lane, Pool
from tests.connectors.binance.rest.test_limits import REQUESTS, START, TEN, Rig, Store

OTHER = Pool(name="other", limit=10, header="x-used")
THIRD = Pool(name="third", limit=10, header="x-used")


def own(pool: Pool) -> tuple[Cost, Cost]:
    return Cost(REQUESTS, 1), Cost(pool, 1)


async def test_too_many_requests_of_one_pool_hold_up_that_pool_alone() -> None:
    store = Store()
    rig = Rig(store)
    rig.limiter.limited(429, {"retry-after": "8"}, costs=own(TEN))
    assert (rig.limiter.banned_until, store.until) == (0, 0)
    rig.ask("there", Lane.READ, *own(TEN))
    rig.ask("elsewhere", Lane.POLL, *own(OTHER))
    assert await rig.run(0) == [("elsewhere", 0)]
    assert await rig.run(8) == [("there", 8000)]
    await rig.end()


async def test_who_cannot_wait_for_a_pause_is_told_so() -> None:
    rig = Rig()
    rig.limiter.limited(429, {"retry-after": "8"}, costs=own(TEN))
    rig.ask("order", Lane.ORDER, *own(TEN))
    rig.ask("exits read", Lane.EXIT, *own(TEN))
    assert await rig.run(0) == [("order:PAUSED", 0), ("exits read:PAUSED", 0)]
    await rig.end()


async def test_one_exit_is_tried_in_a_pause_and_no_second_however_long_it_becomes() -> None:
    rig = Rig()
    rig.limiter.limited(429, {"retry-after": "8"}, costs=own(TEN))
    rig.ask("first", Lane.EXIT, *own(TEN), may_try=True)
    rig.ask("second", Lane.EXIT, *own(TEN), may_try=True)
    assert await rig.run(2) == [("first", 0), ("second:PAUSED", 0)]
    rig.limiter.limited(429, {"retry-after": "8"}, costs=own(TEN))
    rig.ask("third", Lane.EXIT, *own(TEN), may_try=True)
    assert await rig.run(0) == [("third:PAUSED", 2000)]
    await rig.run(8)
    rig.limiter.limited(429, {"retry-after": "8"}, costs=own(TEN))
    rig.ask("of another pause", Lane.EXIT, *own(TEN), may_try=True)
    assert await rig.run(0) == [("of another pause", 10_000)]
    await rig.end()


async def test_two_paused_pools_hold_up_all_but_exits() -> None:
    rig = Rig()
    rig.limiter.limited(429, {"retry-after": "3"}, costs=own(TEN))
    rig.limiter.limited(429, {"retry-after": "6"}, costs=own(OTHER))
    rig.ask("exit", Lane.EXIT, *own(THIRD), may_try=True)
    rig.ask("again", Lane.EXIT, *own(THIRD), may_try=True)
    rig.ask("read", Lane.READ, *own(THIRD))
    assert await rig.run(0) == [("exit", 0), ("again", 0)]
    assert await rig.run(6) == [("read", 6000)]
    await rig.end()


async def test_a_ban_is_tried_by_nobody() -> None:
    rig = Rig()
    rig.limiter.limited(429, {"retry-after": "3"}, costs=own(TEN))
    rig.limiter.limited(418, {"retry-after": "60"}, costs=own(TEN))
    for pool in (TEN, OTHER):
        rig.ask(pool.name, Lane.EXIT, *own(pool), may_try=True)
    assert await rig.run(0) == [("ten:BANNED", 0), ("other:BANNED", 0)]
    await rig.end()


@pytest.mark.parametrize("costs", [own(TEN), (Cost(REQUESTS, 1),)])
async def test_a_told_ban_is_one_whatever_the_status(costs: tuple[Cost, ...]) -> None:
    rig = Rig()
    until = START + 90 * SECOND_NS if len(costs) > 1 else 0
    rig.limiter.limited(429, {"retry-after": "90"}, until, costs)
    assert rig.limiter.banned_until == START + 90 * SECOND_NS, "no pool of the venue's is named"
    await rig.end()


async def test_a_pause_never_becomes_shorter() -> None:
    rig = Rig()
    rig.limiter.limited(429, {"retry-after": "8"}, costs=own(TEN))
    rig.limiter.limited(429, {"retry-after": "1"}, costs=own(TEN))
    rig.ask("read", Lane.READ, *own(TEN))
    assert await rig.run(8) == [("read", 8000)]
    await rig.end()


async def test_what_is_used_up_is_not_tried() -> None:
    rig = Rig()
    rig.limiter.heard(own(TEN), {"x-used": "10"})
    rig.limiter.limited(429, {"retry-after": "3"}, costs=own(TEN))
    rig.ask("exit", Lane.EXIT, *own(TEN), may_try=True)
    assert await rig.run(0) == [("exit:WEIGHT_SHORT", 0)]
    await rig.end()
