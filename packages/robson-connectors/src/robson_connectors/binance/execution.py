"""Orders on isolated margin: sent once, canceled, and asked about.

Invariants:
    1. A send is never repeated unless the venue said in so many words that it took nothing
       because a loan was being booked (-3007), and then only for what reduces.
    2. An exit never borrows and waits for no other call: not for the entry of its pair, not for
       rules or terms it can do without.
    3. What may have happened is InDoubtError; only the venue's word makes a rejection.
    4. An order that was canceled while it waited here is never sent, and one that was canceled
       on its way is canceled again when it has arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import attrs

from robson_connectors.binance.cancels import WITHDRAWN, Cancels, withdrawn
from robson_connectors.binance.exit_reads import ExitReads
from robson_connectors.binance.fields import UnreadableAnswer, text
from robson_connectors.binance.filters import (
    ALGO_TYPES,
    Refusal,
    Surroundings,
    refusal,
)
from robson_connectors.binance.orders import (
    cover_refusal,
    entry_effect,
    exit_effect,
    market_draft,
    market_params,
    stop_draft,
    stop_params,
)
from robson_connectors.binance.outcomes import Call, Outcome, Remedy, Ruling
from robson_connectors.binance.pools import ORDER, SECOND_NS, Lane
from robson_connectors.binance.questions import ListenToken, OrderQuestions, Readers
from robson_connectors.binance.rest import Answer, RestClient
from robson_connectors.binance.rules import SymbolRules
from robson_connectors.binance.sends import Sends
from robson_connectors.binance.signing import Params
from robson_domain.account import AccountSnapshot
from robson_domain.capabilities import Capabilities
from robson_domain.errors import (
    DefinitiveVenueError,
    InDoubtError,
    RetryableVenueError,
)
from robson_domain.holdings import PairBalances
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.ports.system import Clock
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Price

PENDING_TRIES: Final = 3
PENDING_PAUSE_NS: Final = SECOND_NS // 8
"""Before an exit that met a loan being booked goes again; doubling. The venue asks for 100 ms."""
ENTRY_PAIR_AGE_NS: Final = 3 * SECOND_NS
EXIT_PAIR_AGE_NS: Final = 60 * SECOND_NS
STOP_READ_S: Final = 1.5
"""How long a stop waits to hear what the pair holds; it rests without knowing."""
EXIT_SLACK: Final = Decimal("0.05")
TRIGGERED: Final = "TRIGGERED"
"""Code of a stop that was not taken because the price is there already."""
CAPABILITIES: Final = Capabilities(
    name="binance", client_order_id_length_max=36, resting_stops=True
)


@attrs.frozen(kw_only=True)
class ExecutionSettings:
    """What the person may set.

    Attributes:
        stop_limit_beyond: How far beyond a resting stop its limit is, where the pair offers no
            stop at market; ratio of the stop.
    """

    stop_limit_beyond: Decimal = Decimal("0.03")


class BinanceExecution:
    """One isolated margin account, as :class:`~robson_domain.ports.execution.ExecutionPort`."""

    def __init__(
        self,
        rest: RestClient,
        readers: Readers,
        clock: Clock,
        settings: ExecutionSettings | None = None,
    ) -> None:
        self._rest = rest
        self._market = readers.market
        self._account = readers.account
        self._trades = readers.trades
        self._clock = clock
        self._settings = settings or ExecutionSettings()
        self._ask = OrderQuestions(rest, readers)
        self._gates: dict[Symbol, asyncio.Lock] = {}
        self._exit_reads = ExitReads(readers.account, clock)
        self._sends = Sends()
        self._cancels = Cancels(rest, readers.account, self._ask, self._sends)
        self._sinks: list[Callable[[OrderReport], None]] = []

    @property
    def capabilities(self) -> Capabilities:
        """What the venue can do."""
        return CAPABILITIES

    # ------------------------------------------------------------------ sends

    async def submit(self, order: NewOrder) -> OrderReport:
        """Send an order once, at market or as a stop that rests.

        The report's code is ``TRIGGERED`` when the price is at the stop already: nothing rests,
        go to the market.

        Raises:
            InDoubtError: It may have been executed, or rest there.
            RetryableVenueError: It was not taken: nothing left, or turned away unread.
        """
        if order.reduces and order.stop_price is None:
            return await self._exit(order)
        with self._sends.waiting(order):
            async with self.gate(order.symbol):
                if order.stop_price is None:
                    return await self._entry(order)
                return await self._stop(order, order.stop_price)

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """End what still works of an order, anybody's; one that has ended is told as it ended.

        Raises:
            InDoubtError: It may have been canceled.
            RetryableVenueError: Nothing happened.
        """
        self._exit_reads.expect(symbol)
        return await self._cancels.cancel(symbol, client_order_id)

    # -------------------------------------------------------------- questions

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Return how the order stands, with its executions.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        return await self._ask.order(symbol, client_order_id)

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Return the orders working on the pair, whoever sent them, oldest first.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        return await self._ask.open_orders(symbol)

    async def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        """Return the account's executions on the pair after a trade, in order.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        found = await self._trades.since(symbol, after, Lane.READ)
        return tuple((each.client_order_id, each.fill) for each in found)

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        """Return the pair's state, taken after the call.

        Raises:
            DefinitiveVenueError: The account has no such pair.
            RetryableVenueError: No usable answer.
        """
        return await self._account.snapshot(symbol)

    async def listen_token(self, symbol: Symbol) -> ListenToken:
        """Return a token that opens the pair's user stream.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        return await self._ask.listen_token(symbol)

    # ------------------------------------------------------------------ pushes

    def subscribe_reports(self, sink: Callable[[OrderReport], None]) -> None:
        """Call ``sink`` for every report the user stream brings."""
        self._sinks.append(sink)

    def push(self, report: OrderReport) -> None:
        """Take a report from the user stream and hand it to everybody who subscribed."""
        self._account.changed(report.symbol)
        self._trades.learn(report.symbol, report.venue_order_id, report.client_order_id)
        for sink in tuple(self._sinks):
            sink(report)

    async def close(self) -> None:
        """Release the connection; idempotent."""
        self._sinks.clear()
        await self._exit_reads.close()
        await self._rest.close()

    # ------------------------------------------------------------------- inner

    def gate(self, symbol: Symbol) -> asyncio.Lock:
        """Return what everything on a pair that borrows, rests or repays passes one by one."""
        return self._gates.setdefault(symbol, asyncio.Lock())

    async def _entry(self, order: NewOrder) -> OrderReport:
        rules = await self._rules(order)
        if isinstance(rules, OrderReport):
            return rules
        pair = self._account.recent(order.symbol, ENTRY_PAIR_AGE_NS)
        if pair is None:
            pair = await self._account.balances(order.symbol, Lane.ORDER)
        around = attrs.evolve(_around(pair), base_held=pair.base.held)
        refused = refusal(rules, market_draft(order), around)
        if refused is not None:
            return self._refused(order, refused)
        params = market_params(order, entry_effect(order, pair))
        return (await self._send(order, params, Lane.ORDER))[0]

    async def _stop(self, order: NewOrder, stop: Price) -> OrderReport:
        if not order.reduces:
            return self._refused(order, Refusal("NOT_REDUCING", "a stop reduces"))
        rules = await self._rules(order)
        if isinstance(rules, OrderReport):
            return rules
        pair = await self._pair_at_stop(order)
        draft = stop_draft(order, stop, rules, self._settings.stop_limit_beyond)
        known = pair or self._account.last(order.symbol)
        refused = refusal(rules, draft, await self._resting(order.symbol, known))
        if refused is None and pair is not None and order.side is OrderSide.BUY:
            fee = self._account.known_fee_in_base(order.symbol)
            refused = cover_refusal(order, pair, rules.instrument, fee)
        if refused is not None:
            return self._refused(order, refused)
        params = stop_params(order, draft, exit_effect(order, pair))
        report, said = await self._reduce(order, params, Lane.ORDER)
        if said.remedy is Remedy.TRIGGERED:
            return attrs.evolve(report, code=TRIGGERED)
        return report

    async def _pair_at_stop(self, order: NewOrder) -> PairBalances | None:
        """Return the pair as it is; a stop that protects does not fail on not knowing it.

        For one that sells nothing is asked: balances may be read seldom, and the venue itself
        refuses to sell what is not there.
        """
        known = self._account.recent(order.symbol, EXIT_PAIR_AGE_NS)
        if known is not None or order.side is OrderSide.SELL:
            return known
        try:
            # Until it rests nothing bounds the loss but this process: no waiting for good manners.
            return await self._account.balances(order.symbol, Lane.EXIT, STOP_READ_S)
        except RetryableVenueError:
            return None

    async def _exit(self, order: NewOrder) -> OrderReport:
        pair = await self._pair_at_exit(order)
        refused = await self._exit_refusal(order, pair)
        if refused is not None:
            return self._refused(order, refused)
        params = market_params(order, exit_effect(order, pair))
        return (await self._reduce(order, params, Lane.EXIT))[0]

    async def _reduce(
        self, order: NewOrder, params: Params, lane: Lane
    ) -> tuple[OrderReport, Ruling]:
        """Send what reduces, again while the venue takes nothing because it books a loan."""
        pause = PENDING_PAUSE_NS
        for _ in range(PENDING_TRIES):
            report, said = await self._send(order, params, lane)
            if said.remedy is not Remedy.WAIT_PENDING:
                return report, said
            await self._clock.sleep_until(self._clock.now_ns() + pause)
            pause *= 2
        return await self._send(order, params, lane)

    async def _pair_at_exit(self, order: NewOrder) -> PairBalances | None:
        """Return what is known of the pair; buying back more than is owed would open a long."""
        pair = await self._exit_reads.pair(order.symbol) if order.side is OrderSide.BUY else None
        return pair or self._account.recent(order.symbol, EXIT_PAIR_AGE_NS)

    async def _exit_refusal(self, order: NewOrder, pair: PairBalances | None) -> Refusal | None:
        """Return why an exit is not sent; only fresh rules refuse one."""
        try:
            refused = self._judged(order, pair, await self._market.rules_for_exit(order.symbol))
            if refused is None:
                return None
            fresh = await self._market.rules_for_exit(order.symbol, is_fresh=True)
            return self._judged(order, pair, fresh)
        except DefinitiveVenueError as error:
            return Refusal(error.code, error.message)
        except RetryableVenueError:
            # The venue checks as well; an exit does not wait for a list of rules.
            return None

    def _judged(
        self, order: NewOrder, pair: PairBalances | None, rules: SymbolRules
    ) -> Refusal | None:
        around = attrs.evolve(_around(pair), slack=EXIT_SLACK)
        refused = refusal(rules, market_draft(order), around)
        if refused is not None or pair is None or order.side is OrderSide.SELL:
            return refused
        fee = self._account.known_fee_in_base(order.symbol)
        return cover_refusal(order, pair, rules.instrument, fee)

    async def _rules(self, order: NewOrder) -> SymbolRules | OrderReport:
        try:
            return await self._market.rules(order.symbol, Lane.ORDER)
        except DefinitiveVenueError as error:
            return self._refused(order, Refusal(error.code, error.message))

    async def _resting(self, symbol: Symbol, pair: PairBalances | None) -> Surroundings:
        found = await self._account.open_orders(symbol, Lane.ORDER)
        stops = [each for each in found if text(each, "type") in ALGO_TYPES]
        return attrs.evolve(_around(pair), orders=len(found), algo_orders=len(stops))

    async def _send(
        self, order: NewOrder, params: Params, lane: Lane
    ) -> tuple[OrderReport, Ruling]:
        if not self._sends.may_go(order):
            gone = withdrawn(order.symbol, order.client_order_id, self._rest.time)
            gone = attrs.evolve(gone, status=ReportStatus.REJECTED)
            return gone, Ruling(Outcome.REJECTED, WITHDRAWN)
        self._account.changed(order.symbol)
        try:
            with self._sends.sending(order):
                answer = await self._rest.send("POST", ORDER, params, call=Call.PLACE, lane=lane)
        finally:
            self._account.changed(order.symbol)
        if answer.ruling.outcome is Outcome.REJECTED:
            return self._rejected(order, answer), answer.ruling
        try:
            state = self._ask.understood(answer, order.symbol, order.client_order_id)
        except UnreadableAnswer as error:
            raise InDoubtError(error.message, error.code) from None
        report = state.report(
            state.ts_event or answer.ts_event, answer.ts_received, answer.ts_signed
        )
        if report.status is ReportStatus.REJECTED:
            report = attrs.evolve(report, code="REJECTED")
        return report, answer.ruling

    def _rejected(self, order: NewOrder, answer: Answer) -> OrderReport:
        said = Refusal(answer.ruling.code, answer.ruling.message)
        report = self._refused(order, said)
        return attrs.evolve(report, ts_event=answer.ts_event, ts_signed=answer.ts_signed)

    def _refused(self, order: NewOrder, refused: Refusal) -> OrderReport:
        return OrderReport(
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            status=ReportStatus.REJECTED,
            ts_event=self._rest.time.now(),
            ts_received=self._clock.now_ns(),
            code=refused.code,
            message=refused.message,
        )


def _around(pair: PairBalances | None) -> Surroundings:
    if pair is None or pair.index_price is None:
        return Surroundings()
    index = pair.index_price.value
    return Surroundings(reference=index, index=index)
