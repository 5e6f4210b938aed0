"""Proofs from the stored files themselves, without a daemon; nothing is written."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from robsond.cli import local
from robsond.cli.errors import (
    EXIT_FAILED,
    EXIT_NOT_FOUND,
    EXIT_UNREACHABLE,
    EXIT_UNVERIFIED,
    CliError,
    usage,
)

if TYPE_CHECKING:
    from robson_domain import Head, Store, StoreError
    from robsond.settings import Settings

Json = dict[str, Any]
T = TypeVar("T")


def verify(data_dir: str | None) -> Json:
    """Return whether the log verifies, in the shape of ``GET /api/verify-log``.

    Raises:
        CliError: When there is no log, or it cannot be read.
    """
    return _run(_verify(settings_of(data_dir)))


def replay(data_dir: str | None) -> Json:
    """Return whether folding the log gives the stored state, in the shape of ``GET /api/replay``.

    Raises:
        CliError: When there is no log, or it cannot be read.
    """
    return _run(_replay(settings_of(data_dir)))


def events(data_dir: str | None) -> list[Json]:
    """Return every event as stored.

    Raises:
        CliError: When there is no log, or it cannot be read.
    """
    return _run(_events(settings_of(data_dir)))


async def _verify(settings: Settings) -> Json:
    from robsond import compose, proofs

    async with compose.offline_store(settings) as store:
        exported = compose.exported_head(settings)
        found = await proofs.verify(store, exported, compose.verify_store)
    return {
        "ok": not found.problem,
        "head": _head(found.head),
        "checked": found.checked,
        "problem": found.problem or None,
        "sequence": found.sequence or None,
        "note": found.note or None,
    }


async def _replay(settings: Settings) -> Json:
    from robson_domain import Money
    from robsond import compose, proofs

    async with compose.offline_store(settings) as store:
        recovered = await store.recover()
        snapshot = recovered.snapshot
        capital = snapshot.ledger.capital if snapshot else Money(settings.capital)
        config = compose.engine_config(settings, store.epoch)
        found = await proofs.replay(store, config, capital)
    return {
        "ok": not found.problem,
        "events": found.events,
        "positions": found.positions,
        "head": _head(found.head),
        "state_hash": found.state_hash,
        "problem": found.problem or None,
    }


async def _events(settings: Settings) -> list[Json]:
    from robsond import compose

    async with compose.offline_store(settings) as store:
        return await _encoded(store)


async def _encoded(store: Store) -> list[Json]:
    from robson_domain import codec

    found: list[Any] = [codec.encode(event) async for event in store.events.read(0)]
    return found


def _head(head: Head) -> Json:
    return {"sequence": head.sequence, "hash": head.hash, "epoch": head.epoch}


def settings_of(data_dir: str | None) -> Settings:
    """Return the settings of the environment and the file, for a directory when one is named.

    Raises:
        CliError: When they cannot be used.
    """
    from robson_domain import ConfigurationError
    from robsond.settings import load

    try:
        return load(_environment(data_dir)).settings
    except ConfigurationError as error:
        raise usage("", str(error)) from None


def _environment(data_dir: str | None) -> Mapping[str, str]:
    if data_dir is None:
        return os.environ
    chosen = {**os.environ, "ROBSON_DATA_DIR": data_dir}
    if local.is_file(os.path.join(data_dir, "robson.db")):
        # The directory was named and holds its own log; another database is not meant.
        chosen.pop("DATABASE_URL", None)
    return chosen


def _run(work: Coroutine[Any, Any, T]) -> T:
    import asyncio

    from robson_domain import ConfigurationError, StoreError

    try:
        return asyncio.run(work)
    except ConfigurationError as error:
        raise CliError(
            "NO_LOG", f"{error}; name the data directory with --data-dir", exit_code=EXIT_NOT_FOUND
        ) from None
    except StoreError as error:
        raise _untrusted(error) from None


def _untrusted(error: StoreError) -> CliError:
    from robsond.trouble import IN_USE, UNREADABLE, trouble_of

    trouble = trouble_of(error)
    ends = {IN_USE: EXIT_UNREACHABLE, UNREADABLE: EXIT_FAILED}.get(trouble.code, EXIT_UNVERIFIED)
    return CliError(trouble.code, f"{error}. {trouble.advice}", exit_code=ends)
