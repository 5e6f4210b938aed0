"""What the tests of the memory venue share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from robson_connectors.memory import (
    Fault,
    FaultKind,
    MemoryConnector,
    MemoryTerms,
)
from robson_domain.identity import ClientOrderId
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport
from robson_domain.symbols import OrderSide
from robson_domain.testing.clocks import SteppedClock
from robson_domain.values import Money, Price, Quantity
from tests.connectors.harnesses import BTC, ORIGIN, RULES


class Venue:
    """A memory venue at 100, its clock, and what it pushed."""

    def __init__(self, *faults: Fault, **terms: Any) -> None:
        self.clock = SteppedClock(ORIGIN)
        terms = {"fee_rate": Decimal(0), **terms}
        self.memory = MemoryConnector([RULES], Money(1_000), self.clock, MemoryTerms(**terms))
        self.reports: list[OrderReport] = []
        self.memory.subscribe_reports(self.reports.append)
        self.memory.feed(BTC, Price(100))
        self.memory.inject(*faults)

    async def send(
        self,
        name: str = "a",
        side: OrderSide = OrderSide.BUY,
        quantity: str = "2",
        reduces: bool = False,
    ) -> OrderReport:
        order = NewOrder(
            client_order_id=ClientOrderId(name),
            symbol=BTC,
            side=side,
            quantity=Quantity(quantity),
            reduces=reduces,
        )
        return await self.memory.submit(order)

    async def net(self) -> Decimal:
        return self.memory.book.snapshot(BTC, 0).net_qty

    async def asked(self, name: str = "a") -> OrderReport:
        return await self.memory.query_order(BTC, ClientOrderId(name))


def fault(kind: FaultKind, **fields: Any) -> Fault:
    return Fault(kind=kind, **fields)
