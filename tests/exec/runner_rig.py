"""A daemon on the memory venue whose store and orders are watched."""

from __future__ import annotations

from typing import Any, cast

import attrs

from robson_connectors.memory import MemoryConnector
from robson_domain import (
    Batch,
    ExecutionPort,
    NewOrder,
    OrderReport,
    PositionId,
    Price,
    Store,
)
from robson_exec import Daemon
from tests.exec.stores import TroubledStore
from tests.exec.world import (
    BTC,
    MS,
    World,
    memory_store,
    memory_world,
)

ONE = PositionId("p1")


class Witness:
    """A venue that notes which events were durable when an order reached it."""

    def __init__(self, venue: MemoryConnector, store: TroubledStore) -> None:
        self._venue = venue
        self._store = store
        self.orders: list[tuple[NewOrder, list[str]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    async def submit(self, order: NewOrder) -> OrderReport:
        durable = [i.client_order_id for batch in self._store.written for i in batch.intents]
        self.orders.append((order, [str(order_id) for order_id in durable]))
        return await self._venue.submit(order)


@attrs.define
class Rig:
    world: World
    venue: MemoryConnector
    store: TroubledStore
    witness: Witness
    daemon: Daemon

    async def feed(self, *prices: object, every: int = 100 * MS) -> None:
        for price in prices:
            self.venue.feed(BTC, Price(str(price)))
            await self.world.pass_time(every)

    def batches(self, kind: type) -> list[Batch]:
        return [b for b in self.store.written if any(isinstance(e, kind) for e in b.events)]


async def rig(*, inline: bool = True, skips: bool = True) -> Rig:
    store = TroubledStore(await memory_store(), inline=inline)
    world, venue = await memory_world(store=cast(Store, store), skips=skips)
    witness = Witness(venue, store)
    world.execution = cast(ExecutionPort, witness)
    return Rig(world, venue, store, witness, await world.boot())
