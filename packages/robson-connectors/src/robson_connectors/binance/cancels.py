"""Ending an order, wherever it is: still waiting here, on its way, or working at the venue."""

from __future__ import annotations

from typing import Final

from robson_connectors.binance.account import AccountReader
from robson_connectors.binance.fields import UnreadableAnswer
from robson_connectors.binance.outcomes import Call, Outcome
from robson_connectors.binance.pools import ORDER, Lane
from robson_connectors.binance.questions import OrderQuestions, about
from robson_connectors.binance.rest import RestClient
from robson_connectors.binance.sends import Sends
from robson_connectors.binance.server_time import ServerTime
from robson_domain.errors import InDoubtError, RetryableVenueError, VenueError
from robson_domain.identity import ClientOrderId
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol

WITHDRAWN: Final = "WITHDRAWN"
"""Code of an order that was canceled before it left this machine."""
_GONE: Final = ("-2011", "-2013")


def withdrawn(symbol: Symbol, client_order_id: ClientOrderId, time: ServerTime) -> OrderReport:
    """Return what is true of an order that was canceled before it was sent."""
    now = time.now()
    return OrderReport(
        client_order_id=client_order_id,
        symbol=symbol,
        status=ReportStatus.CANCELED,
        ts_event=now,
        ts_received=time.ours(now),
        code=WITHDRAWN,
        message="canceled before it was sent",
    )


class Cancels:
    """Cancels orders of one account, anybody's."""

    def __init__(
        self, rest: RestClient, account: AccountReader, ask: OrderQuestions, sends: Sends
    ) -> None:
        self._rest = rest
        self._account = account
        self._ask = ask
        self._sends = sends

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """End what still works of an order; one that has ended is told as it ended.

        Raises:
            InDoubtError: It may have been canceled.
            RetryableVenueError: Nothing happened.
        """
        if self._sends.withdraw(symbol, client_order_id):
            return withdrawn(symbol, client_order_id, self._rest.time)
        # Looked up first: a send that ends while we ask was on its way all the same.
        on_its_way = self._sends.on_its_way(symbol, client_order_id)
        found = await self._sent(symbol, client_order_id)
        if found is None and on_its_way is not None:
            # The venue did not know it yet; what of it arrives now is not to stay.
            await on_its_way
            found = await self._sent(symbol, client_order_id)
        # It has ended already, or never was: the question tells which.
        return found or await self._ask.order(symbol, client_order_id)

    async def _sent(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport | None:
        """Cancel at the venue; None when no such order works there."""
        params = about(symbol, ("origClientOrderId", client_order_id))
        self._account.changed(symbol)
        try:
            answer = await self._rest.send(
                "DELETE", ORDER, params, call=Call.CANCEL, lane=Lane.EXIT
            )
        except InDoubtError as error:
            if error.code not in _GONE:
                raise
            return None
        finally:
            self._account.changed(symbol)
        said = answer.ruling
        if said.outcome is Outcome.REJECTED:
            raise RetryableVenueError(f"{said.message} (code {said.code})", said.code)
        try:
            state = self._ask.understood(answer, symbol, client_order_id)
        except UnreadableAnswer as error:
            raise InDoubtError(error.message, error.code) from None
        report = state.report(answer.ts_event, answer.ts_received)
        try:
            return await self._ask.with_fills(state, report)
        except VenueError:
            # Canceled is what counts; the report says how much was filled before.
            return report
