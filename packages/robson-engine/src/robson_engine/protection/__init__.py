"""Protection of what the person opened by hand: what it is, and where its stop lies. Pure."""

from robson_engine.protection.external import External, OwnTrades, external_of
from robson_engine.protection.guards import GUARD_DISTANCE, Guard, follow, stop_of

__all__ = [
    "GUARD_DISTANCE",
    "External",
    "Guard",
    "OwnTrades",
    "external_of",
    "follow",
    "stop_of",
]
