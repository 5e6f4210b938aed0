"""What the tests of the paper venue share."""

from __future__ import annotations

from typing import Any

from robson_connectors.paper import PaperConnector
from robson_domain.identity import ClientOrderId
from robson_domain.market import TradeTick
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Quantity
from tests.connectors.harnesses import BTC


def an_order(name: str = "a", quantity: str = "0.02", side: OrderSide = OrderSide.BUY) -> NewOrder:
    return NewOrder(
        client_order_id=ClientOrderId(name),
        symbol=BTC,
        side=side,
        quantity=Quantity(quantity),
        reduces=False,
    )


class Seen:
    """Everything a user of the connector is told, in order."""

    def __init__(self, paper: PaperConnector, symbol: Symbol = BTC) -> None:
        self.all: list[Any] = []
        paper.subscribe_reports(self.all.append)
        paper.subscribe(symbol, self.all.append, lambda s, up: self.all.append((s, up)))

    @property
    def reports(self) -> list[OrderReport]:
        return [each for each in self.all if isinstance(each, OrderReport)]

    @property
    def ticks(self) -> list[TradeTick]:
        return [each for each in self.all if isinstance(each, TradeTick)]

    @property
    def links(self) -> list[bool]:
        return [each[1] for each in self.all if not isinstance(each, OrderReport | TradeTick)]
