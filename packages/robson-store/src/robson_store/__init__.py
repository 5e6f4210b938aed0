"""Where Robson keeps its journal, events and ticks: memory, SQLite and PostgreSQL."""

from robson_store.heads import read_head
from robson_store.opening import OpenedStore, migrate, open
from robson_store.verification import verify

__all__ = ["OpenedStore", "migrate", "open", "read_head", "verify"]
