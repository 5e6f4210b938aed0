"""Parts, pushes, pairs, people and debt with one planted bug each.

Each is a real connector with one method spoiled, so that everything else about it is right.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson_connectors.memory import MemoryConnector
from robson_connectors.paper import PaperConnector
from robson_domain.account import AccountSnapshot
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill, LiquiditySide
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol
from robson_domain.values import Notional, Price, Quantity

Fills = tuple[tuple[ClientOrderId, Fill], ...]
MILLION = 1_000_000


def _changed(report: OrderReport, **changes: Any) -> OrderReport:
    fills = tuple(attrs.evolve(fill, **changes) for fill in report.fills)
    return attrs.evolve(report, fills=fills)


class StampsOnce(PaperConnector):
    """Makes the stamp with the connection and not with the request."""

    _stamp = 0

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        self._stamp = self._stamp or report.ts_signed
        return attrs.evolve(report, ts_signed=self._stamp)


class StampsAhead(PaperConnector):
    """Adds the receive window to the stamp."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        return attrs.evolve(report, ts_signed=report.ts_signed + 5_000 * MILLION)


class FillTimesInMilliseconds(PaperConnector):
    """Passes the venue's milliseconds on as they are."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        fills = tuple(attrs.evolve(f, ts_event=f.ts_event // MILLION) for f in report.fills)
        return attrs.evolve(report, fills=fills)


class AccountTimesInMicroseconds(MemoryConnector):
    """Takes milliseconds for microseconds."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        return attrs.evolve(found, ts_event=found.ts_event // 1_000)


class ReadsCommissionAsFloat(PaperConnector):
    """Lets its JSON parser make floats of numbers."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        fills = tuple(
            attrs.evolve(f, commission=Quantity(Decimal(f"{float(f.commission.value):.30f}")))
            for f in report.fills
        )
        return attrs.evolve(report, fills=fills)


class ReadsPricesAsFloat(MemoryConnector):
    """Lets its JSON parser make floats of prices."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        return _changed(report, price=Price(f"{60_000.1:.20f}"))


class TellsValuesForPrices(MemoryConnector):
    """Reads the value of an execution where its price is meant."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        fills = tuple(attrs.evolve(f, price=Price(f.notional.value)) for f in report.fills)
        return attrs.evolve(report, fills=fills)


class PartsAreTheWhole(MemoryConnector):
    """Knows working and filled, and nothing between."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        if report.status is ReportStatus.PARTIALLY_FILLED:
            return attrs.evolve(report, status=ReportStatus.FILLED)
        return report


class PartsAreNothing(MemoryConnector):
    """Counts executions when the order is done."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        if report.status is ReportStatus.FILLED:
            return report
        return attrs.evolve(report, fills=(), filled_qty=Quantity(0))


class CanceledIsNothingFilled(PaperConnector):
    """Believes that a canceled order has not executed anything."""

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().cancel(symbol, client_order_id)
        if report.status is ReportStatus.CANCELED:
            return attrs.evolve(report, fills=(), filled_qty=Quantity(0))
        return report


class PushesDifferences(MemoryConnector):
    """Computes an execution from two sums, in whatever order they come."""

    _sums: dict[str, Decimal]

    def subscribe_reports(self, sink: Any) -> None:
        sums: dict[str, Decimal] = {}

        def differing(report: OrderReport) -> None:
            before = sums.get(report.client_order_id, Decimal(0))
            sums[report.client_order_id] = report.filled_qty.value
            last = abs(report.filled_qty.value - before) or report.filled_qty.value
            sink(_changed(report, quantity=Quantity(last)))

        super().subscribe_reports(differing)


class NumbersRepeatedReports(MemoryConnector):
    """Gives an execution that is told again another id."""

    def subscribe_reports(self, sink: Any) -> None:
        seen: set[str] = set()

        def numbered(report: OrderReport) -> None:
            fills = []
            for fill in report.fills:
                told = f"{fill.trade_id}r" if fill.trade_id in seen else fill.trade_id
                fills.append(attrs.evolve(fill, trade_id=TradeId(told)))
                seen.add(fill.trade_id)
            sink(attrs.evolve(report, fills=tuple(fills)))

        super().subscribe_reports(numbered)


class LosesFillsWhileCut(MemoryConnector):
    """Answers from what its stream has told it."""

    _heard: frozenset[str] = frozenset()

    def _fill(self, order: Any, *, push: bool) -> None:
        super()._fill(order, push=push)
        if not self._down:
            self._heard |= {order.fills[-1].trade_id}

    async def fills_since(self, symbol: Symbol, after: TradeId | None) -> Fills:
        found = await super().fills_since(symbol, after)
        return tuple(each for each in found if each[1].trade_id in self._heard)


class RepeatsFillsAfterACut(MemoryConnector):
    """Adds what it fetches after a cut to what it had."""

    _was_cut = False

    def set_link(self, symbol: Symbol, up: bool) -> None:
        self._was_cut = True
        super().set_link(symbol, up)

    async def fills_since(self, symbol: Symbol, after: TradeId | None) -> Fills:
        found = await super().fills_since(symbol, after)
        return (*found, *found[-1:]) if self._was_cut else found


class ShowsOnlyItsOwnOrders(MemoryConnector):
    """Hides what the person left resting."""

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        found = await super().open_orders(symbol)
        return tuple(each for each in found if each.client_order_id.startswith("robson"))


class CountsOnlyItsOwnOrders(MemoryConnector):
    """Takes a pair for free on which the person has an order."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        return attrs.evolve(found, open_orders=len(self.book.working(symbol)))


class ListsWhatWasCanceled(MemoryConnector):
    """Keeps its list of orders until somebody asks for another."""

    _orders: tuple[OrderReport, ...] = ()

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        self._orders = await super().open_orders(symbol) or self._orders
        return self._orders


class ListsOnlyItsOwnFills(MemoryConnector):
    """Does not know that the person trades here too."""

    async def fills_since(self, symbol: Symbol, after: TradeId | None) -> Fills:
        found = await super().fills_since(symbol, after)
        return tuple(each for each in found if each[0].startswith("robson"))


class TakesEveryFillForItsOwn(MemoryConnector):
    """Gives the person's executions the id of its last order."""

    async def fills_since(self, symbol: Symbol, after: TradeId | None) -> Fills:
        found = await super().fills_since(symbol, None)
        own = [each for each, _ in found if each.startswith("robson")]
        mark = 0 if after is None else int(after)
        later = [fill for _, fill in found if int(fill.trade_id) > mark]
        return tuple((own[-1], fill) for fill in later)


class EverythingIsOnePair(PaperConnector):
    """Lists the executions of every pair with those of each."""

    async def fills_since(self, symbol: Symbol, after: TradeId | None) -> Fills:
        every = [await PaperConnector.fills_since(self, s, after) for s in self._market.instruments]
        return tuple(each for found in every for each in found)


class SendsToTheFirstPair(MemoryConnector):
    """Was written for one pair."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(next(iter(self._pairs)))
        return attrs.evolve(found, symbol=symbol)


class HidesBorrowedMoney(PaperConnector):
    """Knows the debt of shorts alone."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        return attrs.evolve(await super().account(symbol), debt_quote=Notional(0))


class OwesForEver(PaperConnector):
    """Sells what was bought on credit and does not pay back."""

    _most = Notional(0)

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        self._most = max(self._most, found.debt_quote)
        return attrs.evolve(found, debt_quote=self._most)


class CollateralInBase(PaperConnector):
    """Values the account in the wrong asset."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        return attrs.evolve(found, collateral=Notional(found.collateral.value / 60_000))


class CollateralIsWhatIsBought(PaperConnector):
    """Backs positions with positions."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        more = Notional(found.net_qty * 600_000)
        return attrs.evolve(found, collateral=found.collateral + more)


class AnnouncesPercent(MemoryConnector):
    """Announces a rate in per cent."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        return attrs.evolve(found, taker_fee_rate=found.taker_fee_rate * 100)


class CommissionOfTheQuantity(MemoryConnector):
    """Computes a commission in quote from the quantity."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        fills = tuple(
            attrs.evolve(f, commission=Quantity(f.quantity.value * Decimal("0.0004")))
            for f in report.fills
        )
        return attrs.evolve(report, fills=fills)


class EveryoneMakes(MemoryConnector):
    """Reads the side of liquidity the wrong way round."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        return _changed(report, liquidity=LiquiditySide.MAKER)


class ListsOnlyWhatItSaw(PaperConnector):
    """Lists executions from its own memory, which ends with the process."""

    _seen: frozenset[ClientOrderId] = frozenset()

    async def submit(self, order: NewOrder) -> OrderReport:
        self._seen |= {order.client_order_id}
        return await super().submit(order)

    async def fills_since(self, symbol: Symbol, after: TradeId | None) -> Fills:
        found = await super().fills_since(symbol, after)
        return tuple(each for each in found if each[0] in self._seen)


class NamesOnlyWhatItSent(PaperConnector):
    """Knows whose an execution is from its own memory, which ends with the process."""

    _sent: frozenset[ClientOrderId] = frozenset()

    async def submit(self, order: NewOrder) -> OrderReport:
        self._sent |= {order.client_order_id}
        return await super().submit(order)

    async def fills_since(self, symbol: Symbol, after: TradeId | None) -> Fills:
        found = await super().fills_since(symbol, after)
        nobody = ClientOrderId("")
        return tuple((each if each in self._sent else nobody, fill) for each, fill in found)


class PushesAfterTheEnd(MemoryConnector):
    """Leaves its subscribers subscribed."""

    async def close(self) -> None:
        self._trade_sinks.clear()


class LendsNothing(PaperConnector):
    """Does not ask what can be borrowed."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        return attrs.evolve(found, borrowable_base=Quantity(0), borrowable_quote=Notional(0))


class ForgetsQuoteCommission(MemoryConnector):
    """Computes debt from prices and quantities, and leaves out what they cost."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        fees = [f.commission.value for o in self.book.orders for f in o.fills]
        less = max(Decimal(0), found.debt_quote.value - sum(fees))
        return attrs.evolve(found, debt_quote=Notional(less))
