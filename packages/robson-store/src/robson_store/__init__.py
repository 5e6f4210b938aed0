"""Where Robson keeps its journal, events and ticks: memory, SQLite and PostgreSQL."""
