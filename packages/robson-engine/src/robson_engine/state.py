"""The driver's state: positions by id, the ledger, and what is derived from them.

Only :meth:`EngineState.apply` changes it, with what ``step`` or ``evolve`` returned; the one
exception is the best price inside the trigger index, raised by ``step`` itself. Everything
derived (index, order ids, the set of live positions) follows from the positions alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from robson_domain import (
    AccountEvent,
    ClientOrderId,
    Event,
    Ledger,
    Money,
    Position,
    PositionId,
    PositionStatus,
    RiskLimits,
    SignalId,
    Snapshot,
    Symbol,
)
from robson_domain.errors import InvariantError
from robson_engine.config import CLOSED_KEPT, SIGNAL_AGE_MAX_NS, SUMMARY_NS, EngineConfig
from robson_engine.evolve import evolve_position
from robson_engine.evolve_ledger import evolve_ledger
from robson_engine.trigger_index import FAR, TriggerIndex
from robson_engine.venue_stop_rules import due_of as venue_stop_due

FIXED: Final = 1 << 60
"""Distance in ticks of a stop that never follows."""
Changed = tuple[Position | Ledger, ...]
_STOPPED = frozenset({PositionStatus.ACTIVE, PositionStatus.ERROR})


class EngineState:
    """What the engine decides on; one per account, owned by one driver.

    Attributes:
        config: Identity.
        ledger: Account-wide totals and the last sequence.
        positions: All positions in order of arming, the latest closed ones included.
        live: Those that are not Closed.
        indexes: Trigger index of every pair that ever had a position.
        orders: Which position each of our client order ids belongs to.
        spent_positions: Ids of closed positions that are not kept any more.
        spent_signals: Ids of the signals that led to their entries.
    """

    def __init__(self, config: EngineConfig, ledger: Ledger) -> None:
        self.config = config
        self.ledger = ledger
        self.positions: dict[PositionId, Position] = {}
        self.live: dict[PositionId, Position] = {}
        self.indexes: dict[Symbol, TriggerIndex] = {}
        self.orders: dict[ClientOrderId, PositionId] = {}
        self.spent_positions: set[PositionId] = set()
        self.spent_signals: set[SignalId] = set()
        self._closed: dict[PositionId, None] = {}

    @classmethod
    def opening(
        cls, config: EngineConfig, capital: Money, limits: RiskLimits | None = None
    ) -> EngineState:
        """Return the state before the first event.

        Args:
            capital: Risk capital, quote currency, until an event says otherwise.
            limits: Limits of the risk gate until an event says otherwise, None for the plain ones.
        """
        return cls(config, Ledger.opening(capital, limits))

    @classmethod
    def restore(
        cls,
        config: EngineConfig,
        capital: Money,
        snapshot: Snapshot | None,
        events: Iterable[Event],
    ) -> EngineState:
        """Return the state after ``events``, folded from ``snapshot`` or from nothing.

        Args:
            capital: As for :meth:`opening`; a snapshot or an event that knows better wins.

        Raises:
            InvariantError: When the events do not continue the snapshot.
        """
        state = cls.opening(config, capital)
        if snapshot is not None:
            state.apply((*snapshot.positions, snapshot.ledger))
            state._closed = dict.fromkeys(sorted(state._closed, key=state._last_event_of))
        for event in events:
            state.apply(evolve(state, event))
        return state

    def _last_event_of(self, key: PositionId) -> int:
        return self.positions[key].sequence

    @property
    def sequence(self) -> int:
        """Sequence of the last event."""
        return self.ledger.sequence

    def snapshot(self) -> Snapshot:
        """Return all that replay needs to start here."""
        return Snapshot(
            sequence=self.sequence, ledger=self.ledger, positions=tuple(self.positions.values())
        )

    def guard_of(self, symbol: Symbol) -> Position | None:
        """Return the guard of a pair that has not ended, None when there is none."""
        found = (p for p in self.live.values() if p.is_guard and p.symbol == symbol)
        return next(found, None)

    def index_of(self, symbol: Symbol) -> TriggerIndex:
        """Return the trigger index of a pair, made when first asked for."""
        index = self.indexes.get(symbol)
        if index is None:
            index = self.indexes[symbol] = TriggerIndex()
        return index

    def apply(self, changed: Changed) -> None:
        """Take over what a step or an event changed."""
        for item in changed:
            if isinstance(item, Ledger):
                self.ledger = item
            else:
                self._put(item)

    def _put(self, position: Position) -> None:
        key = position.position_id
        before = self.positions.get(key)
        self.positions[key] = position
        if before is not None and _has_only_followed(before, position):
            self.live[key] = position
            if self._follow(position):
                return
        for order in position.orders:
            self.orders[order.client_order_id] = key
        if position.status is PositionStatus.CLOSED:
            self.live.pop(key, None)
            # Ordered by last event, which a snapshot tells too.
            self._closed.pop(key, None)
            self._closed[key] = None
            self._forget_oldest()
        elif key in self._closed:
            del self._closed[key]
            self.live = {k: p for k, p in self.positions.items() if not p.is_closed}
        else:
            self.live[key] = position
        self._index(position)

    def _follow(self, position: Position) -> bool:
        """Tell the index what :meth:`_index` would, of one that is in it and has but followed."""
        index, stop = self.indexes[position.symbol], position.stop
        index.mark_max = max(index.mark_max, position.mark)
        due = position.summarized_at + SUMMARY_NS
        return stop is not None and index.follow(
            position.position_id, position.side, position.instrument.ticks(stop), due
        )

    def _index(self, position: Position) -> None:
        index = self.index_of(position.symbol)
        index.mark_max = max(index.mark_max, position.mark)
        index.opened_max = max(index.opened_max, position.opened_at)
        is_waiting = position.status in _STOPPED and position.exit_reason is None
        stop, reach = position.stop, reach_of(position)
        if not is_waiting or not position.open_qty or stop is None or reach is None:
            index.remove(position.position_id, position.side)
            return
        # From the stop, not from the best: a fill off the tick grid has no best in ticks.
        levels = (position.instrument.ticks(stop) + position.side.sign * reach, reach)
        index.put(position.position_id, position.side, levels, position.summarized_at + SUMMARY_NS)

    def _forget_oldest(self) -> None:
        while len(self._closed) > CLOSED_KEPT:
            key = next(iter(self._closed))
            del self._closed[key]
            gone = self.positions.pop(key)
            self.spent_positions.add(key)
            if gone.entry_order is not None and gone.signal is not None:
                self.spent_signals.add(gone.signal.signal_id)
            for order in gone.orders:
                self.orders.pop(order.client_order_id, None)

    def symbols(self) -> tuple[Symbol, ...]:
        """Return the pairs with a position that is not Closed, in order of arming."""
        return tuple(dict.fromkeys(position.symbol for position in self.live.values()))

    def tick_size_of(self, symbol: Symbol) -> Decimal | None:
        """Return the tick size in which what lives on a pair counts, None when nothing does."""
        return next(
            (p.instrument.tick_size for p in self.live.values() if p.symbol == symbol), None
        )

    def earliest_mark(self, symbol: Symbol) -> int | None:
        """Return the trade id after which trades must be back-filled; None = nothing waits.

        Only who waits behind a stop needs past trades: one that is armed waits for live prices, one
        that is leaving for none. What this process was shown it need not be shown again.
        """
        index = self.index_of(symbol)
        marks = [
            max(position.mark, index.mark)
            for key, position in self.live.items()
            if position.symbol == symbol and index.best_ticks(key, position.side) is not None
            # A guard opened before its pair was followed has seen no trade yet.
            if position.mark or index.mark or not position.is_guard
        ]
        return min(marks, default=None)

    def next_due(self) -> int | None:
        """Return the input time (UTC ns) at which :class:`TimePassed` will do something."""
        due = min((index.due for index in self.indexes.values()), default=FAR)
        for position in self.live.values():
            due = min(due, _timer_of(position, self.ledger.limits))
        return None if due >= FAR else due


def _has_only_followed(before: Position, after: Position) -> bool:
    """Say whether nothing but the stop, and what is said of it, can have changed.

    That is what a summary does, which is most of all events: what a copy took over is the same
    object, so the position has the orders it had and waits in the index as before.
    """
    return (
        after.status is before.status is PositionStatus.ACTIVE
        and after.open_qty is before.open_qty
        and after.entry_order is before.entry_order
        and after.exit_order is before.exit_order
        and after.venue_stop is before.venue_stop
        and after.past_exits is before.past_exits
        and after.past_stops is before.past_stops
        and after.exit_reason is before.exit_reason
        and after.stop_distance is before.stop_distance
        and after.instrument is before.instrument
        and after.breached_at == before.breached_at
        and after.opened_at == before.opened_at
    )


def reach_of(position: Position) -> int | None:
    """Return how far behind its best a position's stop lies, ticks; None = it is in no index.

    A guard's stop is fixed: it lies behind a best that no price can reach. One that was passed
    and may not act waits for nothing.
    """
    if position.is_guard:
        return None if position.breached_at else FIXED
    distance = position.stop_distance
    return None if distance is None else position.instrument.whole_ticks(distance)


def is_stuck(position: Position) -> bool:
    """Say whether a leaving position waits for an answer that only a question brings.

    What is owed, or what of a pair is the person's: asked for again after a restart.
    """
    is_leaving = position.status is PositionStatus.EXITING and not position.is_unresolved
    return is_leaving and (position.is_guard or position.borrows)


def _timer_of(position: Position, limits: RiskLimits) -> int:
    if position.status is PositionStatus.ARMED:
        if position.signal is not None:
            return position.signal_at + SIGNAL_AGE_MAX_NS + 1
        return position.expires_at or FAR
    if is_stuck(position):
        return position.retry_at
    retry = position.retry_at if position.retry_at and position.open_qty else FAR
    return min(retry, venue_stop_due(position, limits))


def evolve(state: EngineState, event: Event) -> Changed:
    """Return what ``event`` changes; nothing else ever changes a position or the ledger.

    An event of the account changes the ledger alone.

    Raises:
        InvariantError: When the event does not continue the log or its position is unknown.
        IllegalTransition: When the position's lifecycle does not allow it.
    """
    if event.sequence != state.sequence + 1:
        raise InvariantError(f"event {event.sequence} does not follow {state.sequence}")
    if isinstance(event, AccountEvent):
        return (evolve_ledger(state.ledger, None, event),)
    before = state.positions.get(event.position_id)
    after = evolve_position(before, event)
    return after, evolve_ledger(state.ledger, before, event)
