"""The tables, once for every database: text and whole numbers, never a float.

Bodies are canonical text; the columns beside them repeat what queries need. ``arrival`` keeps
the order in which rows first came.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite's name for that in a primary key is INTEGER."""

metadata: Final = MetaData()

_LIVE_REF: Final = text("venue_position_ref IS NOT NULL AND status != 'Closed'")


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, NUMBER, nullable=False)


def _arrival() -> Column[int]:
    return Column("arrival", NUMBER, Identity(), primary_key=True)


meta: Final = Table("meta", metadata, Column("key", Text, primary_key=True), _text("value"))
events: Final = Table(
    "events",
    metadata,
    Column("sequence", NUMBER, primary_key=True, autoincrement=False),
    _text("position_id"),
    _text("event_type"),
    _text("body"),
    _text("hash"),
    Index("events_of_position", "position_id", "sequence"),
)
intents: Final = Table(
    "intents",
    metadata,
    _arrival(),
    _text("intent_id"),
    _text("position_id"),
    _text("kind"),
    _number("n"),
    _text("client_order_id"),
    _text("status"),
    _number("ts_created"),
    _text("body"),
    UniqueConstraint("intent_id", name="intent_once"),
    UniqueConstraint("client_order_id", name="intent_order_once"),
    UniqueConstraint("position_id", "kind", "n", name="intent_place_once"),
)
positions: Final = Table(
    "positions",
    metadata,
    _arrival(),
    _text("id"),
    _text("symbol"),
    _text("side"),
    _text("status"),
    _number("armed_at"),
    _text("body"),
    Column("kind", Text, nullable=False, server_default=text("'core'")),
    Column("venue_position_ref", Text, nullable=True),
    UniqueConstraint("id", name="position_once"),
    Index("positions_by_status", "status"),
    Index(
        "positions_by_venue_position_ref",
        "venue_position_ref",
        sqlite_where=_LIVE_REF,
        postgresql_where=_LIVE_REF,
    ),
)
orders: Final = Table(
    "orders",
    metadata,
    _arrival(),
    _text("client_order_id"),
    _text("position_id"),
    _text("status"),
    _number("ts_created"),
    _text("body"),
    UniqueConstraint("client_order_id", name="order_once"),
    Index("orders_of_position", "position_id"),
)
detectors: Final = Table(
    "detectors",
    metadata,
    _arrival(),
    _text("position_id"),
    _text("name"),
    _number("version"),
    _text("data"),
    _number("mark"),
    UniqueConstraint("position_id", name="detector_once"),
)
snapshots: Final = Table(
    "snapshots",
    metadata,
    Column("sequence", NUMBER, primary_key=True, autoincrement=False),
    _text("hash"),
    _text("seal"),
    _text("body"),
)
