"""Detectors: each waits for one signal for one position, then is gone.

They are pure: what a detector says is a function of the bars, prices and times it was shown, so
its state can be written down, restored and replayed. :mod:`.base` says which prices count,
:mod:`.stops` how the technical stop is found, each detector's module what it waits for.

Others come by the entry point group ``robson.detectors``; the application loads those that the
settings allow and hands them to :func:`create_detector` as part of its ``registry``.
"""

from robson_engine.detectors.base import SignalDetector, Watch
from robson_engine.detectors.params import COMMON, INTERVALS, Param, Params
from robson_engine.detectors.registry import DETECTORS, DetectorType, create_detector

__all__ = [
    "COMMON",
    "DETECTORS",
    "INTERVALS",
    "DetectorType",
    "Param",
    "Params",
    "SignalDetector",
    "Watch",
    "create_detector",
]
