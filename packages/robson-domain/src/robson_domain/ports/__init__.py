"""What the core's shells ask of the world: small protocols, duties in the docstrings."""

from robson_domain.ports.detection import DetectorPort
from robson_domain.ports.execution import ExecutionPort, NewOrder
from robson_domain.ports.holdings import HoldingsPort
from robson_domain.ports.lending import Debt, LendingPort
from robson_domain.ports.market_data import MarketDataPort
from robson_domain.ports.storage import (
    EventRepository,
    IntentJournal,
    OrderRepository,
    PositionRepository,
    Recovered,
    Spent,
    Store,
    StoredEvent,
)
from robson_domain.ports.system import AlertSink, Clock, Ids
from robson_domain.ports.ticks import TickStore

__all__ = [
    "AlertSink",
    "Clock",
    "Debt",
    "DetectorPort",
    "EventRepository",
    "ExecutionPort",
    "HoldingsPort",
    "Ids",
    "IntentJournal",
    "LendingPort",
    "MarketDataPort",
    "NewOrder",
    "OrderRepository",
    "PositionRepository",
    "Recovered",
    "Spent",
    "Store",
    "StoredEvent",
    "TickStore",
]
