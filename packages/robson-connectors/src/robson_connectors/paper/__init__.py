"""Paper trading: simulated orders on a simulated or recorded market (extra ``paper``)."""

from robson_connectors.paper.account import open_simulated_market
from robson_connectors.paper.connector import PaperConnector
from robson_connectors.paper.factory import connector
from robson_connectors.paper.market import (
    DEFAULT_PAIRS,
    PairSpec,
    PaperMarket,
    RecordedMarket,
    SimulatedMarket,
)

__all__ = [
    "DEFAULT_PAIRS",
    "PairSpec",
    "PaperConnector",
    "PaperMarket",
    "RecordedMarket",
    "SimulatedMarket",
    "connector",
    "open_simulated_market",
]
