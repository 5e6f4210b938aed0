"""Both ports of Robson on top of the Toybox exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from robson_domain import (
    AccountSnapshot,
    Bar,
    Capabilities,
    ClientOrderId,
    Clock,
    ConfigurationError,
    DefinitiveVenueError,
    Fill,
    InDoubtError,
    Instrument,
    NewOrder,
    OrderReport,
    OrderSide,
    PriceOrigin,
    ReportStatus,
    RetryableVenueError,
    Symbol,
    TradeId,
    TradeTick,
)
from robson_toybox import parse
from robson_toybox.exchange import FEE_RATE, Busy, NoAnswer, ToyboxExchange

Message = dict[str, Any]


class ToyboxConnector:
    """One account at Toybox.

    Every call goes through one of two doors: :meth:`_ask` for questions, which may be repeated
    whatever became of them, and :meth:`_send` for what happens once.
    """

    def __init__(self, exchange: ToyboxExchange, clock: Clock) -> None:
        self._exchange = exchange
        self._clock = clock
        self._rules = {rules.symbol: rules for rules in map(parse.instrument, exchange.pairs())}
        self._sinks: dict[Symbol, Callable[[TradeTick], None]] = {}
        exchange.listeners.append(self._on_trade)

    @property
    def capabilities(self) -> Capabilities:
        """A spot exchange that is only spoken to."""
        return Capabilities(name="toybox", can_short=False, has_history=False, reports_pushed=False)

    # ------------------------------------------------------------- execution

    async def submit(self, order: NewOrder) -> OrderReport:
        """Send ``order``; nothing here ever sends it again."""
        now = self._clock.now_ns()
        if order.reduces and order.side is OrderSide.BUY:
            # Toybox would take it for a purchase. Nothing is ever owed here, so nothing is covered.
            answer: Message = {"error": "nothing_to_reduce"}
        else:
            answer = self._send(
                order.symbol, order.side.lower(), str(order.quantity), order.client_order_id
            )
        said = self._report(answer, order.symbol, order.client_order_id)
        if "error" in answer:
            said = attrs.evolve(said, status=ReportStatus.REJECTED, code=answer["error"])
        return attrs.evolve(said, ts_signed=now)

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Toybox fills in the answer: there is never anything left to cancel."""
        return await self.query_order(symbol, client_order_id)

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Return how the order stands."""
        return self._report(self._ask("order", client_order_id), symbol, client_order_id)

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Return what rests; asked all the same, because no answer is not the answer none."""
        found = self._ask("open")
        return tuple(self._report(each, symbol, ClientOrderId(each["ref"])) for each in found)

    async def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        """Return the executions after ``after``, in order."""
        found = self._ask("fills", 0 if after is None else int(after))
        return tuple((ClientOrderId(each["ref"]), parse.fill(each, symbol)) for each in found)

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        """Return the account now."""
        self._known(symbol)
        balance = self._ask("balance")
        return parse.snapshot(balance, symbol, FEE_RATE, self._clock.now_ns())

    def subscribe_reports(self, sink: Callable[[OrderReport], None]) -> None:
        """Toybox pushes nothing; the capabilities say so."""

    # ----------------------------------------------------------- market data

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return the pair's rules."""
        return self._known(symbol)

    def subscribe(
        self,
        symbol: Symbol,
        sink: Callable[[TradeTick], None],
        link: Callable[[Symbol, bool], None],
    ) -> None:
        """Call ``sink`` for every trade from now on."""
        self._known(symbol)
        self._sinks[symbol] = sink
        link(symbol, True)

    def unsubscribe(self, symbol: Symbol) -> None:
        """Stop calling for ``symbol``."""
        self._sinks.pop(symbol, None)

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        """Return the tape after an id."""
        rules, now = self._known(symbol), self._clock.now_ns()
        found = self._ask("trades", after_trade_id)
        ticks = (parse.tick(each, rules, now) for each in found)
        return tuple(each._replace(origin=PriceOrigin.GAP) for each in ticks)

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Toybox keeps no bars; the capabilities say so."""
        return ()

    async def close(self) -> None:
        """Stop listening."""
        self._sinks.clear()

    # ----------------------------------------------------------------- inner

    def _known(self, symbol: Symbol) -> Instrument:
        if symbol not in self._rules:
            raise DefinitiveVenueError(f"Toybox does not trade {symbol}", "no_such_pair")
        return self._rules[symbol]

    def _ask(self, name: str, *arguments: object) -> Any:
        """Return the answer to a question; without one it may be asked again."""
        try:
            return self._exchange.call(name, *arguments)
        except (Busy, NoAnswer):
            raise RetryableVenueError(f"Toybox did not answer: {name}", "no_answer") from None

    def _send(self, *order: str) -> Message:
        """Place an order once. Only who is sure that nothing happened says so."""
        try:
            answer: Message = self._exchange.call("place", *order)
        except Busy:
            raise RetryableVenueError("Toybox is busy: nothing was taken", "busy") from None
        except NoAnswer:
            raise InDoubtError("Toybox did not answer: the order may be there") from None
        return answer

    def _report(self, message: Message, symbol: Symbol, ref: ClientOrderId) -> OrderReport:
        return parse.report(message, symbol, ref, self._exchange.time(), self._clock.now_ns())

    def _on_trade(self, message: Message) -> None:
        symbol = Symbol(message["pair"])
        sink = self._sinks.get(symbol)
        if sink is not None:
            sink(parse.tick(message, self._rules[symbol], self._clock.now_ns()))


def connector(config: Mapping[str, object]) -> ToyboxConnector:
    """Return a connector from its settings: ``clock`` and, if wanted, ``cash`` as text.

    Raises:
        ConfigurationError: When the clock is missing.
    """
    clock = config.get("clock")
    if not (hasattr(clock, "now_ns") and hasattr(clock, "sleep_until")):
        raise ConfigurationError("connector toybox: the setting clock is missing")
    cash = Decimal(str(config.get("cash", "10000")))
    exchange = ToyboxExchange(lambda: clock.now_ns() // parse.MS, cash)
    return ToyboxConnector(exchange, clock)
