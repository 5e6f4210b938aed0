"""Connectors with one planted bug each: what people really get wrong.

Each is a real connector with one method spoiled, so that everything else about it is right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from robson_connectors.memory import MemoryConnector
from robson_connectors.paper import PaperConnector
from robson_domain.account import AccountSnapshot
from robson_domain.capabilities import Capabilities
from robson_domain.errors import DefinitiveVenueError, RetryableVenueError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, PriceOrigin, TradeTick
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


class AcknowledgesBeforeWriting(PaperConnector):
    """Writes later, which is never when the process dies."""

    def _durably(self, work: Callable[[], Any]) -> Any:
        return work()


class ReportsBeforeWriting(PaperConnector):
    """Writes the order, not its fills."""

    def _reported(self, work: Callable[[], tuple[OrderReport, ...]]) -> tuple[OrderReport, ...]:
        reports = work()
        self._venue.changes()
        return reports


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


# ----------------------------------------------------------------------------- market data


class BackfillsUnordered(PaperConnector):
    """Returns pages as they come."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        found = await super().trades_since(symbol, after_trade_id)
        return (*found[len(found) // 2 :], *found[: len(found) // 2])


class BackfillsTwice(PaperConnector):
    """Repeats the last trade of a page as the first of the next."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        found = await super().trades_since(symbol, after_trade_id)
        return (*found[:3], *found[2:])


class BackfillsFromTheMark(PaperConnector):
    """Takes *after* for *from*."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        return await super().trades_since(symbol, after_trade_id - 1)


class BackfillsOnePage(PaperConnector):
    """Fetches one page and calls it all."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        return (await super().trades_since(symbol, after_trade_id))[:4]


class BackfillsAsLive(PaperConnector):
    """Lets fetched trades pass for live ones."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        found = await super().trades_since(symbol, after_trade_id)
        return tuple(tick._replace(origin=PriceOrigin.LIVE) for tick in found)


class ShowsTheFormingBar(PaperConnector):
    """Counts the bar that is not over as the last one, as most venues do."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        found = await super().bars(symbol, interval, count)
        forming = tuple(attrs.evolve(bar, ts_open=bar.ts_close) for bar in found[-1:])
        return (*found[1:], *forming)


class BarsNewestFirst(PaperConnector):
    """Newest first."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        return tuple(reversed(await super().bars(symbol, interval, count)))


class BarsMixUpHighAndLow(PaperConnector):
    """Reads open, low, high, close."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        found = await super().bars(symbol, interval, count)
        return tuple(attrs.evolve(bar, high=bar.low, low=bar.high) for bar in found)


class BarsWithoutVolume(PaperConnector):
    """Counts trades instead of what was traded."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        found = await super().bars(symbol, interval, count)
        return tuple(attrs.evolve(bar, volume=Quantity(Decimal(5))) for bar in found)


class NeverSaysItIsUp(PaperConnector):
    """Does not tell about its link."""

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        super().subscribe(symbol, sink, lambda *_: None)


class KeepsTheFirstSubscriber(PaperConnector):
    """Adds a subscriber instead of replacing it."""

    _first: Any = None

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        first, self._first = self._first, self._first or sink

        def both(tick: TradeTick) -> None:
            if first is not None:
                first(tick)
            sink(tick)

        super().subscribe(symbol, both, link)


class IgnoresUnsubscribing(PaperConnector):
    """Unsubscribes at the venue and goes on delivering what still comes."""

    def unsubscribe(self, symbol: Symbol) -> None:
        return None


class RepeatsTrades(PaperConnector):
    """Delivers from two connections at once."""

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        def twice(tick: TradeTick) -> None:
            sink(tick)
            sink(tick)

        super().subscribe(symbol, twice, link)


class InventsPairs(PaperConnector):
    """Returns rules for whatever it is asked."""

    async def instrument(self, symbol: Symbol) -> Instrument:
        known = next(iter(self._market.instruments.values()))
        return attrs.evolve(known, symbol=symbol)


class ClosesOnce(PaperConnector):
    """Fails when it is closed again."""

    _over = False

    async def close(self) -> None:
        if self._over:
            raise RetryableVenueError("already closed")
        self._over = True
        await super().close()


class GoesOnAfterClosing(PaperConnector):
    """Leaves its task running."""

    async def close(self) -> None:
        return None


class MixesUpPairs(PaperConnector):
    """Answers with the rules of another pair."""

    async def instrument(self, symbol: Symbol) -> Instrument:
        await super().instrument(symbol)
        return await super().instrument(Symbol("ETHUSDT"))


class ChangesItsMind(PaperConnector):
    """Finds out what it can do as it goes."""

    _looks = 0

    @property
    def capabilities(self) -> Capabilities:
        self._looks += 1
        return attrs.evolve(super().capabilities, can_short=self._looks % 2 == 0)


class GivesEveryBar(PaperConnector):
    """Ignores how many are wanted."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        return await super().bars(symbol, interval, count + 2)


class HidesThatItCannotBackfill(PaperConnector):
    """Answers with nothing."""

    @property
    def capabilities(self) -> Capabilities:
        return attrs.evolve(super().capabilities, has_backfill=False)

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        return ()


class HidesItsHistory(PaperConnector):
    """Has bars and denies it."""

    @property
    def capabilities(self) -> Capabilities:
        return attrs.evolve(super().capabilities, has_history=False)
