"""Time, identity and alarms come from outside, so that a test can be all three."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from robson_domain import AlertSink, Clock, Ids
from tests.domain.ports.shape import asynchronous


class Bench:
    """A clock that only moves when it is slept on, ids that count, alerts that are kept."""

    def __init__(self) -> None:
        self.now = 0
        self.made = 0
        self.alerts: list[str] = []

    def now_ns(self) -> int:
        return self.now

    async def sleep_until(self, ts: int) -> None:
        self.now = max(self.now, ts)

    def new_id(self, kind: str) -> str:
        self.made += 1
        return f"{kind}-{self.made}"

    def alert(self, severity: str, name: str, facts: Mapping[str, str]) -> None:
        self.alerts.append(name)


def test_one_small_object_can_be_the_whole_system() -> None:
    bench = Bench()
    clock: Clock = bench
    ids: Ids = bench
    sink: AlertSink = bench
    asyncio.run(_use(clock))
    sink.alert("warning", "late", {"by": "1 s"})
    assert (ids.new_id("position"), ids.new_id("command")) == ("position-1", "command-2")
    assert bench.alerts == ["late"]


async def _use(clock: Clock) -> None:
    await clock.sleep_until(5)
    await clock.sleep_until(3)
    assert clock.now_ns() == 5


def test_an_alert_is_never_awaited() -> None:
    """Nothing that trades may wait for a person's telephone."""
    assert asynchronous(AlertSink) == set()
    assert asynchronous(Ids) == set()
