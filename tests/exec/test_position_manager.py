"""Detectors are shown every price once, remembered, and let go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs
import pytest

from robson_domain import (
    Bar,
    DetectorSignal,
    DetectorSpec,
    DisarmPosition,
    Position,
    PositionId,
    PositionStatus,
    PriceOrigin,
    SignalFired,
    SignalId,
    TradeTick,
    ValidationError,
)
from robson_domain.values import Price
from robson_engine import DETECTORS
from robson_engine.detectors import Watch
from robson_exec import EventBus, PositionManager
from tests.exec.test_bus import position
from tests.exec.world import BTC, ETH, SECOND, T0, Alerts, ticks_of


class Broken:
    """A detector of somebody else's that fails when it sees 13."""

    NAME: ClassVar[str] = "broken"
    VERSION: ClassVar[int] = 1
    FIRES_AT_ANY_PRICE: ClassVar[bool] = True
    bars_needed = 0
    stop_bars_needed = 0
    interval = 60 * SECOND

    @classmethod
    def create(cls, given: object, watch: Watch) -> Broken:
        return cls()

    def warm_up(self, bars: Sequence[Bar]) -> None: ...

    def on_price(self, tick: TradeTick) -> DetectorSignal | None:
        if tick.ticks == 1300:
            raise ZeroDivisionError
        return None

    def on_time(self, ts: int) -> DetectorSignal | None:
        if ts == T0 + 13:
            raise ZeroDivisionError
        return None

    def estimate(self, price: Price) -> DetectorSignal | None:
        return None

    def dump(self) -> str:
        return "{}"

    def restore(self, data: str, version: int) -> None: ...


def armed(name: str = "p", detector: str = "manual", **params: str) -> Position:
    spec = DetectorSpec(name=detector, params=tuple(params.items()))
    return attrs.evolve(position(name, 1), detector=spec)


def manager() -> tuple[PositionManager, Alerts]:
    alerts = Alerts()
    return PositionManager(EventBus(alerts), {**DETECTORS, "broken": Broken}), alerts


def late(name: str = "p") -> Position:
    """Armed with a detector that waits a while."""
    return armed(name, "delay", seconds="5", stop_distance="1%")


def test_an_armed_position_gets_its_detector_and_its_one_signal() -> None:
    it, _ = manager()
    it.follow(armed(stop_distance="1%"))
    assert it.count == 1
    tick = ticks_of([100])[0]
    (said,) = it.on_price(tick)
    assert isinstance(said, SignalFired)
    assert said.signal.signal_id == SignalId("p-signal")
    assert (said.ts_event, said.ts_received) == (tick.ts_event, tick.ts_received)
    assert it.count == 0
    assert it.on_price(tick) == []


def test_a_prepared_detector_is_used_once_its_position_is_armed() -> None:
    it, _ = manager()
    own = it.create(late())
    it.prepare(PositionId("p"), own)
    it.follow(late())
    own.restore(own.dump(), own.VERSION)
    before = own.dump()
    it.on_price(ticks_of([100])[0])
    assert own.dump() != before


def test_what_was_prepared_in_vain_is_forgotten() -> None:
    it, _ = manager()
    own = it.create(late())
    it.prepare(PositionId("p"), own)
    it.forget(PositionId("p"))
    it.forget(PositionId("p"))
    it.follow(late())
    before = own.dump()
    it.on_price(ticks_of([100])[0])
    assert own.dump() == before


@pytest.mark.parametrize(
    "change",
    [
        {"status": PositionStatus.CLOSED},
        {"status": PositionStatus.ENTERING},
        {
            "signal": DetectorSignal(
                signal_id=SignalId("s"),
                position_id=PositionId("p"),
                symbol=BTC,
                side=late().side,
                entry_price=Price(100),
                technical_stop=Price(99),
                timestamp=T0,
            )
        },
    ],
)
def test_a_position_that_waits_no_more_loses_its_detector(change: dict[str, object]) -> None:
    it, _ = manager()
    it.follow(late())
    it.follow(attrs.evolve(late(), **change))  # type: ignore[arg-type]
    assert it.count == 0


def test_following_an_armed_position_again_keeps_its_detector() -> None:
    it, _ = manager()
    it.follow(late())
    it.on_price(ticks_of([100])[0])
    it.follow(late())
    assert it.count == 1
    assert next(iter(it.changes())).mark == 1


def test_time_counts_from_the_arming_and_may_fire() -> None:
    it, _ = manager()
    it.follow(armed("p", "test", stop_distance="1%"))
    it.on_price(ticks_of([100])[0])
    assert it.on_time(T0 + 4 * SECOND) == []
    (said,) = it.on_time(T0 + 5 * SECOND)
    assert isinstance(said, SignalFired)
    assert said.ts_received == T0 + 5 * SECOND
    assert it.count == 0


def test_a_price_is_shown_to_its_pair_only_and_once() -> None:
    it, _ = manager()
    it.follow(late("a"))
    first, second = ticks_of([100, 101])
    it.on_price(second)
    (state,) = it.changes()
    assert state.mark == 2
    it.on_price(first)
    it.on_price(second)
    it.on_price(ticks_of([7], ETH)[0])
    assert list(it.changes()) == []
    assert it.earliest_mark(BTC) == 2
    assert it.earliest_mark(ETH) is None


def test_prices_without_ids_are_all_shown() -> None:
    it, _ = manager()
    it.follow(late())
    list(it.changes())
    it.on_price(ticks_of([100])[0]._replace(trade_id=0))
    assert [state.mark for state in it.changes()] == [0]
    assert it.earliest_mark(BTC) is None


def test_the_earliest_mark_is_that_of_the_detector_furthest_behind() -> None:
    it, _ = manager()
    it.follow(late("a"))
    first, second = ticks_of([100, 101])
    it.on_price(first)
    it.restore(late("b"), None, T0)
    it.on_price(second)
    memory = next(state for state in it.changes() if state.position_id == "a")
    it.restore(late("c"), attrs.evolve(memory, mark=1), T0)
    assert it.earliest_mark(BTC) == 1


def test_what_it_remembers_is_taken_up_exactly() -> None:
    it, _ = manager()
    it.follow(late())
    for tick in ticks_of([100, 101, 99]):
        it.on_price(tick)
    (state,) = it.changes()
    again, _ = manager()
    assert again.restore(late(), state, T0) is None
    assert list(again.changes()) == [state]
    assert again.earliest_mark(BTC) == 3


def test_states_are_written_when_something_was_shown_and_only_then() -> None:
    it, _ = manager()
    it.follow(late())
    assert len(list(it.changes())) == 1
    assert list(it.changes()) == []
    assert [it.is_dirty] == [False]
    it.on_price(ticks_of([100])[0])
    assert [it.is_dirty] == [True]
    assert len(list(it.changes())) == 1
    it.on_time(T0 + 1)
    assert list(it.changes()) == []


@pytest.mark.parametrize(
    "change",
    [{"name": "breakout"}, {"version": 99}, {"data": '{"unknown":1}'}, {"data": "no json"}],
    ids=["name", "version", "fields", "text"],
)
def test_a_memory_that_is_not_its_own_ends_the_position_with_an_alert(
    change: dict[str, object],
) -> None:
    it, alerts = manager()
    it.follow(late())
    (state,) = it.changes()
    again, alerts = manager()
    end = again.restore(late(), attrs.evolve(state, **change), T0 + 1)  # type: ignore[arg-type]
    assert isinstance(end, DisarmPosition)
    assert (end.position_id, end.ts_received) == ("p", T0 + 1)
    assert alerts.names == ["detector_failed"]
    assert again.count == 0


def test_a_detector_that_is_gone_ends_its_position_and_no_other() -> None:
    it, alerts = manager()
    assert isinstance(it.restore(armed("a", "gone"), None, T0), DisarmPosition)
    assert it.restore(late("b"), None, T0) is None
    assert it.count == 1
    assert alerts.names == ["detector_failed"]


def test_a_detector_that_breaks_ends_its_position_and_no_other() -> None:
    it, alerts = manager()
    it.follow(armed("a", "broken"))
    it.follow(late("b"))
    assert it.on_price(ticks_of([12])[0]) == []
    (end,) = it.on_price(ticks_of([13, 13])[1])
    assert isinstance(end, DisarmPosition)
    assert end.position_id == "a"
    assert it.count == 1
    it.follow(armed("c", "broken"))
    (end,) = it.on_time(T0 + 13)
    assert isinstance(end, DisarmPosition)
    assert end.position_id == "c"
    assert alerts.names == ["detector_failed"] * 2


def test_arming_with_an_unknown_detector_is_refused() -> None:
    it, _ = manager()
    with pytest.raises(ValidationError, match="strategy"):
        it.follow(armed("p", "gone"))


def test_back_filled_prices_make_bars_and_no_signal() -> None:
    it, _ = manager()
    it.follow(armed(stop_distance="1%"))
    gap, live = ticks_of([100, 101])
    assert it.on_price(gap._replace(origin=PriceOrigin.GAP)) == []
    assert len(it.on_price(live)) == 1
