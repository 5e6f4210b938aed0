"""Execution with one planted bug each: what people really get wrong.

Each is a real connector with one method spoiled, so that everything else about it is right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import attrs

from robson_connectors.memory import MemoryConnector
from robson_connectors.paper import PaperConnector
from robson_connectors.paper.durable import DurableVenue
from robson_domain.account import AccountSnapshot
from robson_domain.capabilities import Capabilities
from robson_domain.errors import DefinitiveVenueError, RetryableVenueError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol
from robson_domain.values import Notional, Quantity


class FillsAgainWhenAsked(MemoryConnector):
    """Takes the question for a resend."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        known = self.book.find(symbol, client_order_id)
        if known is not None and not known.plan:
            known.plan.append(known.order.quantity)
            self.book.fill_next(known, self._clock.now_ns())
        return await super().query_order(symbol, client_order_id)


class ForgetsFillsWhenAsked(PaperConnector):
    """Answers like the venues whose order query shows no executions."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        return attrs.evolve(await super().query_order(symbol, client_order_id), fills=())


class TellsOnlyTheLastFill(PaperConnector):
    """Keeps one execution per order."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        return attrs.evolve(report, fills=report.fills[-1:])


class ShortsAreLong(PaperConnector):
    """Reports quantities without their sign."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        return attrs.evolve(found, net_qty=found.net_qty.copy_abs())


class LongsAreShort(PaperConnector):
    """Turns the sign of the net quantity."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        found = await super().account(symbol)
        return attrs.evolve(found, net_qty=found.net_qty.copy_negate())


class HidesDebt(PaperConnector):
    """Does not know what is borrowed."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        return attrs.evolve(await super().account(symbol), debt_base=Quantity(0))


class CachesTheAccount(PaperConnector):
    """Saves a request."""

    _cached: AccountSnapshot | None = None

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        if self._cached is None:
            self._cached = await super().account(symbol)
        return self._cached


class CachesWithFreshTimes(CachesTheAccount):
    """Saves a request and hides it."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        now = self._clock.now_ns()
        return attrs.evolve(await super().account(symbol), ts_event=now, ts_received=now)


class _NeverWrites(DurableVenue):
    def do(self, work: Callable[[], Any]) -> Any:
        return work()


class AcknowledgesBeforeWriting(PaperConnector):
    """Writes later, which is never when the process dies."""

    def _recover(self) -> None:
        self._account = _NeverWrites(self._account.venue, self._account._ledger)
        super()._recover()


class _ForgetsFills(DurableVenue):
    def reported(self, work: Callable[[], tuple[OrderReport, ...]]) -> tuple[OrderReport, ...]:
        reports = work()
        self.venue.changes()
        return reports


class ReportsBeforeWriting(PaperConnector):
    """Writes the order, not its fills."""

    def _recover(self) -> None:
        self._account = _ForgetsFills(self._account.venue, self._account._ledger)
        super()._recover()


class SwallowsRefusals(PaperConnector):
    """Answers every order alike."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        return attrs.evolve(report, status=ReportStatus.ACCEPTED, code="")


class RaisesRefusals(PaperConnector):
    """Makes an exception of a refusal."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        if report.status is ReportStatus.REJECTED:
            raise DefinitiveVenueError(report.message, report.code)
        return report


class RoundsWhatDoesNotFit(PaperConnector):
    """Helps the caller with the step size."""

    async def submit(self, order: NewOrder) -> OrderReport:
        rules = self._market.instruments.get(order.symbol)
        if rules is not None:
            order = attrs.evolve(order, quantity=rules.round_qty_up(order.quantity.value))
        return await super().submit(order)


class BorrowsToReduce(PaperConnector):
    """Does not pass on what reduces."""

    async def submit(self, order: NewOrder) -> OrderReport:
        return await super().submit(attrs.evolve(order, reduces=False))


class ForgetsCommission(PaperConnector):
    """Does not parse the fee."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        none = Quantity(0)
        fills = tuple(attrs.evolve(f, commission=none, commission_asset="") for f in report.fills)
        return attrs.evolve(report, fills=fills)


class CommissionInTheWrongAsset(PaperConnector):
    """Says that buys pay quote when they pay base."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        return attrs.evolve(await super().account(symbol), commission_in_base=False)


class ListsTheNamedFillAgain(PaperConnector):
    """Takes *after* for *from*."""

    async def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        before = None if after is None else TradeId(str(int(after) - 1))
        return await super().fills_since(symbol, before)


class ListsFillsBackwards(PaperConnector):
    """Newest first, as some venues do."""

    async def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        return tuple(reversed(await super().fills_since(symbol, after)))


class NeverListsOrders(PaperConnector):
    """Answers with nothing instead of an error."""

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        return ()


class CancelsWhatIsDone(MemoryConnector):
    """Believes its own cancel."""

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        known = self.book.find(symbol, client_order_id)
        if known is not None:
            known.status = ReportStatus.CANCELED
        return await super().cancel(symbol, client_order_id)


class RaisesForUnknownIds(PaperConnector):
    """Passes on the venue's error text."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        if report.status is ReportStatus.NOT_FOUND:
            raise RetryableVenueError("Order does not exist.", "-2013")
        return report


class DropsEveryOtherPush(PaperConnector):
    """Loses reports in a queue of one."""

    _count = 0

    def _push(self, reports: tuple[OrderReport, ...]) -> None:
        self._count += len(reports)
        super()._push(reports[::2] if self._count % 2 else ())


class PushesWrongQuantities(PaperConnector):
    """Pushes the sum so far as if it were the execution."""

    def _push(self, reports: tuple[OrderReport, ...]) -> None:
        wrong = []
        for report in reports:
            fills = tuple(
                attrs.evolve(fill, quantity=fill.quantity + fill.quantity) for fill in report.fills
            )
            wrong.append(attrs.evolve(report, fills=fills))
        super()._push(tuple(wrong))


class ForgetsSigningTime(PaperConnector):
    """Keeps the request's timestamp to itself."""

    async def submit(self, order: NewOrder) -> OrderReport:
        return attrs.evolve(await super().submit(order), ts_signed=0)


class CutsLongIds(PaperConnector):
    """Cuts ids to the length of an older interface."""

    async def submit(self, order: NewOrder) -> OrderReport:
        cut = ClientOrderId(order.client_order_id[:30])
        return await super().submit(attrs.evolve(order, client_order_id=cut))

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        return await super().query_order(symbol, ClientOrderId(client_order_id[:30]))


class TakesShortIdsOnly(PaperConnector):
    """Has room for eight characters."""

    @property
    def capabilities(self) -> Capabilities:
        return attrs.evolve(super().capabilities, client_order_id_length_max=8)


class KeepsQuoteDebt(PaperConnector):
    """Does not repay what a long has borrowed."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        return attrs.evolve(await super().account(symbol), debt_quote=Notional(7))


class CoversNotAStepMore(PaperConnector):
    """Refuses the step that pays for the commission."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        if order.reduces and order.quantity > Quantity("0.02"):
            return attrs.evolve(report, status=ReportStatus.REJECTED, code="REDUCE_ONLY")
        return report


class ClaimsToDeduplicate(PaperConnector):
    """Believes that the venue refuses a known id."""

    @property
    def capabilities(self) -> Capabilities:
        return attrs.evolve(super().capabilities, deduplicates_client_ids=True)


class DeduplicatesSecretly(PaperConnector):
    """Answers a known id from memory."""

    async def submit(self, order: NewOrder) -> OrderReport:
        known = await self.query_order(order.symbol, order.client_order_id)
        return await super().submit(order) if known.status is ReportStatus.NOT_FOUND else known


class ForgetsWhenCanceled(PaperConnector):
    """Notes the id when the answer is there, which a canceled caller never sees."""

    _noted: frozenset[str] = frozenset()

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        await asyncio.sleep(0)
        self._noted |= {order.client_order_id}
        return report

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        asked = client_order_id if client_order_id in self._noted else ClientOrderId("unknown")
        return await super().query_order(symbol, asked)
