"""What every SQL store asks once its tables are there: who am I, and where does the log end."""

from __future__ import annotations

from robson_domain import Head, Ids, StoreError
from robson_domain.chain import genesis
from robson_store.database import Database, Write
from robson_store.records import EPOCH_KEY
from robson_store.statements import Statements


async def epoch_of(database: Database, statements: Statements, ids: Ids) -> str:
    """Return the epoch of ``database``; a new one gets it here.

    Raises:
        StoreError: When there is a log but no epoch: its ids could not be told any more.
    """
    rows = await database.fetch(statements.get_meta, (EPOCH_KEY,))
    if rows:
        return str(rows[0][0])
    if await database.fetch(statements.head):
        raise StoreError("the database holds a log, but the row with its epoch is missing")
    epoch = ids.new_id("epoch")
    await database.write([Write(statements.put_meta, [(EPOCH_KEY, epoch)])])
    return epoch


async def stored_head(database: Database, statements: Statements, epoch: str) -> Head:
    """Return the end of the log as the database has it."""
    rows = await database.fetch(statements.head)
    sequence, digest = rows[0] if rows else (0, genesis(epoch))
    return Head(epoch=epoch, sequence=sequence, hash=digest)
