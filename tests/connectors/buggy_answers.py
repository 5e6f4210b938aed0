"""Answers that are lost, late or refused, with one planted bug each: a caller led astray.

Each is a real connector with one method spoiled, so that everything else about it is right.
"""

from __future__ import annotations

import attrs

from robson_connectors.memory import MemoryConnector
from robson_connectors.paper import PaperConnector
from robson_domain.account import AccountSnapshot
from robson_domain.errors import DefinitiveVenueError, InDoubtError, RetryableVenueError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Quantity
from tests.connectors.harnesses import CANARY

Fills = tuple[tuple[ClientOrderId, Fill], ...]


class SendsAgainInDoubt(MemoryConnector):
    """Takes a lost answer for a lost order."""

    async def submit(self, order: NewOrder) -> OrderReport:
        try:
            return await super().submit(order)
        except InDoubtError:
            return await super().submit(order)


class SendsAgainAndSaysNothing(MemoryConnector):
    """Sends again, and passes the doubt on all the same."""

    async def submit(self, order: NewOrder) -> OrderReport:
        try:
            return await super().submit(order)
        except InDoubtError:
            await super().submit(order)
            raise


class DoubtIsARefusal(MemoryConnector):
    """Takes 5xx for a refusal."""

    async def submit(self, order: NewOrder) -> OrderReport:
        try:
            return await super().submit(order)
        except InDoubtError as error:
            return self._refused(order, error.code, error.message)


class DoubtIsRetryable(MemoryConnector):
    """Takes a time-out for nothing sent: its caller sends again."""

    async def submit(self, order: NewOrder) -> OrderReport:
        try:
            return await super().submit(order)
        except InDoubtError as error:
            raise RetryableVenueError(error.message, error.code) from error


class DoubtIsAccepted(MemoryConnector):
    """Believes that what was sent has arrived."""

    async def submit(self, order: NewOrder) -> OrderReport:
        try:
            return await super().submit(order)
        except InDoubtError:
            said = self._unknown(order.symbol, order.client_order_id)
            return attrs.evolve(said, status=ReportStatus.ACCEPTED, ts_signed=said.ts_event)


class CancelsInDoubtAreDone(MemoryConnector):
    """Believes that what was to be canceled is."""

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        try:
            return await super().cancel(symbol, client_order_id)
        except InDoubtError:
            said = self._unknown(symbol, client_order_id)
            return attrs.evolve(said, status=ReportStatus.CANCELED)


class SendsAgainWhenTurnedAway(MemoryConnector):
    """Has a patience of its own with rate limits: the order goes out when nobody waits for it."""

    async def submit(self, order: NewOrder) -> OrderReport:
        try:
            return await super().submit(order)
        except RetryableVenueError:
            await super().submit(order)
            raise


class TurnedAwayIsRefused(MemoryConnector):
    """Takes a rate limit for the venue's no."""

    async def submit(self, order: NewOrder) -> OrderReport:
        try:
            return await super().submit(order)
        except RetryableVenueError as error:
            return self._refused(order, "429", error.message)


class NoAnswerIsNotFound(MemoryConnector):
    """Takes silence for a no: the exit goes out a second time."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        try:
            return await super().query_order(symbol, client_order_id)
        except RetryableVenueError:
            return self._unknown(symbol, client_order_id)


class NoAnswerIsNoOrders(MemoryConnector):
    """Answers with nothing when the venue does not answer."""

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        try:
            return await super().open_orders(symbol)
        except RetryableVenueError:
            return ()


class NoAnswerIsNoFills(MemoryConnector):
    """Loses what was executed when the venue does not answer."""

    async def fills_since(self, symbol: Symbol, after: TradeId | None) -> Fills:
        try:
            return await super().fills_since(symbol, after)
        except RetryableVenueError:
            return ()


class NoAnswerIsAnEmptyAccount(MemoryConnector):
    """A failed fetch is an account without anything: the position is taken for closed."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        try:
            return await super().account(symbol)
        except RetryableVenueError:
            now = self._clock.now_ns()
            return AccountSnapshot(symbol=symbol, ts_event=now, ts_received=now)


class NoAnswerIsDefinitive(MemoryConnector):
    """Passes a time-out for the venue's last word."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        try:
            return await super().account(symbol)
        except RetryableVenueError as error:
            raise DefinitiveVenueError(error.message, error.code) from None


class FindsByTheBeginning(PaperConnector):
    """Looks for ids as the search field of a web page does."""

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        known = await self.fills_since(symbol, None)
        meant = [each for each, _ in known if each.startswith(client_order_id)]
        return await super().query_order(symbol, meant[-1] if meant else client_order_id)


class AnswersForTheLastOrder(PaperConnector):
    """Keeps one order in mind."""

    _last: ClientOrderId | None = None

    async def submit(self, order: NewOrder) -> OrderReport:
        self._last = order.client_order_id
        return await super().submit(order)

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, self._last or client_order_id)
        return attrs.evolve(report, client_order_id=client_order_id)


class RemembersThatNothingWasThere(PaperConnector):
    """Saves the question for an id that was not found once."""

    _absent: dict[ClientOrderId, OrderReport]

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        absent = self.__dict__.setdefault("_absent", {})
        if client_order_id in absent:
            return absent[client_order_id]  # type: ignore[no-any-return]
        report = await super().query_order(symbol, client_order_id)
        if report.status is ReportStatus.NOT_FOUND:
            absent[client_order_id] = report
        return report


class CancelsWhatIsNotThere(PaperConnector):
    """Says canceled to whatever it is asked to cancel."""

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().cancel(symbol, client_order_id)
        if report.status is ReportStatus.NOT_FOUND:
            return attrs.evolve(report, status=ReportStatus.CANCELED)
        return report


class NotShownIsNeverThere(MemoryConnector):
    """Remembers for ever that an order which it sent was not found."""

    _sent: frozenset[str] = frozenset()
    _dead: frozenset[str] = frozenset()

    async def submit(self, order: NewOrder) -> OrderReport:
        self._sent |= {order.client_order_id}
        return await super().submit(order)

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        report = await super().query_order(symbol, client_order_id)
        if report.status is ReportStatus.NOT_FOUND and client_order_id in self._sent:
            self._dead |= {client_order_id}
        dead = client_order_id in self._dead
        return self._unknown(symbol, client_order_id) if dead else report


class PrintsItsKey(MemoryConnector):
    """Shows everything it has in its representation."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key={CANARY!r})"


class RaisesItsKey(MemoryConnector):
    """Puts the address of a request, signature and all, into its errors."""

    async def submit(self, order: NewOrder) -> OrderReport:
        try:
            return await super().submit(order)
        except InDoubtError as error:
            raise InDoubtError(f"POST /order?key={CANARY}: {error.message}") from None


class RaisesItsKeyBehind(MemoryConnector):
    """Keeps the message clean and the cause of it not."""

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        try:
            return await super().account(symbol)
        except RetryableVenueError as error:
            raise RetryableVenueError(error.message) from ValueError(f"key={CANARY}")


class AnswersFilledAtOnce(PaperConnector):
    """Takes an acknowledgement for an execution."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        if report.status is ReportStatus.ACCEPTED:
            return attrs.evolve(report, status=ReportStatus.FILLED, filled_qty=order.quantity)
        return report


class AnswersWithEverythingTwice(MemoryConnector):
    """Adds the executions of the answer to those that it fetched."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        twice = Quantity(report.filled_qty.value * 2)
        return attrs.evolve(report, fills=report.fills * 2, filled_qty=twice)


class CoversTooMuch(MemoryConnector):
    """Checks what reduces on one side only."""

    async def submit(self, order: NewOrder) -> OrderReport:
        reduces = order.reduces and order.side is OrderSide.SELL
        return await super().submit(attrs.evolve(order, reduces=reduces))


class TakesWhateverSize(MemoryConnector):
    """Believes that somebody else looks at the collateral."""

    async def submit(self, order: NewOrder) -> OrderReport:
        report = await super().submit(order)
        if report.code == "INSUFFICIENT_MARGIN":
            return self._taken(order, 1, push=False)
        return report
