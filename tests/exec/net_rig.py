"""A daemon with a Safety Net on the memory venue, and a person who trades there by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs

from robson_connectors.memory import MemoryConnector
from robson_domain import (
    AccountTrade,
    ClientOrderId,
    DetectorSpec,
    Event,
    HoldingsPort,
    OrderSide,
    Position,
    Price,
    Quantity,
    RestingKind,
    RestingOrder,
    SafetyNetMode,
    Store,
    Symbol,
)
from robson_exec import Daemon, Observation, PairSeen, ProtectionSettings, SafetyNet
from tests.exec.world import BTC, MS, SECOND, World, arm_request, memory_world

POLL = 20 * SECOND
ACT = ProtectionSettings(poll_ns=POLL, mode=SafetyNetMode.ACT)
OBSERVE = ProtectionSettings(poll_ns=POLL)
BUY, SELL = OrderSide.BUY, OrderSide.SELL


@attrs.define
class NetRig:
    world: World
    venue: MemoryConnector
    daemon: Daemon
    said: list[Observation]

    @property
    def net(self) -> SafetyNet:
        assert self.daemon.safety_net is not None
        return self.daemon.safety_net

    def feed(self, price: object, symbol: Symbol = BTC) -> None:
        self.venue.feed(symbol, Price(str(price)))

    def trade(self, side: OrderSide, quantity: object, symbol: Symbol = BTC) -> AccountTrade:
        return self.venue.holdings.trade(symbol, side, Quantity(str(quantity)))

    def rest(
        self,
        side: OrderSide,
        quantity: object,
        kind: RestingKind = RestingKind.STOP,
        name: str = "web_rest",
        price: object = "90",
    ) -> None:
        order = RestingOrder(
            symbol=BTC,
            client_order_id=ClientOrderId(name),
            venue_order_id=f"v-{name}",
            side=side,
            kind=kind,
            leaves_qty=Quantity(str(quantity)),
            stop_price=Price(str(price)),
        )
        self.venue.holdings.rest(order)

    async def wait(self, ns: int) -> None:
        await self.world.pass_time(ns)

    async def polls(self, count: int = 1) -> None:
        await self.wait(count * POLL)

    async def prices(self, *prices: object, every: int = 100 * MS) -> None:
        for price in prices:
            self.feed(price)
            await self.wait(every)

    async def enter(self, name: str = "p1", distance: str = "1%") -> Position:
        spec = DetectorSpec(name="delay", params=(("stop_distance", distance),))
        await self.daemon.desk.arm(arm_request(name, detector=spec))
        self.feed(100)
        await self.wait(SECOND)
        self.feed(100)
        await self.wait(SECOND)
        return await self.world.position(name)

    def guards(self) -> list[Position]:
        return [guard for guard in self.daemon.view.guards() if not guard.is_closed]

    def pair(self, symbol: Symbol = BTC) -> PairSeen | None:
        latest = self.net.latest
        assert latest is not None
        return next((seen for seen in latest.pairs if seen.symbol == symbol), None)

    async def found(self, kind: type[Event] | Any) -> list[Any]:
        return [event for event in await self.world.events() if isinstance(event, kind)]

    def sent(self, prefix: str) -> list[str]:
        orders = self.venue.book.orders
        ids = [taken.order.client_order_id for taken in orders]
        return [str(each) for each in ids if each.startswith(prefix)]


@asynccontextmanager
async def net_rig(
    settings: ProtectionSettings = ACT,
    *,
    store: Store | None = None,
    holdings: HoldingsPort | None = None,
    terms: Any = None,
    **changes: Any,
) -> AsyncIterator[NetRig]:
    """Yield a running daemon whose first look is over, the price at 100."""
    world, venue = await memory_world(store=store, terms=terms)
    venue.feed(BTC, Price(100))
    said: list[Observation] = []
    daemon = await world.boot(
        holdings=holdings or venue.holdings,
        lending=venue.lending,
        protection=settings,
        **changes,
    )
    daemon.bus.add_listener("test", said.append)
    await world.settle()
    rig = NetRig(world, venue, daemon, said)
    try:
        yield rig
    finally:
        await daemon.stop()
