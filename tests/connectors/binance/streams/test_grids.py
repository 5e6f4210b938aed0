"""Prices as whole ticks: the quick way and the exact way say the same."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.grids import Grid
from robson_domain import decimals
from robson_domain.errors import ValidationError

_sizes = st.sampled_from(["0.01", "0.00001", "1", "0.5", "25", "0.025", "1000"])
_texts = st.one_of(
    st.text("0123456789.", max_size=12),
    st.text("0123456789.-+eE \u00b2\u0663", max_size=8),
    st.builds("{}.{}".format, st.integers(0, 10**22), st.integers(0, 10**10)),
    st.builds(
        "{}.{}{}".format, st.integers(0, 9), st.just("5"), st.integers(0, 250).map("0".__mul__)
    ),
    st.integers(0, 10**22).map(str),
)


def exactly(size: str, text: str) -> int | None:
    """Count with Decimals alone."""
    try:
        number = decimals.to_decimal(text, "price")
    except ValidationError:
        return None
    step = decimals.to_decimal(size, "size")
    count = decimals.floor_div(number, step)
    return count if number >= 0 and decimals.mul(step, Decimal(count)) == number else None


@given(size=_sizes, text=_texts)
def test_every_text(size: str, text: str) -> None:
    grid, expected = Grid("price", size, "look again"), exactly(size, text)
    for _ in range(2):
        if expected is None:
            with pytest.raises(ValidationError):
                grid.count(text)
        else:
            assert grid.count(text) == expected


def test_what_is_remembered_does_not_grow() -> None:
    grid = Grid("price", "0.01", "look again")
    for number in range(20_000):
        assert grid.count(f"{number}.00") == number * 100
    assert len(grid.known) <= 4_096


def test_the_hint_says_what_to_do() -> None:
    with pytest.raises(ValidationError, match=r"not a multiple of 0\.01; look again"):
        Grid("price", "0.01", "look again").count("0.001")


@given(
    size=_sizes,
    number=st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=6),
)
def test_rounded_it_is_the_nearest_and_told(size: str, number: Decimal) -> None:
    told: list[str] = []
    text, step = f"{number:f}", Decimal(size)
    count = Grid("price", size, "", told.append).count(text)
    assert abs(step * count - number) <= step / 2
    assert bool(told) == (exactly(size, text) is None)
