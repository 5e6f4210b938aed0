"""Bringing a database to this version's tables, by the revisions in ``migrations/``.

Every revision runs in one transaction: a database is at one revision or at the next, never
between. A database of a revision that this build does not have is refused before anything else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from robson_domain import UnknownSchema

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

REVISIONS: Final = ("0001", "0002")
"""Every revision, oldest first; the last is this build's."""
LATEST: Final = REVISIONS[-1]
REVISION_TABLE: Final = "alembic_version"
_FOLDER: Final = Path(__file__).parent / "migrations"


def needs_upgrade(tables: set[str], revisions: list[str]) -> bool:
    """Say whether revisions are missing.

    Args:
        tables: Names of the tables that are there.
        revisions: What the revision table holds.

    Raises:
        UnknownSchema: When a newer version wrote it, or something that is not Robson.
    """
    if not revisions and tables <= {REVISION_TABLE}:
        return True
    if len(revisions) != 1:
        raise UnknownSchema("the database holds tables that are not Robson's; use another one")
    if revisions[0] not in REVISIONS:
        raise UnknownSchema(
            f"the database is at revision {revisions[0]:.20}, this version knows up to {LATEST};"
            " use the newer version that wrote it"
        )
    return revisions[0] != LATEST


def upgrade(connection: Connection) -> None:
    """Run every missing revision on ``connection``."""
    # Slow to import, and needed once in the life of a database.
    from alembic import command

    command.upgrade(config_for(connection), LATEST)


def config_for(connection: Connection) -> Config:
    """Return alembic's configuration for the revisions that ship with this package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _FOLDER.as_posix().replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
