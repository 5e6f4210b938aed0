"""The pairs of the simulated market."""

from __future__ import annotations

from typing import Final

import attrs

from robson_connectors.recording.sizes import WELL_KNOWN
from robson_domain.errors import ValidationError
from robson_domain.instrument import Instrument
from robson_domain.symbols import Symbol
from robson_domain.values import Price


@attrs.frozen(kw_only=True)
class PairSpec:
    """How one pair of the simulated market is made.

    Attributes:
        start: Price around which it moves; a multiple of the tick size.
        interval_ns: Time from trade to trade, ns, on average.
    """

    instrument: Instrument
    start: Price
    interval_ns: int = 200_000_000

    def __attrs_post_init__(self) -> None:
        self.instrument.ticks(self.start)
        if self.interval_ns < 1_000:
            raise ValidationError("interval_ns", "must be at least 1000 (a microsecond)")

    @property
    def symbol(self) -> Symbol:
        """The pair."""
        return self.instrument.symbol


def _known(symbol: str, start: int) -> PairSpec:
    return PairSpec(instrument=WELL_KNOWN[Symbol(symbol)], start=Price(start))


DEFAULT_PAIRS: Final = (_known("BTCUSDT", 60_000), _known("ETHUSDT", 3_000), _known("SOLUSDT", 150))
"""Traded when nobody asks for other pairs: about five trades a second each."""
