"""Does core own this pair? Three layers that know nothing of each other, all of them always asked.

What the database says, what the bus said since the entry became durable, and what the venue's own
records say of the executions that are open. One that finds core is enough; one that fails, or does
not answer in time, is doubt; and doubt is as good as an owner for everybody who asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import attrs

from robson_domain import (
    Clock,
    Intent,
    IntentKind,
    OrderStatus,
    Position,
    PositionId,
    Side,
    Store,
    Symbol,
)
from robson_exec.bus import EventBus, Observation
from robson_exec.limits import (
    CALL_TIMEOUT_NS,
    POLLS_AFTER_CORE,
    REFS_ASKED_FIRST,
    REFS_ASKED_LAST,
)
from robson_exec.observations import CorePositionClosed, CorePositionOpened, ExclusionChanged
from robson_exec.supervision import Supervisor, TimedOut


@attrs.frozen(kw_only=True)
class Owned:
    """What layers say of a pair.

    Attributes:
        owners: Core's positions that own it.
        unresolved: Whether an order of core's may do something there now.
        lately: Whether core owned it until a moment ago.
        doubts: What could not be found out.
    """

    owners: tuple[PositionId, ...] = ()
    unresolved: bool = False
    lately: bool = False
    doubts: tuple[str, ...] = ()

    def __or__(self, other: Owned) -> Owned:
        return Owned(
            owners=tuple(dict.fromkeys(self.owners + other.owners)),
            unresolved=self.unresolved or other.unresolved,
            lately=self.lately or other.lately,
            doubts=tuple(dict.fromkeys(self.doubts + other.doubts)),
        )


class Layer(Protocol):
    """One way to know what core owns."""

    @property
    def name(self) -> str:
        """What it is called where it fails."""
        ...

    async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
        """Return what it knows of a pair.

        Args:
            refs: What the venue calls the positions that may be open there, oldest first.
        """
        ...


@attrs.frozen
class Database:
    """Layer one: what is stored, of both sides, since the venue nets them."""

    store: Store
    name: str = "database"

    async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
        """Return the stored positions that own the pair, and intents without an outcome."""
        owners: list[PositionId] = []
        for side in Side:
            found = await self.store.positions.find_active_by_symbol_and_side(symbol, side)
            owners += _owners(found)
        unresolved = False
        for intent in await self.store.intents.find_unresolved():
            if intent.symbol == symbol and await self._may_act(intent):
                owners.append(intent.position_id)
                unresolved = True
        return Owned(owners=tuple(dict.fromkeys(owners)), unresolved=unresolved)

    async def _may_act(self, intent: Intent) -> bool:
        """Say whether an order is core's and not just a stop that is known to rest."""
        position = await self.store.positions.find_by_id(intent.position_id)
        if position is not None and position.is_guard:
            return False
        if intent.kind is not IntentKind.VENUE_STOP:
            return True
        order = await self.store.orders.find_by_id(intent.client_order_id)
        return order is None or order.status is not OrderStatus.ACCEPTED


@attrs.frozen
class VenueRecords:
    """Layer three: executions at the venue that our records say opened a position of core's."""

    store: Store
    name: str = "venue_records"

    async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
        """Return the stored positions that go by one of ``refs``."""
        owners: list[PositionId] = []
        for ref in dict.fromkeys((*refs[:REFS_ASKED_FIRST], *refs[-REFS_ASKED_LAST:])):
            owners += _owners(await self.store.positions.find_by_venue_position_ref(ref))
        return Owned(owners=tuple(dict.fromkeys(owners)))


def _owners(positions: Iterable[Position]) -> list[PositionId]:
    return [position.position_id for position in positions if position.owns_pair]


class LiveExclusions:
    """Layer two: the set kept from what the bus says, from the durable entry intent on.

    Attributes:
        problem: Why the set is not to be trusted any more; empty while it is.
    """

    name = "live_set"

    def __init__(self, bus: EventBus, clock: Clock, poll_ns: int) -> None:
        self._bus = bus
        self._clock = clock
        self._pause_ns = POLLS_AFTER_CORE * poll_ns
        self._owned: dict[PositionId, CorePositionOpened] = {}
        self._free_at: dict[Symbol, int] = {}
        self.problem = ""

    def seed(self, positions: Iterable[Position]) -> None:
        """Take up what is durable at a start, what ended lately included."""
        for position in positions:
            if position.owns_pair:
                self._owned[position.position_id] = opened(position)
            elif not position.is_guard and position.opened_at and position.closed_at:
                self._leave(position.symbol, position.closed_at)

    def hear(self, said: Observation) -> None:
        """Follow the bus; a set that missed something is in doubt for ever."""
        try:
            if isinstance(said, CorePositionOpened):
                self._owned[said.position_id] = said
                self._tell(said, added=True)
            elif isinstance(said, CorePositionClosed):
                self._owned.pop(said.position_id, None)
                self._leave(said.symbol, self._clock.now_ns())
                self._tell(said, added=False)
        except Exception as error:
            self.problem = type(error).__name__
            raise

    def _leave(self, symbol: Symbol, at: int) -> None:
        self._free_at[symbol] = max(self._free_at.get(symbol, 0), at + self._pause_ns)

    def _tell(self, said: CorePositionOpened | CorePositionClosed, *, added: bool) -> None:
        changed = ExclusionChanged(
            symbol=said.symbol, side=said.side, position_id=said.position_id, added=added
        )
        self._bus.publish(changed)

    async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
        """Return what is in the set now."""
        owners = tuple(key for key, said in self._owned.items() if said.symbol == symbol)
        lately = self._clock.now_ns() < self._free_at.get(symbol, 0)
        doubts = (f"{self.name}: {self.problem}",) if self.problem else ()
        return Owned(owners=owners, lately=lately, doubts=doubts)


def opened(position: Position) -> CorePositionOpened:
    """Return what is said of a position of core's that owns its pair."""
    return CorePositionOpened(
        symbol=position.symbol,
        side=position.side,
        position_id=position.position_id,
        venue_position_ref=position.venue_position_ref,
    )


def ended(position: Position) -> CorePositionClosed:
    """Return what is said of a position of core's that does not own its pair any more."""
    return CorePositionClosed(
        symbol=position.symbol,
        side=position.side,
        position_id=position.position_id,
        venue_position_ref=position.venue_position_ref,
    )


class Ownership:
    """Which positions own their pair as of the last durable batch."""

    def __init__(self, positions: Iterable[Position]) -> None:
        self._owning = {p.position_id for p in positions if p.owns_pair}

    def changes(
        self, positions: Iterable[Position]
    ) -> list[CorePositionOpened | CorePositionClosed]:
        """Take up durable positions; return what is to be said of them."""
        said: list[CorePositionOpened | CorePositionClosed] = []
        for position in positions:
            key, owned = position.position_id, position.position_id in self._owning
            if position.owns_pair and not owned:
                self._owning.add(key)
                said.append(opened(position))
            elif owned and not position.owns_pair:
                self._owning.discard(key)
                said.append(ended(position))
        return said


@attrs.frozen(kw_only=True)
class Exclusions:
    """Asks every layer, always."""

    layers: tuple[Layer, ...]
    supervisor: Supervisor
    clock: Clock
    timeout_ns: int = CALL_TIMEOUT_NS

    async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
        """Return the union of what the layers say; what fails is doubt."""
        union = Owned()
        for layer in self.layers:
            union |= await self._asked(layer, symbol, refs)
        return union

    async def _asked(self, layer: Layer, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
        try:
            async with self.supervisor.deadline(self.clock.now_ns() + self.timeout_ns):
                return await layer.ask(symbol, refs)
        except TimedOut:
            return Owned(doubts=(f"{layer.name}: no answer in time",))
        except Exception as error:
            return Owned(doubts=(f"{layer.name}: {type(error).__name__}",))
