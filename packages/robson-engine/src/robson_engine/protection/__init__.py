"""Protection of what the person opened by hand: what it is, and where its stop lies. Pure."""

from robson_engine.protection.differences import Difference, difference_of
from robson_engine.protection.external import (
    External,
    OwnTrades,
    external_of,
    refs_of,
    since_flat,
)
from robson_engine.protection.guards import GUARD_DISTANCE, Guard, follow, stop_of
from robson_engine.protection.resting import covered_by_stops, is_ours, locking

__all__ = [
    "GUARD_DISTANCE",
    "Difference",
    "External",
    "Guard",
    "OwnTrades",
    "covered_by_stops",
    "difference_of",
    "external_of",
    "follow",
    "is_ours",
    "locking",
    "refs_of",
    "since_flat",
    "stop_of",
]
