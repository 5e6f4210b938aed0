"""One inbox, one consumer: every input is decided on here, alone and in order.

The consumer drains what is there, hands each decision to the store and rests. It waits for no
network, no server database and no observer. A price that comes while it rests is decided on in
line, and wakes it only when something follows.

Invariants:
    1. Commands are released only when the batch with their events is durable, in order.
    2. A price is decided on when it is taken, whatever the store or the venue are doing.
    3. A detector's signal is the very next input after what fired it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import get_args

import attrs

from robson_domain import (
    AccountReported,
    Input,
    Intent,
    OrderReported,
    PersonCommand,
    Position,
    Reply,
    Symbol,
    TimePassed,
    TradeTick,
    ValidationError,
    times_of,
)
from robson_engine import EngineState, Step, step
from robson_engine.trigger_index import FAR
from robson_exec.committer import Committer
from robson_exec.inbox import Inbox
from robson_exec.limits import BACKLOG_UNITS_MAX, DEFERRAL_NS, DRAIN_MAX, SNAPSHOT_EVENTS
from robson_exec.open_orders import Lack, OpenOrders
from robson_exec.pending import Pending
from robson_exec.position_manager import PositionManager, Said
from robson_exec.view import Prices

_COMMANDS = get_args(PersonCommand)
_NEVER = 1 << 80


@attrs.frozen(kw_only=True)
class Reactions:
    """What the runner tells the rest of the machine about, in line.

    Attributes:
        follow: The pair of a position that was just armed is needed.
        release: No position needs this pair any more.
        lack: The venue counts more of an order than its known fills.
        settle: The venue's last word on an order is known.
        rest: Everything that came has been dealt with.
    """

    follow: Callable[[Symbol], None]
    release: Callable[[Symbol], None]
    lack: Callable[[Lack], None]
    settle: Callable[[Intent], None]
    rest: Callable[[], None]


class Runner:
    """Owns the engine's state."""

    def __init__(
        self,
        state: EngineState,
        *,
        inbox: Inbox,
        committer: Committer,
        detectors: PositionManager,
        orders: OpenOrders,
        prices: Prices,
        reactions: Reactions,
    ) -> None:
        self.state = state
        self._inbox = inbox
        self._committer = committer
        self._detectors = detectors
        self._orders = orders
        self._prices = prices
        self._reactions = reactions
        self._pending = Pending()
        self._ride_by = _NEVER
        self._is_overdue = False
        self._since_snapshot = 0
        self._failure: Exception | None = None
        inbox.at_once = self._at_once

    def offer(self, entry: Input) -> None:
        """Put one input into the inbox; returns at once."""
        self._inbox.offer(entry)

    def due(self) -> int | None:
        """Return when :class:`TimePassed` is wanted next (UTC ns), None while nothing waits."""
        if self._detectors.count:
            return 0
        due = self.state.next_due()
        due = self._ride_by if due is None else min(due, self._ride_by)
        return None if due == _NEVER else due

    async def consume(self) -> None:
        """Deal with what comes in, for ever."""
        while True:
            await self._inbox.wait()
            await self._drain()
            self._reactions.rest()
            await self._committer.rest()
            self._inbox.rest()

    def _at_once(self, tick: TradeTick) -> None:
        """Decide on a price while nothing else waits; what follows from it is the consumer's."""
        try:
            self._on_price(tick)
        except Exception as error:
            # Whoever offered the price is the wrong one to hear of it.
            self._failure = error
        if self._is_flush_due or self._failure is not None:
            self._inbox.wake()
        elif self._waits_for_time(tick.symbol):
            self._reactions.rest()

    def _waits_for_time(self, symbol: Symbol) -> bool:
        """Say whether a price may have left something that time must bring; most leave nothing."""
        is_riding = self._ride_by != _NEVER or self._detectors.count
        return bool(is_riding) or self.state.index_of(symbol).due != FAR

    @property
    def _is_flush_due(self) -> bool:
        return self._pending.is_urgent or self._is_overdue

    async def _drain(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_flush_due:
            await self.flush()
            await asyncio.sleep(0)  # what was released begins before the next input is taken
        waiting, budget = self._inbox.waiting, DRAIN_MAX
        while waiting:
            entry = waiting.popleft()
            if type(entry) is TradeTick:
                self._on_price(entry)
            else:
                self._on_other(entry)
            budget -= 1
            if self._is_flush_due:
                has_commands = self._pending.has_commands
                await self.flush()
                # What was released are tasks now; they begin before the next input is taken.
                budget = 0 if has_commands else budget
            if budget <= 0:
                budget = DRAIN_MAX
                await asyncio.sleep(0)

    def _on_price(self, tick: TradeTick) -> None:
        outcome = step(self.state, tick)
        self._prices.last[tick.symbol] = tick
        if outcome.events or outcome.commands:
            self._take(outcome, tick.ts_received)
        if self._detectors.count:
            self._listen(self._detectors.on_price(tick), tick.ts_received)
        if tick.ts_received >= self._ride_by:
            self._is_overdue = True

    def _on_other(self, entry: Input) -> None:
        if type(entry) is AccountReported and entry.last_price is None:
            last = self._prices.of(entry.snapshot.symbol)
            entry = attrs.evolve(entry, last_price=last)
        now = times_of(entry)[1]
        self._decide(entry, now)
        if type(entry) is TimePassed:
            self._listen(self._detectors.on_time(now), now)
        elif type(entry) is OrderReported:
            lack = self._orders.claim(entry.report)
            if lack is not None:
                self._reactions.lack(lack)
        if now >= self._ride_by:
            self._is_overdue = True

    def _decide(self, entry: Input, now: int) -> None:
        try:
            outcome = step(self.state, entry)
        except ValidationError as error:
            if not isinstance(entry, _COMMANDS):
                raise
            # A command the person can correct; nothing has happened.
            reply = Reply(command_id=entry.command_id, code="INVALID", message=str(error))
            self._pending.answer(reply)
        else:
            self._take(outcome, now)

    def _listen(self, said: list[Said], now: int) -> None:
        for entry in said:
            self._decide(entry, now)
        if self._detectors.is_dirty:
            self._ride(now)

    def _ride(self, now: int) -> None:
        if self._ride_by == _NEVER:
            self._ride_by = now + DEFERRAL_NS

    def _take(self, outcome: Step, now: int) -> None:
        self.state.apply(outcome.changed)
        if not (outcome.events or outcome.commands):
            return
        intents = self._orders.take(outcome.events)
        self._pending.add(outcome, intents)
        self._since_snapshot += len(outcome.events)
        self._ride(now)
        for item in outcome.changed:
            if isinstance(item, Position):
                self._follow(item)
        for intent in intents:
            if intent.status.is_resolved:
                self._reactions.settle(intent)

    def _follow(self, position: Position) -> None:
        self._detectors.follow(position)
        if not position.is_closed:
            self._prices.learn(position.instrument)
            self._reactions.follow(position.symbol)
        elif position.symbol not in self.state.symbols():
            self._prices.forget(position.symbol)
            self._reactions.release(position.symbol)

    async def flush(self) -> None:
        """Hand everything decided so far to the store, what was riding included."""
        self._ride_by, self._is_overdue = _NEVER, False
        for state in self._detectors.changes():
            self._pending.put(state)
        if self._since_snapshot >= SNAPSHOT_EVENTS:
            self.take_snapshot()
        if self._pending:
            await self._committer.put(self._pending.take())
            self._inbox.is_held = self._committer.backlog >= BACKLOG_UNITS_MAX

    def take_snapshot(self) -> None:
        """Let the next batch carry a snapshot, so that replay starts there."""
        self._since_snapshot = 0
        self._pending.put(self.state.snapshot())
