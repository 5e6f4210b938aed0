"""What is shown is durable; prices are shown beside it, with their age."""

from __future__ import annotations

import attrs

from robson_domain import Head, Ledger, Position, PositionId, PositionStatus, Price
from robson_exec.limits import CLOSED_SHOWN
from robson_exec.view import Prices, View
from tests.exec.test_bus import event, position
from tests.exec.world import BTC, CAPITAL, SECOND, T0, instrument, ticks_of


def head(sequence: int) -> Head:
    return Head(epoch="e", sequence=sequence, hash="")


def view(*positions: Position) -> View:
    known = {item.position_id: item for item in positions}
    return View(head(0), Ledger.opening(CAPITAL), known, Prices())


def closed(name: str) -> Position:
    return attrs.evolve(position(name, 1), status=PositionStatus.CLOSED)


def take(it: View, *positions: Position) -> None:
    it.take(head(1), ledger=None, positions=positions, events=())


def test_it_begins_with_what_was_recovered() -> None:
    it = view(position("a", 1), closed("b"))
    assert [p.position_id for p in it.positions()] == ["a", "b"]
    assert [p.position_id for p in it.active()] == ["a"]


def test_it_takes_up_what_is_durable() -> None:
    it = view()
    ledger = attrs.evolve(Ledger.opening(CAPITAL), sequence=2)
    it.take(head(2), ledger=ledger, positions=(position("a", 2),), events=(event(1), event(2)))
    assert it.head == head(2)
    assert it.ledger == ledger
    assert it.events == {"EntryDenied": 2}
    assert it.find(PositionId("a")) == position("a", 2)
    assert it.find(PositionId("b")) is None
    it.take(head(3), ledger=None, positions=(), events=(event(3),))
    assert (it.head, it.ledger, it.events) == (head(3), ledger, {"EntryDenied": 3})


def test_old_closed_positions_make_room_and_open_ones_never() -> None:
    it = view(position("open", 1))
    for number in range(CLOSED_SHOWN + 5):
        take(it, closed(f"c{number}"))
        take(it, closed(f"c{number}"))
    assert len(it.positions()) == CLOSED_SHOWN + 1
    assert it.find(PositionId("open")) is not None
    assert it.find(PositionId("c4")) is None
    assert it.find(PositionId("c5")) is not None


def test_a_position_opened_again_by_a_late_fill_is_kept() -> None:
    it = view(closed("late"))
    take(it, attrs.evolve(closed("late"), status=PositionStatus.ERROR))
    for number in range(CLOSED_SHOWN + 1):
        take(it, closed(f"c{number}"))
    assert it.find(PositionId("late")) is not None
    take(it, closed("late"))
    for number in range(2 * CLOSED_SHOWN):
        take(it, closed(f"d{number}"))
    assert it.find(PositionId("late")) is None
    assert len(it.positions()) == CLOSED_SHOWN


def test_a_price_is_a_fact_of_the_market_with_an_age() -> None:
    prices = Prices()
    it = View(head(0), Ledger.opening(CAPITAL), {}, prices)
    tick = ticks_of([100])[0]
    assert it.last_price(BTC) is None
    prices.last[BTC] = tick
    assert it.last_prices() == ()
    prices.learn(instrument())
    fact = it.last_price(BTC)
    assert fact is not None
    assert fact.price == Price(100)
    assert (fact.ts_event, fact.ts_received) == (tick.ts_event, tick.ts_received)
    assert fact.age_ns(tick.ts_received + SECOND) == SECOND
    assert fact.age_ns(T0) == 0
    assert it.last_prices() == (fact,)
    prices.forget(BTC)
    prices.forget(BTC)
    assert it.last_prices() == ()
