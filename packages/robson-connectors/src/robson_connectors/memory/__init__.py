"""A venue in memory that misbehaves on demand."""

from robson_connectors.memory.connector import MemoryConnector, MemoryTerms
from robson_connectors.memory.factory import connector
from robson_connectors.memory.faults import Fault, FaultKind, Operation
from robson_connectors.memory.holdings import MemoryHoldings
from robson_connectors.memory.lending import MemoryLending

__all__ = [
    "Fault",
    "FaultKind",
    "MemoryConnector",
    "MemoryHoldings",
    "MemoryLending",
    "MemoryTerms",
    "Operation",
    "connector",
]
