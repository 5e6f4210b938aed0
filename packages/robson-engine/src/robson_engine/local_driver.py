"""The engine and a simulated venue on one thread: the loop for research and measurements.

Two ways to show it the same market, with the same log: :meth:`LocalDriver.offer` hands over one
input object a trade, :meth:`LocalDriver.scan` walks columns of integers and calls the engine
only for the trades its trigger index says concern somebody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from robson_domain import (
    AccountReported,
    CancelOrder,
    Command,
    Event,
    Head,
    Input,
    NewOrder,
    OrderReported,
    PlaceEntryOrder,
    PlaceExitOrder,
    QueryAccount,
    QueryOrder,
    Symbol,
    TradeTick,
    chain,
    codec,
)
from robson_engine.passing import Columns, Trade, pass_over
from robson_engine.simulated_venue import SimulatedVenue
from robson_engine.state import EngineState
from robson_engine.step import step
from robson_engine.summary import followed
from robson_engine.turn import NOTHING, Step

Plan = Callable[[TradeTick], Iterable[Input]]
"""Asked at a trade while nothing is armed or open: what the person or a strategy wants."""


class EventLog:
    """Events in memory with the chain head they lead to."""

    def __init__(self, epoch: str) -> None:
        self.events: list[Event] = []
        self._epoch = epoch
        self._sequence, self._hash = 0, chain.genesis(epoch)

    @property
    def head(self) -> Head:
        """Where the chain stands; put together when asked for, not at every event."""
        return Head(epoch=self._epoch, sequence=self._sequence, hash=self._hash)

    def append(self, event: Event) -> None:
        """Add one event to the log and its chain."""
        self.events.append(event)
        self._sequence = event.sequence
        self._hash = chain.link(self._hash, codec.dumps(event))


class LocalDriver:
    """Owns a state and a venue and keeps them in step.

    Args:
        state: The engine's state; changed in place.
        venue: Where orders go; its latency and fees are its assumptions.
        log: Where events go, None for none.
        plan: Asked for inputs while the state has no live position.
    """

    def __init__(
        self,
        state: EngineState,
        venue: SimulatedVenue,
        *,
        log: EventLog | None = None,
        plan: Plan | None = None,
    ) -> None:
        self.state = state
        self.venue = venue
        self.log = log
        self.plan = plan
        self._tick: TradeTick | None = None
        self._is_waiting = False  # whether an order works at the venue

    def feed(self, entry: Input) -> None:
        """Run one input and everything that follows from it at once."""
        self._run(step(self.state, entry))

    def _run(self, first: Step) -> None:
        commands = self._take(first)
        todo = deque(commands) if commands else None
        while todo:
            for answer in self._carry_out(todo.popleft()):
                todo.extend(self._take(step(self.state, answer)))
            self._is_waiting = self._tick is not None and self.venue.is_working(self._tick.symbol)

    def _take(self, outcome: Step) -> tuple[Command, ...]:
        self.state.apply(outcome.changed)
        if self.log is not None:
            for event in outcome.events:
                self.log.append(event)
        return outcome.commands

    def offer(self, tick: TradeTick) -> None:
        """Show one trade to the venue, then to the engine, then to the plan."""
        self._tick = tick
        if self._is_waiting:
            for report in self.venue.on_trade(tick):
                self.feed(OrderReported(report=report))
            self._is_waiting = self.venue.is_working(tick.symbol)
        outcome = step(self.state, tick)
        if outcome is not NOTHING:
            self._run(outcome)
        if self.plan is not None and not self.state.live:
            for entry in self.plan(tick):
                self.feed(entry)

    def scan(self, symbol: Symbol, ticks: Sequence[int], times: Sequence[int]) -> None:
        """Show trades with ids 1, 2, … given as columns (price in ticks, receive time in ns).

        Trades that concern nobody cost three comparisons and make no object; where one stop alone
        follows the price, what is logged of it on the way is one step.
        """
        if len(ticks) != len(times):
            raise ValueError(f"{len(ticks)} prices, but {len(times)} times")
        columns, trades = Columns(symbol, ticks, times), enumerate(ticks)
        index = self.state.index_of(symbol)
        is_asked = True  # the first trade is always offered
        while trade := next(trades, None) if is_asked else self._pass_over(columns, trades):
            index.mark = trade[0]
            self.offer(columns.trade(trade[0]))
            is_asked = self.venue.is_working(symbol) or (
                self.plan is not None and not self.state.live
            )
        index.mark = len(ticks)
        if ticks:
            # What comes after all trades is carried out at the last of them.
            self._tick = columns.trade(len(ticks) - 1)

    def _pass_over(self, columns: Columns, trades: Iterator[Trade]) -> Trade | None:
        index = self.state.index_of(columns.symbol)
        passage = pass_over(index, trades, columns.times)
        if passage.member is not None and passage.logged:
            raises = [(columns.trade(place), place + 1, best) for place, best in passage.logged]
            self._take(followed(self.state, passage.member, raises))
        if passage.best:
            index.offer(passage.best)
        return passage.found

    def _carry_out(self, command: Command) -> tuple[Input, ...]:
        # The venue is shown a price only when something depends on it: the last one counts.
        now = self._show_last()
        match command:
            case PlaceEntryOrder(intent=intent) | PlaceExitOrder(intent=intent):
                order = NewOrder(
                    client_order_id=intent.client_order_id,
                    symbol=intent.symbol,
                    side=intent.side,
                    quantity=intent.quantity,
                    reduces=isinstance(command, PlaceExitOrder),
                )
                return (OrderReported(report=self.venue.submit(order, now)),)
            case QueryAccount(symbol=symbol):
                return (AccountReported(snapshot=self.venue.account(symbol, now)),)
            case QueryOrder(symbol=symbol, client_order_id=order_id):
                return (OrderReported(report=self.venue.query(symbol, order_id, now)),)
            case CancelOrder(symbol=symbol, client_order_id=order_id):
                return (OrderReported(report=self.venue.cancel(symbol, order_id, now)),)
            case _:
                return ()

    def _show_last(self) -> int:
        tick = self._tick
        if tick is None:
            return 0
        if not self.venue.is_working(tick.symbol):
            self.venue.on_trade(tick)
        return tick.ts_received
