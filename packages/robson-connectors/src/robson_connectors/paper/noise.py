"""Prices as a pure function of (seed, pair, trade number), in whole numbers throughout.

Value noise over several octaves, plus a hashed flicker per trade: neighbors are close, swings
of every length occur, and the price stays around its start for ever. Whole numbers, so that it
is the same on every machine and Python.
"""

from __future__ import annotations

import hashlib
from typing import Final

_MASK: Final = (1 << 64) - 1
_UNIT_BITS: Final = 16
_UNIT: Final = 1 << _UNIT_BITS
_PPM: Final = 1_000_000

OCTAVES: Final = ((9_000, 20_000), (1_800, 12_000), (600, 16_000), (120, 12_000), (30, 2_000))
"""Length of a swing in trades, and its largest height in millionths of the start price."""
FLICKER_PPM: Final = 40
"""Largest height of the flicker from trade to trade, in millionths of the start price."""


def seed_of(*parts: object) -> int:
    """Return a 64-bit number that depends on every part and on nothing else."""
    text = "\n".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def mixed(key: int, number: int) -> int:
    """Return 64 well-mixed bits of ``number`` under ``key``."""
    bits = (key + number * 0x9E3779B97F4A7C15) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


def _signed(key: int, number: int) -> int:
    """Return a whole number in [-65536, 65536)."""
    return (mixed(key, number) >> (64 - _UNIT_BITS - 1)) - _UNIT


class Octave:
    """One layer: random heights every ``length`` trades, and a smooth way between them."""

    __slots__ = ("_cell", "_from", "_key", "_length", "_to", "_volume")

    def __init__(self, key: int, length: int) -> None:
        self._key = key
        self._length = length
        self._volume = length * length * length
        self._cell = -1
        self._from = _signed(key, -1)
        self._to = _signed(key, 0)

    def at(self, number: int) -> int:
        """Return the height at trade ``number``, in [-65536, 65536]."""
        cell, place = divmod(number, self._length)
        if cell != self._cell:
            self._cell = cell
            self._from = _signed(self._key, cell)
            self._to = _signed(self._key, cell + 1)
        # 3t² - 2t³ over the cell: level at both ends, no corner where cells meet.
        share = place * place * (3 * self._length - 2 * place)
        return self._from + (self._to - self._from) * share // self._volume


class PricePath:
    """The whole past and future of one pair's price.

    Args:
        key: From :func:`seed_of`.
        start: Price around which it moves, ticks.
        volatility: Height of all swings, percent of the usual.
    """

    def __init__(self, key: int, start: int, volatility: int) -> None:
        self._start = start
        self._key = key
        scale = start * volatility
        self._layers = tuple(
            (Octave(mixed(key, index), length), scale * height)
            for index, (length, height) in enumerate(OCTAVES, start=1)
        )
        self._flicker = scale * FLICKER_PPM

    def ticks(self, number: int) -> int:
        """Return the price of trade ``number`` (any whole number), ticks, at least one."""
        height = self._flicker * _signed(self._key, number)
        for octave, scale in self._layers:
            height += scale * octave.at(number)
        return max(1, self._start + height // (_UNIT * _PPM * 100))
