"""The window of past bars."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from robson_domain import Price, Quantity, Side, Symbol, UnknownSchema, ValidationError
from robson_engine.bars import TickBar
from robson_engine.detectors.history import History
from tests.engine.detectors.making import MINUTE, RULES, SECOND, START, bar, past, tick


def _history(size: int) -> History:
    return History(MINUTE, size, RULES)


def test_only_the_last_bars_are_kept() -> None:
    history = _history(2)
    history.warm_up(past([(1, 90), (10, 20), (11, 30)]))
    assert history.closes(2) == [20, 30]
    assert (history.lowest(2), history.highest(2)) == (10, 30)
    assert history.closes(3) is None


def test_with_too_few_bars_nothing_is_known() -> None:
    history = _history(3)
    history.warm_up(past([(10, 20), (11, 30)]))
    assert history.closes(3) is None
    assert history.highest(3) is None
    assert history.lowest(3) is None
    assert history.swing(Side.LONG, 3) is None
    assert history.swing(Side.SHORT, 3) is None


def test_fewer_bars_than_kept_can_be_asked_for() -> None:
    history = _history(3)
    history.warm_up(past([(1, 90), (10, 20), (11, 30)]))
    assert (history.lowest(2), history.highest(2), history.closes(2)) == (10, 30, [20, 30])


def test_a_swing_includes_the_forming_bar() -> None:
    history = _history(1)
    history.warm_up(past([(10, 20)]))
    assert (history.swing(Side.LONG, 1), history.swing(Side.SHORT, 1)) == (10, 20)
    history.on_tick(tick(15))
    assert (history.swing(Side.LONG, 1), history.swing(Side.SHORT, 1)) == (10, 20)
    history.on_tick(tick(9, SECOND))
    history.on_tick(tick(21, SECOND))
    assert (history.swing(Side.LONG, 1), history.swing(Side.SHORT, 1)) == (9, 21)


def test_trades_and_time_complete_bars() -> None:
    history = _history(2)
    assert not history.on_tick(tick(10))
    assert history.on_tick(tick(12, MINUTE))
    assert not history.on_time(START + 2 * MINUTE)
    assert history.on_time(START + 2 * MINUTE + SECOND)
    assert history.closes(2) == [10, 12]


def test_trades_of_past_bars_are_late() -> None:
    """The venue's own bar is whole; a straggler must not begin it anew."""
    history = _history(2)
    history.warm_up(past([(10, 20)]))
    history.on_tick(tick(5, -1))
    assert history.state().bars.late == 1
    assert history.swing(Side.LONG, 1) == 10


@pytest.mark.parametrize(
    "wrong", [{"symbol": Symbol("ETHUSDT")}, {"interval": SECOND}], ids=["pair", "interval"]
)
def test_bars_of_something_else_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="not the ones asked for"):
        _history(2).warm_up([bar(0, 10, 20, **wrong)])


def test_bars_come_in_time_order() -> None:
    history = _history(2)
    history.warm_up([bar(3, 10, 20)])
    for again in (3, 2):
        with pytest.raises(ValidationError, match="time order"):
            history.warm_up([bar(again, 10, 20)])
    history.warm_up([bar(4, 10, 20), bar(6, 10, 20)])


def test_bars_come_before_prices() -> None:
    history = _history(2)
    history.on_tick(tick(10))
    with pytest.raises(ValidationError, match="before the prices"):
        history.warm_up([bar(1, 10, 20)])


def test_bars_start_at_multiples_of_their_length() -> None:
    with pytest.raises(ValidationError, match="starts no interval"):
        _history(2).warm_up([bar(0, 10, 20, ts_open=START + 1)])


def test_past_prices_off_the_grid_are_taken_outward() -> None:
    """A venue that made its ticks larger must not tighten a swing, nor prevent arming."""
    history = _history(2)
    finer = bar(
        0, 10, 20, open=Price("5.1"), high=Price("9.7"), low=Price("2.7"), close=Price("5.4")
    )
    history.warm_up([finer])
    history.warm_up([attrs.evolve(finer, ts_open=START + MINUTE, low=Price("0.2"))])
    assert history.state().complete == (
        TickBar(START, 10, 20, 5, 10, 0),
        TickBar(START + MINUTE, 10, 20, 1, 10, 0),
    )


def test_volume_is_kept_in_steps() -> None:
    history = _history(1)
    history.warm_up([bar(0, 10, 20, volume=Quantity("1.5"))])
    assert history.state().complete[0].steps == 1500


def test_a_state_larger_than_the_window_is_refused() -> None:
    history = _history(2)
    history.warm_up(past([(10, 20), (11, 21)]))
    smaller = _history(1)
    opening = smaller.state()
    with pytest.raises(UnknownSchema, match="2 bars stored where at most 1"):
        smaller.restore(history.state())
    assert smaller.state() == opening
    single = _history(1)
    single.warm_up(past([(10, 20)]))
    with pytest.raises(UnknownSchema, match="1 bars stored where at most 0"):
        _history(0).restore(single.state())
    same = _history(2)
    same.restore(history.state())
    assert same.state() == history.state()
