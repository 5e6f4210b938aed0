"""What must hold of every history, whatever went wrong in it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from robson_connectors.memory import MemoryConnector
from robson_domain import (
    EntryOrderPlaced,
    Event,
    ExitOrderPlaced,
    PositionStatus,
    Side,
    TrailingStopUpdated,
    codec,
)
from robson_engine import EngineState
from tests.exec.world import BTC, CAPITAL, ETH, World


async def check_history(world: World, venue: MemoryConnector) -> None:
    """Never twice, never loosened, the log is the truth; at any moment."""
    events = await world.events()
    _never_twice(events, venue)
    _never_loosened(events)
    await _log_is_the_truth(world, events)


async def check_quiet(world: World, venue: MemoryConnector) -> None:
    """The same once nothing goes wrong any more: nothing open is unprotected or unresolved."""
    await check_history(world, venue)
    assert await world.store.intents.find_unresolved() == ()
    net = {BTC: Decimal(0), ETH: Decimal(0)}
    for position in await world.store.positions.find_active():
        assert position.status in {PositionStatus.ARMED, PositionStatus.ACTIVE}, position
        assert not position.open_qty or position.stop is not None
        sign = 1 if position.side is Side.LONG else -1
        net[position.symbol] += sign * position.open_qty.value
    for symbol, quantity in net.items():
        held = (await venue.account(symbol)).net_qty
        assert abs(held - quantity) < Decimal("0.001"), f"{symbol}: venue {held}, ours {quantity}"


def _never_twice(events: list[Event], venue: MemoryConnector) -> None:
    sent = Counter(order.order.client_order_id for order in venue.book.orders)
    assert all(count == 1 for count in sent.values()), sent
    intents = {
        event.intent.client_order_id: event.intent
        for event in events
        if isinstance(event, EntryOrderPlaced | ExitOrderPlaced)
    }
    entries: Counter[str] = Counter()
    bought: dict[str, Decimal] = {}
    for taken in venue.book.orders:
        intent = intents[taken.order.client_order_id]
        assert taken.order.quantity == intent.quantity
        filled = sum((fill.quantity.value for fill in taken.fills), Decimal(0))
        position = intent.position_id
        if taken.order.reduces:
            bought[position] -= filled
            assert bought[position] >= 0, "exits are more than entries"
        elif filled:
            entries[position] += 1
            bought[position] = bought.get(position, Decimal(0)) + filled
    assert all(count == 1 for count in entries.values()), entries


def _never_loosened(events: list[Event]) -> None:
    for event in events:
        if isinstance(event, TrailingStopUpdated):
            assert event.stop != event.previous_stop or event.best
    stops: dict[str, list[Decimal]] = {}
    for event in events:
        stop = getattr(event, "stop", None)
        if stop is not None:
            stops.setdefault(event.position_id, []).append(stop.value)
    for levels in stops.values():
        assert levels in (sorted(levels), sorted(levels, reverse=True)), levels


async def _log_is_the_truth(world: World, events: list[Event]) -> None:
    state = EngineState.restore(world.parts().config, CAPITAL, None, events)
    stored = {p.position_id: codec.dumps(p) for p in await world.store.positions.find_active()}
    assert {key: codec.dumps(position) for key, position in state.live.items()} == stored
