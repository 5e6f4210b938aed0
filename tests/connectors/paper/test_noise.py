"""Prices out of whole numbers."""

from __future__ import annotations

import ast
import inspect
import itertools

from robson_connectors.paper import noise
from robson_connectors.paper.noise import OCTAVES, Octave, PricePath, mixed, seed_of

START = 6_000_000


def test_the_same_arguments_make_the_same_price() -> None:
    path, again = PricePath(seed_of(1, "a"), START, 100), PricePath(seed_of(1, "a"), START, 100)
    forward = [path.ticks(n) for n in range(-500, 500)]
    assert [again.ticks(n) for n in range(499, -501, -1)] == forward[::-1]


def test_other_seeds_make_other_prices() -> None:
    one, other = PricePath(seed_of(1, "a"), START, 100), PricePath(seed_of(2, "a"), START, 100)
    assert [one.ticks(n) for n in range(50)] != [other.ticks(n) for n in range(50)]
    assert seed_of("ab", "c") != seed_of("a", "bc")


def test_these_very_numbers() -> None:
    """Paper accounts hold fills at these prices: another formula needs another version."""
    path = PricePath(seed_of(1, "BTCUSDT", "price"), START, 100)
    assert [path.ticks(n) for n in (-1_000, 0, 1, 1_000_000)] == GOLDEN
    assert mixed(1, 2) == 13_757_245_211_066_428_519


GOLDEN = [5_938_574, 5_952_426, 5_952_493, 5_788_136]


def test_the_price_stays_around_its_start() -> None:
    most = START * (sum(height for _, height in OCTAVES) + noise.FLICKER_PPM) // 1_000_000
    path = PricePath(seed_of(3), START, 100)
    prices = [path.ticks(n) for n in range(0, 2_000_000, 997)]
    assert all(abs(price - START) <= most for price in prices)
    assert max(prices) > START + most // 5
    assert min(prices) < START - most // 5


def test_neighbors_are_close() -> None:
    path = PricePath(seed_of(4), START, 100)
    steps = [abs(b - a) for a, b in itertools.pairwise(path.ticks(n) for n in range(20_000))]
    assert max(steps) < START // 500
    assert sum(step == 0 for step in steps) < len(steps) // 10


def test_an_octave_is_level_where_cells_meet() -> None:
    octave = Octave(7, 100)
    for meeting in range(-500, 500, 100):
        around = [octave.at(meeting + offset) for offset in (-1, 0, 1)]
        assert max(around) - min(around) <= 2 * 65_536 * 3 // 100**2 + 2


def test_without_volatility_nothing_moves() -> None:
    path = PricePath(seed_of(4), START, 0)
    assert {path.ticks(n) for n in range(300)} == {START}


def test_a_price_is_at_least_one_tick() -> None:
    path = PricePath(seed_of(4), 1, 1_000)
    assert {path.ticks(n) for n in range(3_000)} == {1}


def test_there_is_no_float_in_it() -> None:
    """Floats round differently from machine to machine; whole numbers do not."""
    tree = ast.parse(inspect.getsource(noise))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Div)
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
