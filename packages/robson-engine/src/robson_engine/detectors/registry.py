"""Which detectors there are, and how one is made from what the person asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from robson_domain import (
    DetectorSpec,
    Instrument,
    PositionId,
    Side,
    Symbol,
    ValidationError,
)
from robson_domain.ports import DetectorPort
from robson_engine.detectors.base import SignalDetector, Watch
from robson_engine.detectors.breakout import Breakout
from robson_engine.detectors.delay import Delay
from robson_engine.detectors.ma_crossover import MaCrossover
from robson_engine.detectors.manual import Manual
from robson_engine.detectors.trial import Trial

DETECTORS: Final[Mapping[str, type[SignalDetector]]] = MappingProxyType(
    {detector.NAME: detector for detector in (MaCrossover, Breakout, Delay, Manual, Trial)}
)
"""The built-in detectors by name; the first is the default of ``robson arm``."""


class DetectorType(Protocol):
    """What the entry point group ``robson.detectors`` names: a class with this class method."""

    def create(self, given: Iterable[tuple[str, str]], watch: Watch) -> DetectorPort:
        """Return a detector for ``watch`` with the parameters ``given``, as text.

        Raises:
            ValidationError: For a parameter that is unknown or has a bad value.
        """
        ...


def create_detector(
    spec: DetectorSpec,
    *,
    position_id: PositionId,
    symbol: Symbol,
    side: Side,
    instrument: Instrument,
    registry: Mapping[str, DetectorType] = DETECTORS,
) -> DetectorPort:
    """Return the detector that ``spec`` asks for, fresh.

    Args:
        registry: Detectors by name; pass ``{**DETECTORS, **plug_ins}`` to admit others.

    Raises:
        ValidationError: For an unknown name (field ``strategy``), for a parameter that is unknown
            or has a bad value (field: its name), or for the instrument of another pair.
    """
    if spec.name not in registry:
        known = ", ".join(registry)
        raise ValidationError(
            "strategy", f"{spec.name[:40]!r} is not known; choose one of {known}, e.g. manual"
        )
    if instrument.symbol != symbol:
        raise ValidationError("symbol", f"{symbol} with the rules of {instrument.symbol}")
    watch = Watch(position_id=position_id, symbol=symbol, side=side, instrument=instrument)
    return registry[spec.name].create(spec.params, watch)
