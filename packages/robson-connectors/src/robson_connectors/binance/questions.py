"""Questions about orders, shared by everything that asks what became of one."""

from __future__ import annotations

import attrs

from robson_connectors.binance.account import AccountReader
from robson_connectors.binance.fields import (
    Json,
    UnreadableAnswer,
    instant,
    row,
    rows,
    text,
)
from robson_connectors.binance.market_rest import MarketRest
from robson_connectors.binance.outcomes import Outcome, Remedy
from robson_connectors.binance.parse_rest import OrderState, order_state
from robson_connectors.binance.pools import LISTEN_TOKEN, ORDER, Lane
from robson_connectors.binance.rest import Answer, RestClient
from robson_connectors.binance.signing import Params
from robson_connectors.binance.trades import TradeReader
from robson_domain.errors import DefinitiveVenueError
from robson_domain.identity import ClientOrderId
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol

_ENDED = {Remedy.NOT_FOUND: ReportStatus.NOT_FOUND, Remedy.ARCHIVED: ReportStatus.CANCELED}


@attrs.frozen(kw_only=True)
class Readers:
    """What execution asks, shared with holdings and market data."""

    market: MarketRest
    account: AccountReader
    trades: TradeReader


@attrs.frozen(kw_only=True)
class ListenToken:
    """Opens a pair's user stream.

    Attributes:
        expires_at: UTC ns, venue clock.
    """

    token: str = attrs.field(repr=False)
    expires_at: int


def about(symbol: Symbol, which: tuple[str, str]) -> Params:
    """Return the parameters that point at one order of the isolated account."""
    return (("symbol", symbol), ("isIsolated", "TRUE"), which)


def _one_of(content: Json, client_order_id: ClientOrderId) -> Json:
    """Return the order meant: ending one of a list (OCO) ends all, and all are told."""
    if not isinstance(content, dict) or "orderReports" not in content:
        return content
    for each in rows(content["orderReports"]):
        if each.get("origClientOrderId") == client_order_id:
            return each
    raise UnreadableAnswer("the list does not have the order")


class OrderQuestions:
    """Asks, and takes note of which order has which id."""

    def __init__(self, rest: RestClient, readers: Readers) -> None:
        self._rest = rest
        self._account = readers.account
        self._trades = readers.trades

    async def order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Return how the order stands, with its executions.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        which = ("origClientOrderId", client_order_id)
        answer = await self._rest.ask(ORDER, about(symbol, which), lane=Lane.ORDER)
        said = answer.ruling
        if said.outcome is Outcome.DONE:
            state = self.understood(answer, symbol, client_order_id)
            report = state.report(answer.ts_event, answer.ts_received)
            return await self.with_fills(state, report)
        if said.remedy not in _ENDED:
            raise DefinitiveVenueError(f"{said.message} (code {said.code})", said.code)
        return OrderReport(
            client_order_id=client_order_id,
            symbol=symbol,
            status=_ENDED[said.remedy],
            ts_event=answer.ts_event,
            ts_received=answer.ts_received,
            code=said.code,
            message=said.message,
        )

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Return the orders working on the pair, whoever sent them, oldest first.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        asked_at = self._rest.time.now()
        found = await self._account.open_orders(symbol, Lane.READ)
        states = [order_state(each, symbol) for each in found]
        for state in states:
            self._trades.learn(symbol, state.venue_order_id, state.client_order_id)
        now = self._account.now_ns()
        return tuple(state.report(asked_at, now) for state in states)

    async def with_fills(self, state: OrderState, report: OrderReport) -> OrderReport:
        """Return ``report`` with the order's executions, which only another question tells.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        if not state.filled_qty:
            return report
        fills = await self._trades.of_order(state.symbol, state.venue_order_id, Lane.ORDER)
        return attrs.evolve(report, fills=fills)

    def understood(
        self, answer: Answer, symbol: Symbol, client_order_id: ClientOrderId
    ) -> OrderState:
        """Return the order in ``answer``, which must be the one with this id.

        Raises:
            UnreadableAnswer: When it is another, or none.
        """
        state = order_state(_one_of(answer.content, client_order_id), symbol)
        if state.client_order_id != client_order_id:
            raise UnreadableAnswer("it is about another order")
        self._trades.learn(symbol, state.venue_order_id, client_order_id)
        return state

    async def listen_token(self, symbol: Symbol) -> ListenToken:
        """Return a token that opens the pair's user stream.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        # An unsigned form: the venue takes the key alone here.
        params = (("isIsolated", "true"), ("symbol", symbol))
        content = row(await self._rest.keyed("POST", LISTEN_TOKEN, params))
        expires = instant(content, "expirationTime")
        return ListenToken(token=text(content, "token"), expires_at=expires)
