"""A venue in memory that misbehaves on demand."""

from robson_connectors.memory.connector import MemoryConnector, MemoryTerms
from robson_connectors.memory.factory import connector
from robson_connectors.memory.faults import Fault, FaultKind, Operation

__all__ = ["Fault", "FaultKind", "MemoryConnector", "MemoryTerms", "Operation", "connector"]
