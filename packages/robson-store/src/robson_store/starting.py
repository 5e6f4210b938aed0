"""What every SQL store does once its tables are there: who am I, and where does the log end."""

from __future__ import annotations

from robson_domain import Head, Ids
from robson_domain.chain import genesis
from robson_store.database import Database, Write
from robson_store.heads import HeadFile
from robson_store.records import EPOCH_KEY
from robson_store.sql import SqlStore
from robson_store.statements import Statements


async def opened(
    database: Database, statements: Statements, ids: Ids, head_file: HeadFile
) -> SqlStore:
    """Return the store over ``database``; a new one gets its epoch here."""
    epoch = await _epoch(database, statements, ids)
    head = await stored_head(database, statements, epoch)
    return SqlStore(database, statements, head, head_file)


async def _epoch(database: Database, statements: Statements, ids: Ids) -> str:
    rows = await database.fetch(statements.get_meta, (EPOCH_KEY,))
    if rows:
        return str(rows[0][0])
    epoch = ids.new_id("epoch")
    await database.write([Write(statements.put_meta, [(EPOCH_KEY, epoch)])])
    return epoch


async def stored_head(database: Database, statements: Statements, epoch: str) -> Head:
    """Return the end of the log as the database has it."""
    rows = await database.fetch(statements.head)
    sequence, digest = rows[0] if rows else (0, genesis(epoch))
    return Head(epoch=epoch, sequence=sequence, hash=digest)
