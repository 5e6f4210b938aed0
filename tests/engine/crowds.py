"""Many open positions on one pair, and random prices for them.

The risk gate lets core hold one position a pair; a crowd comes of positions that need a person
and, one day, of hedged venues. The engine does not count on there being one.
"""

from __future__ import annotations

from typing import Any, Final

import attrs
from hypothesis import strategies as st

from robson_domain import (
    Event,
    ExitTriggered,
    Input,
    Position,
    PositionId,
    PositionStatus,
    Price,
    PriceDelta,
    PriceOrigin,
    Side,
    TimePassed,
    TradeTick,
)
from robson_domain.testing import a_position, an_instrument
from robson_domain.testing.builders import SYMBOL, T0
from robson_engine import stop_for
from tests.engine.world import MS, World

SCALE: Final = an_instrument()
MIDDLE: Final = 10_000
"""Price around which everything happens, in ticks."""


@attrs.frozen(kw_only=True)
class Member:
    """One position of a crowd; ``mark`` is the trade up to which prices are in it."""

    side: Side
    best: int
    distance: str
    is_error: bool
    mark: int
    logged_ms_ago: int


members = st.builds(
    Member,
    side=st.sampled_from(Side),
    best=st.integers(MIDDLE - 3, MIDDLE + 3),
    distance=st.sampled_from(["0.05", "0.055", "0.1", "0.101", "0.2"]),
    is_error=st.booleans(),
    mark=st.integers(0, 12),
    logged_ms_ago=st.integers(0, 300),
)


def crowds(*, same_mark: bool = True) -> st.SearchStrategy[tuple[Position, ...]]:
    """Return crowds of one to eight positions, their prices up to one trade or each to its own."""

    def crowd(drawn: list[Member]) -> tuple[Position, ...]:
        return tuple(_made(number, each, same_mark) for number, each in enumerate(drawn, start=1))

    return st.lists(members, min_size=1, max_size=8).map(crowd)


def _made(number: int, member: Member, same_mark: bool) -> Position:
    best, distance = SCALE.price(member.best), PriceDelta(member.distance)
    return a_position(
        PositionStatus.ERROR if member.is_error else PositionStatus.ACTIVE,
        member.side,
        position_id=PositionId(f"p{number}"),
        best=best,
        stop_distance=distance,
        stop=stop_for(SCALE, member.side, best, distance),
        mark=0 if same_mark else member.mark,
        summarized_at=T0 - member.logged_ms_ago * MS,
        sequence=0,
    )


steps = st.tuples(
    st.sampled_from([-9, -4, -2, -1, 0, 0, 1, 2, 4, 9]),
    st.sampled_from([0, 1, 50, 100, 199, 200, 1000]),
    st.sampled_from([*[PriceOrigin.LIVE] * 6, PriceOrigin.REST, PriceOrigin.GAP, None]),
)


def markets(size: int = 40, first_id: int = 1) -> st.SearchStrategy[list[Input]]:
    """Return random trades with ascending ids, some asked-for prices, and passing time."""

    def told(drawn: list[tuple[int, int, PriceOrigin | None]]) -> list[Input]:
        ticks, now, trade_id, found = MIDDLE, T0, first_id - 1, list[Input]()
        for move, ms, origin in drawn:
            ticks, now = ticks + move, now + ms * MS
            if origin is None:
                found.append(TimePassed(ts_received=now))
                continue
            trade_id += origin is not PriceOrigin.REST
            shown = 0 if origin is PriceOrigin.REST else trade_id
            found.append(TradeTick(SYMBOL, ticks, shown, now, now, 1, origin))
        return found

    return st.lists(steps, min_size=1, max_size=size).map(told)


@attrs.define(kw_only=True)
class Followed:
    """The obvious way to trail one position: look at every price, count exactly."""

    position: Position
    best: Price
    stop: Price
    exit_price: Price | None = None

    @classmethod
    def of(cls, position: Position) -> Followed:
        assert position.best is not None
        assert position.stop is not None
        return cls(position=position, best=position.best, stop=position.stop)

    def see(self, tick: TradeTick) -> None:
        """Test the old stop, then raise."""
        price, side = SCALE.price(tick.ticks), self.position.side
        if self.exit_price is not None:
            return
        if (price <= self.stop) if side is Side.LONG else (price >= self.stop):
            self.exit_price = price
        elif tick.origin is not PriceOrigin.REST:
            pick = max if side is Side.LONG else min
            self.best = pick(self.best, price)
            distance = self.position.stop_distance
            assert distance is not None
            moved = self.best.minus(distance) if side is Side.LONG else self.best.plus(distance)
            self.stop = pick(self.stop, SCALE.round_stop_tighter(moved, side))


def crowd_world(crowd: tuple[Position, ...], **facts: Any) -> World:
    """Return a world in which a crowd is open."""
    world = World(start=crowd, **facts)
    world.now = T0
    return world


def exits(events: list[Event]) -> dict[PositionId, tuple[Price | None, Price | None]]:
    """Return at which price and stop each position was left."""
    return {
        event.position_id: (event.price, event.stop)
        for event in events
        if isinstance(event, ExitTriggered)
    }
