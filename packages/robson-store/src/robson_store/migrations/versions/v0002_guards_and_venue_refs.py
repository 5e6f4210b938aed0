"""Whose a position is, and what the venue's own records call it.

``venue_position_ref`` is the idea that earlier designs of such tables named
``binance_position_id``, under a name that fits every venue. It is null where the venue has not
said anything yet, and for every position entered before this revision: nobody knows it of them,
and what is stored is not rewritten. Every position of before is core's; guards came with this.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INDEX = "positions_by_venue_position_ref"
_LIVE = sa.text("venue_position_ref IS NOT NULL AND status != 'Closed'")


def upgrade() -> None:
    """Add both columns, and an index over the references of positions that are not closed."""
    op.add_column(
        "positions", sa.Column("kind", sa.Text, nullable=False, server_default=sa.text("'core'"))
    )
    op.add_column("positions", sa.Column("venue_position_ref", sa.Text, nullable=True))
    op.create_index(
        _INDEX, "positions", ["venue_position_ref"], sqlite_where=_LIVE, postgresql_where=_LIVE
    )


def downgrade() -> None:
    """Drop them. Bodies stay as they are; an older version refuses those it cannot read."""
    op.drop_index(_INDEX, table_name="positions")
    op.drop_column("positions", "venue_position_ref")
    op.drop_column("positions", "kind")
