"""The first tables: log, journal, states, snapshots."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _arrival() -> sa.Column[int]:
    return sa.Column("arrival", _NUMBER, sa.Identity(), primary_key=True)


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, _NUMBER, nullable=False)


def upgrade() -> None:
    """Make them."""
    op.create_table("meta", sa.Column("key", sa.Text, primary_key=True), *_text("value"))
    _make_log()
    _make_journal()
    _make_states()


def _make_log() -> None:
    op.create_table(
        "events",
        sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
        *_text("position_id", "event_type", "body", "hash"),
    )
    op.create_index("events_of_position", "events", ["position_id", "sequence"])
    op.create_table(
        "snapshots",
        sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
        *_text("hash", "seal", "body"),
    )


def _make_journal() -> None:
    op.create_table(
        "intents",
        _arrival(),
        *_text("intent_id", "position_id", "kind"),
        _number("n"),
        *_text("client_order_id", "status"),
        _number("ts_created"),
        *_text("body"),
        sa.UniqueConstraint("intent_id", name="intent_once"),
        sa.UniqueConstraint("client_order_id", name="intent_order_once"),
        sa.UniqueConstraint("position_id", "kind", "n", name="intent_place_once"),
    )


def _make_states() -> None:
    op.create_table(
        "positions",
        _arrival(),
        *_text("id", "symbol", "side", "status"),
        _number("armed_at"),
        *_text("body"),
        sa.UniqueConstraint("id", name="position_once"),
    )
    op.create_index("positions_by_status", "positions", ["status"])
    op.create_table(
        "orders",
        _arrival(),
        *_text("client_order_id", "position_id", "status"),
        _number("ts_created"),
        *_text("body"),
        sa.UniqueConstraint("client_order_id", name="order_once"),
    )
    op.create_index("orders_of_position", "orders", ["position_id"])
    op.create_table(
        "detectors",
        _arrival(),
        *_text("position_id", "name"),
        _number("version"),
        *_text("data"),
        _number("mark"),
        sa.UniqueConstraint("position_id", name="detector_once"),
    )


def downgrade() -> None:
    """Drop them, with everything they hold."""
    for table in ("detectors", "orders", "positions", "intents", "snapshots", "events", "meta"):
        op.drop_table(table)
