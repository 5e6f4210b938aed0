"""What ``robson doctor`` finds on this machine: folder, disk, database, log, confirmation.

Nothing is written but a page to time a sync of the disk, which is removed again; a SQLite file is
opened read-only, and a PostgreSQL server is told to refuse every write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import attrs

from robson_domain import ConfigurationError, Head, Store, StoredEvent, StoreError
from robsond import compose, proofs
from robsond.daemon import unusable
from robsond.findings import Finding, ok, refused, warning
from robsond.live_confirm import KeptFile, Subject, database_id, needs, place_of
from robsond.settings import Settings
from robsond.system import disk, require_usable_dir
from robsond.trouble import trouble_of

ROOM_REFUSED: Final = 100 * 1024**2
ROOM_WARNING: Final = 1024**3
_MS: Final = 1_000_000
SYNC_WARNING_NS: Final = 50 * _MS
SYNC_REFUSED_NS: Final = 1000 * _MS
"""No order leaves before its intent is on the disk, an exit neither."""
_SYNCS: Final = 8
AHEAD_NS: Final = 1000 * _MS
_TELL_EVERY: Final = 500
_SQLITE: Final = "sqlite:///"
_FREE_ROOM: Final = "make room, or choose another folder (ROBSON_DATA_DIR)"


# ------------------------------------------------------------------------------------- disk


def disk_findings(settings: Settings) -> tuple[Finding, ...]:
    """Return what folder and disk are like."""
    folders = _folders(settings)
    found = [_folder(settings.data_dir)]
    for name, folder in folders.items():
        found += [_room(f"space{name}", folder), _sync(f"sync{name}", folder)]
    return (*found, _permissions(settings, tuple(folders.values())))


def _folders(settings: Settings) -> dict[str, Path]:
    """Return the folders that are written to, by what their findings are called besides."""
    database = _sqlite_file(settings)
    folders = {"": settings.data_dir}
    if database is not None and database.parent.absolute() != settings.data_dir.absolute():
        folders[" of the database"] = database.parent
    return folders


def _sqlite_file(settings: Settings) -> Path | None:
    url = compose.store_url(settings)
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def _folder(folder: Path) -> Finding:
    is_there = disk.is_there(folder)
    try:
        require_usable_dir(folder)
    except OSError as error:
        return refused("data_dir", str(unusable(folder, error)), "name one that is yours")
    if is_there:
        return ok("data_dir", f"{folder} can be written to")
    return ok("data_dir", f"{folder} is not there yet and can be made")


def _room(name: str, folder: Path) -> Finding:
    try:
        free = disk.free_bytes(disk.nearest_folder(folder))
    except OSError as error:
        return refused(name, f"the disk cannot be asked: {error.strerror}", _FREE_ROOM)
    return room_finding(name, free)


def room_finding(name: str, free: int) -> Finding:
    """Return what so many free bytes mean."""
    seen = f"{free // 1024**2} MiB are free"
    if free < ROOM_REFUSED:
        return refused(name, seen, f"{_FREE_ROOM}: on a full disk no order can be recorded")
    return warning(name, seen, _FREE_ROOM) if free < ROOM_WARNING else ok(name, seen)


def _sync(name: str, folder: Path) -> Finding:
    if not disk.is_there(folder):
        return ok(name, "not timed: the folder is not there yet")
    try:
        took = sorted(disk.sync_durations(folder, _SYNCS))
    except OSError as error:
        return refused(name, f"nothing can be saved: {error.strerror}", _FREE_ROOM)
    return sync_finding(name, took)


def sync_finding(name: str, took: list[int]) -> Finding:
    """Return what durations of syncs mean, ns, shortest first."""
    usual, worst = took[len(took) // 2], took[-1]
    seen = f"a page is on the disk after {_ms(usual)} ms, {_ms(worst)} ms at worst"
    advice = "every order waits for the disk: use a local one, and look what else writes to it"
    if usual >= SYNC_REFUSED_NS:
        return refused(name, seen, advice)
    return warning(name, seen, advice) if usual >= SYNC_WARNING_NS else ok(name, seen)


def _ms(duration: int) -> str:
    tenths = duration * 10 // _MS
    return f"{tenths // 10}.{tenths % 10}"


def _permissions(settings: Settings, folders: tuple[Path, ...]) -> Finding:
    name = "permissions"
    try:
        files = disk.files_in(settings.data_dir)
        if (database := _sqlite_file(settings)) is not None:
            files += [Path(f"{database}{end}") for end in ("", "-wal", "-shm")]
        open_files = [f"{f} ({mode})" for f in dict.fromkeys(files) if (mode := disk.others_may(f))]
        open_folders = [f"{f} ({mode})" for f in folders if (mode := disk.others_may(f))]
    except OSError as error:
        return refused(name, f"cannot be looked at: {error.strerror}", "whose folder is it?")
    if open_files:
        seen = f"others may touch {', '.join(open_files)}"
        return refused(name, seen, "chmod 600 each of them: they hold tokens, orders and balances")
    if open_folders:
        seen = f"others may look into {', '.join(open_folders)}"
        return warning(name, seen, "chmod 700 it; its files are yours alone")
    return ok(name, "folder and files are yours alone")


# --------------------------------------------------------------------------- database and log


@attrs.frozen(kw_only=True)
class StoreSeen:
    """What was seen of the database.

    Attributes:
        epoch: Its identity, empty when that is not known.
        is_in_use: Whether another process has it open; its log was not looked at then.
        is_broken: Whether the log is not what was written.
    """

    findings: tuple[Finding, ...]
    epoch: str = ""
    is_in_use: bool = False
    is_broken: bool = False


@attrs.frozen(kw_only=True)
class Patience:
    """How long a log is read, and who is told how far it is.

    Attributes:
        now: Clock, UTC ns.
        until: When to stop, UTC ns.
        tell: Called with how many events were verified, and how many there are.
    """

    now: Callable[[], int]
    until: int
    tell: Callable[[int, int], None]


async def store_seen(settings: Settings, patience: Patience) -> StoreSeen:
    """Return whether the database can be used and its log is what was written."""
    if compose.store_url(settings) == "memory://":
        return StoreSeen(findings=(ok("database", "kept in memory; nothing outlives the daemon"),))
    try:
        exported = compose.exported_head(settings)
    except StoreError as error:
        return _unusable(error, "")
    epoch = exported.epoch if exported is not None else ""
    file = _sqlite_file(settings)
    if file is not None and not disk.is_there(file):
        return StoreSeen(findings=(_absent(file, exported),), epoch=epoch)
    try:
        async with compose.offline_store(_reading_only(settings)) as store:
            return await _looked_into(settings, store, exported, patience)
    except ConfigurationError as error:
        found = warning("database", str(error), "robsond migrate brings it up to date")
        return StoreSeen(findings=(found,), epoch=epoch)
    except compose.InUse:
        found = ok("database", f"{_place(settings)}, open in another process")
        return StoreSeen(findings=(found,), epoch=epoch, is_in_use=True)
    except StoreError as error:
        return _unusable(error, epoch)


def _place(settings: Settings) -> str:
    return place_of(compose.store_url(settings))


def _absent(file: Path, exported: Head | None) -> Finding:
    if exported is None:
        return ok("database", f"{file} is not there yet: the first start makes it")
    return refused(
        "database",
        f"{file} is gone, and the exported head says that its log ends at event "
        f"{exported.sequence}",
        "put it back from a backup together with its -wal file, or begin anew in another folder",
    )


def _unusable(error: StoreError, epoch: str) -> StoreSeen:
    trouble = trouble_of(error)
    advice = trouble.advice
    if "could not be migrated" in str(error) or "read-only" in str(error):
        advice = "robsond migrate brings it up to date"
    found = refused("database", f"{trouble.code}: {error}", advice)
    return StoreSeen(findings=(found,), epoch=epoch)


def _reading_only(settings: Settings) -> Settings:
    """Return the settings with a server told to refuse writes on this connection."""
    url = settings.database_url
    if not url.startswith(("postgres://", "postgresql://")):
        return settings
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    given = query.get("options", "")
    query["options"] = f"{given} -c default_transaction_read_only=on".strip()
    changed = parts._replace(query=urlencode(query, quote_via=quote))
    return attrs.evolve(settings, database_url=urlunsplit(changed))


async def _looked_into(
    settings: Settings, store: Store, exported: Head | None, patience: Patience
) -> StoreSeen:
    head = await store.head()
    name = database_id(store.epoch)
    database = ok("database", f"{name} at {_place(settings)}, its tables are this version's")
    watched = _Watched(store, head.sequence, patience)
    try:
        verdict = await proofs.verify(cast(Store, watched), exported, compose.verify_store)
    except _TimeIsUp:
        log = warning(
            "log",
            f"the first {watched.count} of {head.sequence} events are what was written; then the "
            "time was over",
            "robson verify-log reads the whole log; --seconds gives the doctor longer",
        )
        return StoreSeen(findings=(database, log), epoch=store.epoch)
    log = log_finding(verdict.problem, verdict.checked, verdict.note)
    found = (database, log, *await _last_event(settings, store, head, patience.now()))
    return StoreSeen(findings=found, epoch=store.epoch, is_broken=bool(verdict.problem))


def log_finding(problem: str, checked: int, note: str) -> Finding:
    """Return what the verification of a log means.

    Args:
        checked: Events that are what was written.
        note: What could not be proven.
    """
    if problem:
        advice = "keep a copy of the data directory and do not trade on it"
        return refused("log", f"{problem}, after {checked} that are as they were", advice)
    seen = f"{checked} events, chained and complete"
    if note:
        return warning(
            "log", f"{seen}; {note}", "was the head file removed? the next start makes it"
        )
    return ok("log", seen)


async def _last_event(
    settings: Settings, store: Store, head: Head, now: int
) -> tuple[Finding, ...]:
    if settings.is_recording or not head.sequence:
        return ()
    async for event in store.events.read(head.sequence - 1, limit=1):
        ahead = event.ts_received - now
        if ahead > AHEAD_NS:
            seen = f"the last event is {ahead // 1_000_000_000} s after this machine's time"
            return (refused("machine_clock", seen, "the clock was set back: set it right"),)
    return (ok("machine_clock", "not before the last event"),)


class _TimeIsUp(Exception):
    """The log is longer than the patience."""


class _Watched:
    """A store whose log is read as long as patience lasts; what verification asks of one."""

    def __init__(self, store: Store, total: int, patience: Patience) -> None:
        self._store = store
        self._total = total
        self._patience = patience
        self.count = 0
        self.epoch = store.epoch
        self.positions = store.positions
        self.events = self

    async def head(self) -> Head:
        return await self._store.head()

    async def ledger(self) -> Any:
        ask = getattr(self._store, "ledger", None)
        return await ask() if ask is not None else None

    async def rows(self) -> AsyncIterator[StoredEvent]:
        async for row in self._store.events.rows():
            if self.count % _TELL_EVERY == 0:
                self._patience.tell(self.count, self._total)
                if self._patience.now() >= self._patience.until:
                    raise _TimeIsUp
            yield row
            self.count += 1


# ------------------------------------------------------------------------------ confirmation


def confirmation(settings: Settings, account: str, epoch: str) -> tuple[Finding, ...]:
    """Return whether live mode would start, as far as it does not depend on the key's rights."""
    if settings.mode != "live":
        return ()
    live, name = settings.live, "confirmation"
    database = database_id(epoch) if epoch else ""
    subject = Subject(account=account, database=database, cap=live.position_cap)
    try:
        kept = KeptFile(settings.data_dir).of(account)
    except ConfigurationError as error:
        return (refused(name, "what was confirmed cannot be read", str(error)),)
    if not epoch and live.confirm != account:
        advice = f"robsond migrate makes it, robsond run asks; or set ROBSON_LIVE_CONFIRM={account}"
        return (warning(name, "there is no database to confirm yet", advice),)
    missing = needs(subject, kept, live)
    if not missing:
        return (ok(name, f"live mode is confirmed for {account} with this database"),)
    return tuple(
        refused(name, need.why, f"set {need.setting} to: {need.phrase}") for need in missing
    )
