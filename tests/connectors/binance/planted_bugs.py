"""The connector with one planted bug each: what has really gone wrong with this venue.

A bug spoils one place of the assembled connector, so that everything else about it is right.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest

from robson_connectors.binance import execution, outcomes, questions, rest, signing, trades
from robson_connectors.binance.account import AccountReader
from robson_connectors.binance.execution import BinanceExecution
from robson_connectors.binance.orders import AUTO_REPAY, MARGIN_BUY, NO_SIDE_EFFECT
from robson_connectors.binance.parse_rest import account_trades
from robson_connectors.binance.parse_user import UserParser
from robson_connectors.binance.pools import MY_TRADES
from robson_connectors.binance.server_time import ServerTime
from robson_connectors.binance.trades import TradeReader
from robson_connectors.binance.user_stream import UserStreams
from robson_domain.account import AccountSnapshot
from robson_domain.errors import InDoubtError, VenueError
from robson_domain.identity import ClientOrderId
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Quantity

Patch = pytest.MonkeyPatch
Bug = Callable[[Patch], None]

PAGE: Final = 2
"""Fills on a page in these tests: a real one holds a thousand."""


def forgets_the_isolated_account(patch: Patch) -> None:
    """Every request leaves ``isIsolated`` out: the venue then takes the cross account."""

    def without(params: signing.Params, keys: signing.ApiKeys) -> str:
        return signing.signed([each for each in params if each[0] != "isIsolated"], keys)

    patch.setattr(rest, "signed", without)


def exits_borrow(patch: Patch) -> None:
    """One side effect for every order."""
    patch.setattr(execution, "exit_effect", lambda *_: MARGIN_BUY)


def exits_of_longs_leave_the_debt(patch: Patch) -> None:
    """Repays shorts and forgets that longs are bought with borrowed money too."""

    def effect(order: Any, _: Any) -> str:
        return NO_SIDE_EFFECT if order.side is OrderSide.SELL else AUTO_REPAY

    patch.setattr(execution, "exit_effect", effect)


def exits_of_shorts_leave_the_debt(patch: Patch) -> None:
    """Buys back and does not pay back."""
    patch.setattr(execution, "exit_effect", lambda *_: NO_SIDE_EFFECT)


def sends_again(patch: Patch) -> None:
    """Takes a lost answer for a lost order."""
    right = BinanceExecution._send

    async def send(self: BinanceExecution, *args: Any) -> Any:
        try:
            return await right(self, *args)
        except InDoubtError:
            return await right(self, *args)

    patch.setattr(BinanceExecution, "_send", send)


def a_server_error_is_a_refusal(patch: Patch) -> None:
    """Takes 5xx for an error of the order, as of any web service."""
    right = outcomes._by_status

    def by_status(call: Any, status: int, *args: Any) -> outcomes.Ruling:
        found = right(call, status, *args)
        return attrs.evolve(found, outcome=outcomes.Outcome.REJECTED) if status >= 500 else found

    patch.setattr(outcomes, "_by_status", by_status)


def a_duplicate_is_a_refusal(patch: Patch) -> None:
    """Does not read the message of -2010."""
    patch.setattr(outcomes, "MESSAGES", outcomes.MESSAGES[1:])


def a_reached_stop_is_any_refusal(patch: Patch) -> None:
    """Does not see that a stop was refused because its price is there."""
    patch.setattr(outcomes, "MESSAGES", outcomes.MESSAGES[:1])


def not_found_is_dead(patch: Patch) -> None:
    """Takes -2013 for the end of an order that may only be late."""
    ended = {**questions._ENDED, outcomes.Remedy.NOT_FOUND: ReportStatus.REJECTED}
    patch.setattr(questions, "_ENDED", ended)


def gone_is_canceled(patch: Patch) -> None:
    """Takes -2011 for a canceled order without asking whether it was filled."""
    right = BinanceExecution.cancel

    async def cancel(
        self: BinanceExecution, symbol: Symbol, client_order_id: ClientOrderId
    ) -> OrderReport:
        report = await right(self, symbol, client_order_id)
        canceled = ReportStatus.CANCELED
        return attrs.evolve(report, status=canceled, fills=(), filled_qty=Quantity(0))

    patch.setattr(BinanceExecution, "cancel", cancel)


def reads_one_page(patch: Patch) -> None:
    """Loses the fills beyond a page."""

    async def one(self: TradeReader, symbol: Symbol, about: Any, first: Any, lane: Any) -> Any:
        start = () if first is None else (("fromId", str(first)),)
        params = (("symbol", symbol), ("isIsolated", "TRUE"), *about, *start)
        answer = await self._rest.read(MY_TRADES, (*params, ("limit", str(PAGE))), lane=lane)
        return account_trades(answer.content, symbol)

    patch.setattr(TradeReader, "_pages", one)


def pages_overlap(patch: Patch) -> None:
    """Asks for the next page from the last fill on, and takes that fill twice."""
    right = TradeReader._pages

    async def overlapping(self: TradeReader, *args: Any) -> Any:
        found = await right(self, *args)
        return [each for n, each in enumerate(found) for _ in range(1 + (n == PAGE - 1))]

    patch.setattr(TradeReader, "_pages", overlapping)


def asks_for_no_names(patch: Patch) -> None:
    """Names executions from memory alone, which ends with the process."""

    async def nobody(*_: Any) -> None:
        return None

    patch.setattr(TradeReader, "_ask_names", nobody)


def base_commission_is_ignored(patch: Patch) -> None:
    """Does not read what buys pay in base asset."""

    def free_of_it(content: Any, symbol: Symbol) -> Any:
        return tuple(
            attrs.evolve(each, fill=attrs.evolve(each.fill, commission=Quantity(0)))
            for each in account_trades(content, symbol)
        )

    patch.setattr(trades, "account_trades", free_of_it)


def the_account_is_cached(patch: Patch) -> None:
    """Saves a request, with a time that hides it."""
    right, kept = AccountReader.snapshot, dict[Symbol, AccountSnapshot]()

    async def snapshot(self: AccountReader, symbol: Symbol, *args: Any) -> AccountSnapshot:
        if symbol not in kept:
            kept[symbol] = await right(self, symbol, *args)
        return attrs.evolve(kept[symbol], ts_received=self.now_ns())

    patch.setattr(AccountReader, "snapshot", snapshot)


def failed_lists_are_empty(patch: Patch) -> None:
    """Answers with nothing when the venue does not answer."""
    right = AccountReader.open_orders

    async def open_orders(self: AccountReader, *args: Any) -> Any:
        try:
            return await right(self, *args)
        except VenueError:
            return ()

    patch.setattr(AccountReader, "open_orders", open_orders)


def lists_nothing(patch: Patch) -> None:
    """Shows only orders of its own, of which none ever rests."""

    async def open_orders(*_: Any) -> Any:
        return ()

    patch.setattr(AccountReader, "open_orders", open_orders)


def everything_is_about_the_first_pair(patch: Patch) -> None:
    """One stream, one pair: the others' reports are taken for its own."""
    right = UserStreams._reported

    def reported(self: UserStreams, seat: Any, report: OrderReport) -> None:
        first = next(iter(self._lines[seat.channel].seats.values()))
        right(self, first, attrs.evolve(report, symbol=first.pair.symbol))

    patch.setattr(UserStreams, "_reported", reported)


def pushes_the_sum_for_the_fill(patch: Patch) -> None:
    """Reads ``z`` where ``l`` is meant."""
    right = UserParser._event

    def event(self: UserParser, kind: str, said: bytes, received: int) -> Any:
        content = json.loads(said)
        if kind == "executionReport":
            content["l"] = content["z"]
        return right(self, kind, json.dumps(content).encode(), received)

    patch.setattr(UserParser, "_event", event)


def stamps_with_its_own_clock(patch: Patch) -> None:
    """Believes that both clocks agree."""

    def stamp_ms(self: ServerTime) -> int:
        return self._clock.now_ns() // 1_000_000

    patch.setattr(ServerTime, "stamp_ms", stamp_ms)


def stamps_once(patch: Patch) -> None:
    """Makes the stamp with the connection and not with the request."""
    right, kept = ServerTime.stamp_ms, list[int]()

    def stamp_ms(self: ServerTime) -> int:
        if not self.is_wrong and not kept:
            kept.append(right(self))
        return kept[0] if kept else right(self)

    patch.setattr(ServerTime, "stamp_ms", stamp_ms)
