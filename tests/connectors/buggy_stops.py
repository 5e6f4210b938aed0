"""Resting stops with one planted bug each, as a venue in memory."""

from __future__ import annotations

import attrs

from robson_connectors.memory import MemoryConnector
from robson_domain.account import AccountSnapshot
from robson_domain.identity import ClientOrderId
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Quantity


class ExecutesStopsAtOnce(MemoryConnector):
    """Does not read the stop price."""

    async def submit(self, order: NewOrder) -> OrderReport:
        return await super().submit(attrs.evolve(order, stop_price=None))


class NeverListsStops(MemoryConnector):
    """Lists what it could execute now."""

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        resting = {each.client_order_id for each in self.book.resting(symbol)}
        found = await super().open_orders(symbol)
        return tuple(each for each in found if each.client_order_id not in resting)


class ForgetsTheVenuesName(MemoryConnector):
    """Keeps the venue's id of a stop to itself when it answers the send."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        return report if order.stop_price is None else attrs.evolve(report, venue_order_id="")


class ExecutesUnderAnotherId(MemoryConnector):
    """Names the executions of a stop as the venue's own order."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        known = self.book.find(symbol, client_order_id)
        is_stop = known is not None and known.order.stop_price is not None
        return attrs.evolve(report, fills=()) if is_stop else report


class KeepsWhatWasCanceled(MemoryConnector):
    """Says that a stop is canceled and lets it wait."""

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        known = self.book.find(symbol, client_order_id)
        if known is None or not known.is_resting:
            return await super().cancel(symbol, client_order_id)
        now = self._clock.now_ns()
        return attrs.evolve(known.report(now), status=ReportStatus.CANCELED)


class HoldsWhatWasCanceled(MemoryConnector):
    """Does not give back what a canceled stop has locked."""

    _canceled = False

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        self._canceled = True
        return await super().cancel(symbol, client_order_id)

    async def submit(self, order: NewOrder) -> OrderReport:
        if order.reduces and self._canceled:
            order = attrs.evolve(order, quantity=order.quantity + order.quantity)
        return await super().submit(order)


class StopsOpen(MemoryConnector):
    """Takes what it is given: as much as there is, and more."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        if order.stop_price is not None and report.status is ReportStatus.REJECTED:
            return attrs.evolve(self._taken(order, 1, push=False), ts_signed=1)
        return report


class ReachedStopsRest(MemoryConnector):
    """Lets a stop that is reached wait for the next time."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        if report.code == "TRIGGERED":
            return attrs.evolve(report, code="-2010")
        return report


class CancelsExecutedStops(MemoryConnector):
    """Believes its own cancel of a stop."""

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().cancel(symbol, client_order_id)
        known = self.book.find(symbol, client_order_id)
        if known is None or known.order.stop_price is None:
            return report
        none = Quantity(0)
        return attrs.evolve(report, status=ReportStatus.CANCELED, filled_qty=none, fills=())


class StopsOfShortsFall(MemoryConnector):
    """Waits for a fall whichever side it is on."""

    async def submit(self, order: NewOrder) -> OrderReport:
        if order.stop_price is not None and order.side is OrderSide.BUY:
            below = order.stop_price.value / 2
            order = attrs.evolve(order, stop_price=type(order.stop_price)(below))
        return await super().submit(order)


class RoundsStopPrices(MemoryConnector):
    """Sends stop prices in whole units of quote, as its web page shows them."""

    async def submit(self, order: NewOrder) -> OrderReport:
        if order.stop_price is not None:
            above = int(order.stop_price.value) + 1
            order = attrs.evolve(order, stop_price=type(order.stop_price)(above))
        return await super().submit(order)


class KeepsExecutedStopsToItself(MemoryConnector):
    """Pushes executions of orders at market alone."""

    def _push(self, report: OrderReport) -> None:
        known = self.book.find(report.symbol, report.client_order_id)
        if known is not None and known.order.stop_price is None:
            super()._push(report)


class DeniesThatItReserves(MemoryConnector):
    """Does not know that a resting sale keeps what it sells: the exit beside it is refused."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        return attrs.evolve(await super().account(symbol), reserves=False)
