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
from robson_engine.protection.overshot import Overshot, overshot_of
from robson_engine.protection.resting import covered_by_stops, is_ours, locking
from robson_engine.protection.taken import taken_by
from robson_engine.protection.traces import beyond_flat, names_of, net_of, shows_no_trace

__all__ = [
    "GUARD_DISTANCE",
    "Difference",
    "External",
    "Guard",
    "Overshot",
    "OwnTrades",
    "beyond_flat",
    "covered_by_stops",
    "difference_of",
    "external_of",
    "follow",
    "is_ours",
    "locking",
    "names_of",
    "net_of",
    "overshot_of",
    "refs_of",
    "shows_no_trace",
    "since_flat",
    "stop_of",
    "taken_by",
]
