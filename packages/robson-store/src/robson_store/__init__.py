"""Where Robson keeps its journal, events and ticks: memory, SQLite and PostgreSQL."""

from robson_store.database import InUse, Unreadable
from robson_store.heads import HeadDamaged, read_head
from robson_store.opening import OpenedStore, migrate, open, open_read_only
from robson_store.verification import verify

__all__ = [
    "HeadDamaged",
    "InUse",
    "OpenedStore",
    "Unreadable",
    "migrate",
    "open",
    "open_read_only",
    "read_head",
    "verify",
]
