"""Random histories: one position, a truthful venue, a bad line, an impatient person.

A history is a list of actions; :class:`Actor` carries them out and, after each input, holds what
must always hold.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from robson_domain import (
    AccountReported,
    CancelOrder,
    EntryFilled,
    EntryOrderPlaced,
    ExitFilled,
    Input,
    IntentKind,
    OrderReported,
    PlaceEntryOrder,
    PlaceExitOrder,
    PlaceVenueStop,
    Position,
    PositionStatus,
    Price,
    PriceOrigin,
    QueryAccount,
    Side,
    decimals,
)
from robson_domain.testing.builders import SYMBOL
from robson_engine import Step
from robson_engine.evolve_parts import held_of, net_base
from robson_engine.quantities import exit_quantity
from robson_engine.trailing import tighter
from tests.engine.venue_script import FATES, LATE, ScriptedVenue
from tests.engine.world import World

_S: Final = PositionStatus
_RESTING: Final = {"filled": "working", "silent_filled": "silent"}
"""A stop rests first, whatever would become of an order at market."""
_ENDED: Final = frozenset({_S.CLOSED, _S.ERROR})


def actions() -> st.SearchStrategy[tuple[Any, ...]]:
    """Return what can happen next."""
    moves = st.sampled_from([-250, -110, -40, -1, 0, 1, 40, 110, 250])
    origins = st.sampled_from([*[PriceOrigin.LIVE] * 4, *PriceOrigin])
    trades = st.tuples(st.just("trade"), moves, st.integers(0, 300), origins)
    venue = [
        st.tuples(st.just("execute"), st.integers(0, 3), st.sampled_from([1, 20, 50, 100])),
        st.tuples(st.just("deliver"), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("query"), st.integers(0, 5)),
    ]
    return st.one_of(
        *[trades] * 3,
        *venue * 2,
        st.tuples(st.just("end"), st.integers(0, 3)),
        st.tuples(st.just("time"), st.sampled_from([1, 100, 250, 1000, 5000, 70_000])),
        st.tuples(st.just("account"), st.just(0)),
        st.tuples(st.just("starve"), st.sampled_from([1, 5_000, 70_000])),
        st.tuples(
            st.just("person"),
            st.sampled_from([*["arm", "disarm", "acknowledge", "signal"] * 3, "close", "panic"]),
        ),
        st.tuples(st.just("link"), st.booleans()),
        st.tuples(st.just("limits"), st.sampled_from([5_000, 10_000, 12_345]), st.integers(1, 5)),
    )


@attrs.frozen(kw_only=True)
class History:
    """What is needed to tell a history again, in any process."""

    side: Side
    has_stop: bool = False
    fee: Decimal
    fee_in_base: bool
    reserves: bool = False
    fates: tuple[str, ...]
    actions: tuple[tuple[Any, ...], ...]


def histories(size: int = 50, *fates: str) -> st.SearchStrategy[History]:
    """Return random histories of up to ``size`` actions after the signal.

    Args:
        fates: Further fates of requests, as often as all others together.
    """
    wild = [*FATES, "working", "working", *fates * 9]
    return st.builds(
        History,
        side=st.sampled_from(Side),
        has_stop=st.booleans(),
        fee=st.sampled_from([Decimal(0), Decimal("0.001")]),
        fee_in_base=st.booleans(),
        reserves=st.booleans(),
        fates=st.builds(
            _fates,
            st.sampled_from([*wild, "filled", "silent_filled"]),
            st.lists(st.sampled_from(wild), min_size=4, max_size=9),
        ),
        actions=st.lists(actions(), min_size=size // 2, max_size=size).map(tuple),
    )


def _fates(entry: str, exits: list[str]) -> tuple[str, ...]:
    return entry, *exits


class Actor:
    """Carries out a history."""

    def __init__(self, history: History, world: World | None = None) -> None:
        self.history = history
        self.world = world or World()
        self.venue = ScriptedVenue(
            SYMBOL,
            history.fee,
            fee_in_base=history.fee_in_base,
            reserves=history.reserves and history.side is Side.LONG,
        )
        self.best_stop: Price | None = None
        self.fates = list(history.fates)
        self.ticks = 10_000

    # ------------------------------------------------------------------ the loop

    def run(self) -> Actor:
        """Arm, signal, and let everything happen."""
        self.world.arm(side=self.history.side)
        if self.history.has_stop:
            self._limits(10_000, 5)
        self._after(self.world.signal())
        for action in self.history.actions:
            self.act(action)
        return self

    def act(self, action: tuple[Any, ...]) -> None:
        """Carry out one action and all that follows from it at once."""
        name, *facts = action
        getattr(self, f"_{name}")(*facts)

    def _feed(self, entry: Input) -> None:
        self._after(self.world.feed(entry))

    def _after(self, outcome: Step) -> None:
        hold(self, outcome)
        for command in outcome.commands:
            self._carry_out(command)

    def _carry_out(self, command: object) -> None:
        now, price = self.world.now, self.price
        match command:
            case (
                PlaceEntryOrder(intent=intent)
                | PlaceExitOrder(intent=intent)
                | PlaceVenueStop(intent=intent)
            ):
                fate = self.fates.pop(0) if self.fates else "filled"
                if intent.kind is IntentKind.VENUE_STOP:
                    fate = _RESTING.get(fate, fate)
                self._feed(OrderReported(report=self.venue.send(intent, fate, price, now)))
            case CancelOrder(client_order_id=order_id):
                self.venue.pending.append(self.venue.cancel(order_id, now))
            case QueryAccount():
                self._account()

    @property
    def price(self) -> Price:
        """The market's last price."""
        return self.world.position().instrument.price(self.ticks)

    # ------------------------------------------------------------------ actions

    def _trade(self, move: int, ms: int, origin: PriceOrigin) -> None:
        self.world.wait(ms)
        self.ticks = max(5_000, self.ticks + move)
        self._feed(self.world.tick(str(self.price), origin=origin))

    def _time(self, ms: int) -> None:
        self._after(self.world.time(ms))

    def _execute(self, which: int, percent: int) -> None:
        working = self.venue.working()
        if working:
            order = working[which % len(working)]
            amount = order.intent.quantity.value * percent / 100
            self.venue.execute(order, self.price, amount, self.world.now)

    def _end(self, which: int) -> None:
        working = self.venue.working()
        if working and working[which % len(working)].status is not None:
            self.venue.end(working[which % len(working)], self.world.now)

    def _deliver(self, which: int, keep: bool) -> None:
        if self.venue.pending:
            place = which % len(self.venue.pending)
            report = self.venue.pending[place] if keep else self.venue.pending.pop(place)
            self._feed(OrderReported(report=attrs.evolve(report, ts_received=self.world.now)))

    def _query(self, which: int) -> None:
        orders = list(self.venue.orders)
        if orders:
            order_id = orders[which % len(orders)]
            self._feed(OrderReported(report=self.venue.query(order_id, self.world.now)))

    def _account(self, _: int = 0) -> None:
        snapshot = self.venue.account(self.world.now)
        self._feed(AccountReported(snapshot=snapshot, last_price=self.price))

    def _starve(self, ms: int) -> None:
        """Ask until what is unknown is dead."""
        self.world.wait(ms)
        for order_id in list(self.venue.orders):
            self._feed(OrderReported(report=self.venue.query(order_id, self.world.now)))
        self._account()
        self.world.wait(2000)
        self._account()

    def _person(self, wish: str) -> None:
        self._after(getattr(self.world, wish)())

    def _link(self, up: bool) -> None:
        self._after(self.world.link(up=up))

    def _limits(self, capital: int, positions: int) -> None:
        share = Decimal("0.01") if self.history.has_stop else None
        self._after(self.world.limits(capital, max_open_positions=positions, disaster_stop=share))

    # ------------------------------------------------------------------ the end

    def settle(self) -> None:
        """Let the line heal: everything is said, everything asked is answered, time goes on."""
        self.fates = []
        for _ in range(80):
            self._person("panic")
            for order in self.venue.working():
                self.venue.execute(order, self.price, order.intent.quantity.value, self.world.now)
            while self.venue.pending:
                self._deliver(0, False)
            if self.is_over():
                return
            for order_id in list(self.venue.orders):
                self._feed(OrderReported(report=self.venue.query(order_id, self.world.now)))
            self._time(2000)
            self._account()

    def is_over(self) -> bool:
        """Say whether nothing is left to do but, in Error, for the person."""
        position = self.world.position()
        return (
            position.status in _ENDED and not position.is_unresolved and not is_sellable(position)
        )


# ---------------------------------------------------------------------- what must always hold


def is_sellable(position: Position) -> bool:
    """Say whether the venue would take an exit of what is open."""
    price = position.stop or position.average_entry_price
    if price is None or not position.open_qty:
        return False
    return position.instrument.is_tradable(exit_quantity(position), price)


def hold(actor: Actor, outcome: Step) -> None:
    """Assert everything that holds after every input."""
    world, position = actor.world, actor.world.position()
    _one_entry_and_one_exit_at_a_time(world, position)
    _never_beyond_flat(actor)
    _never_looser(actor, position)
    _covered(world, position)
    _intents_agree(world, position)
    for event in outcome.events:
        if isinstance(event, EntryFilled | ExitFilled) and event is outcome.events[-1]:
            assert event.open_qty == position.open_qty


def _one_entry_and_one_exit_at_a_time(world: World, position: Position) -> None:
    assert sum(isinstance(event, EntryOrderPlaced) for event in world.events) <= 1
    assert all(order.status.is_terminal for order in position.past_exits)
    assert all(order.status.is_terminal for order in position.past_stops)
    assert [event.sequence for event in world.events] == list(range(1, len(world.events) + 1))


def _never_beyond_flat(actor: Actor) -> None:
    """Exits executed at the venue never exceed what was entered, but for the last step."""
    if LATE in actor.history.fates:
        return  # then it may be sold twice: it must be told, not prevented
    working = [o for o in actor.venue.working() if o.intent.kind is not IntentKind.ENTRY]
    assert len(working) <= 1, "an exit and a stop, or two of them, work for one quantity"
    sign, step = actor.history.side.sign, actor.world.position().instrument.step_size
    towards = decimals.mul(actor.venue.net, Decimal(sign))
    assert towards > -step
    assert held_of(actor.world.position()) > -step


def _never_looser(actor: Actor, position: Position) -> None:
    stop, before = position.stop, actor.best_stop
    if before is not None:
        assert stop is not None
        assert tighter(position.side, before, stop) == stop
    actor.best_stop = stop


def _covered(world: World, position: Position) -> None:
    """What is open is behind a stop in the index, or an exit for it is on its way."""
    if not is_sellable(position):
        return
    index = world.state.index_of(position.symbol)
    best = index.best_ticks(position.position_id, position.side)
    if best is not None:
        stop = index.low if position.side is Side.LONG else index.high
        assert position.stop is not None
        found = position.instrument.price(stop)
        assert tighter(position.side, position.stop, found) == found
        return
    assert position.exit_reason is not None
    leaving = position.exit_order
    works = leaving is not None and not leaving.status.is_terminal
    taken_back = position.working_stop is not None  # its fate first, then the market
    assert works or taken_back or position.retry_at  # at the next passing of time


def _intents_agree(world: World, position: Position) -> None:
    unresolved = {intent.client_order_id for intent in world.book.unresolved()}
    for order in position.orders:
        assert (order.client_order_id in unresolved) == (not order.status.is_terminal)


def hold_at_the_end(actor: Actor) -> None:
    """Assert what holds once everything was said: the books agree with the venue."""
    world, position, venue = actor.world, actor.world.position(), actor.venue
    assert actor.is_over()
    assert net_base(position) == venue.net
    assert position.entry_qty.value == venue.executed(IntentKind.ENTRY)
    left = (venue.executed(IntentKind.EXIT), venue.executed(IntentKind.VENUE_STOP))
    assert position.exit_qty.value == sum(left)
    assert not world.book.unresolved()
    if position.status is _S.CLOSED:
        assert position.dust == venue.net
        assert position.realized_pnl == world.state.ledger.realized_total
