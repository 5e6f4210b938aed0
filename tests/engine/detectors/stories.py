"""Random markets, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from robson_domain import PriceOrigin, TradeTick
from tests.engine.detectors.making import SECOND, START, Shown, tick


@st.composite
def walks(draw: st.DrawFn, *, size: int = 60, step: int = 4) -> list[TradeTick]:
    """Live trades on a random walk, up to 90 s apart, in the order of their venue times."""
    moves = draw(
        st.lists(st.tuples(st.integers(-step, step), st.integers(0, 90)), min_size=1, max_size=size)
    )
    price, at, found = 1_000, 0, []
    for move, seconds in moves:
        price, at = price + move, at + seconds * SECOND
        found.append(tick(price, at))
    return found


@st.composite
def stories(draw: st.DrawFn, *, size: int = 60) -> list[Shown]:
    """Trades of every origin, somewhat out of order, and passing time, as a daemon sees them."""
    steps = draw(
        st.lists(
            st.tuples(
                st.integers(-4, 4),
                st.integers(0, 40),
                st.sampled_from((0, 0, 0, -1, 1, -30, 30)),
                st.sampled_from((*[PriceOrigin.LIVE] * 5, PriceOrigin.GAP, PriceOrigin.REST, None)),
            ),
            min_size=12,
            max_size=size,
        )
    )
    price, at = 1_000, 0
    story: list[Shown] = []
    for move, seconds, late, origin in steps:
        price, at = price + move, at + seconds * SECOND
        if origin is None:
            story.append(START + at)
        else:
            story.append(tick(price, at + late * SECOND, origin=origin, received=at))
    return story
