"""The daemon: from settings to a running machine behind its API, and an orderly end.

    lock → listen (health only) → store → recovery → plan → open the door → wait → stop

A signal ends it in order: no new commands, what was sent is answered or left in doubt, the last
batch carries a snapshot. Stops are not watched afterwards, and it says so.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from robson_domain import Clock, ConfigurationError, RobsonError
from robson_exec import StopReport
from robsond import compose, logs, system
from robsond.api.app import application
from robsond.api.context import Door
from robsond.api.gate import LOCAL_NAMES, Doorkeeper
from robsond.hub import Hub
from robsond.idempotency import Once
from robsond.key_file import KeyFile, KeyStore, NoFile
from robsond.keys import Keyring, Patience, TokenFiles
from robsond.machine import Machine
from robsond.server import Server
from robsond.settings import Settings
from robsond.telemetry import Metrics

log = logs.logger(__name__)

INFO_FILE: Final = "daemon.json"
LOCK_FILE: Final = "robsond.lock"
_TOKENS_SECONDS: Final = 2
"""Changed token files are noticed within this time."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class AlreadyRunning(RobsonError):
    """Another daemon has this data directory."""


class Broken(RobsonError):
    """The machine halted itself; the log says why."""


async def run(settings: Settings) -> None:
    """Run until a signal comes.

    Raises:
        AlreadyRunning: When another daemon has the data directory.
        Broken: When the machine halted itself.
        ConfigurationError, ValidationError, StoreError, InvariantError: When it cannot start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        await Service(settings, system.RealClock()).run(stop)
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


class Service:
    """One daemon on one data directory."""

    def __init__(self, settings: Settings, real: Clock) -> None:
        self._settings = settings
        self._real = real
        self._folder = _folder(settings.data_dir)
        self._lock = system.InstanceLock(self._folder / LOCK_FILE)
        self._metrics = Metrics()
        self._hub = Hub(self._metrics)
        self._keyring = Keyring({})
        self._tokens = TokenFiles(self._folder, settings.http.api_token)
        self._door = Door(
            keyring=self._keyring,
            patience=Patience(),
            metrics=self._metrics,
            now=real.now_ns,
        )
        in_memory = settings.environment == "test"
        self._keys: KeyStore = NoFile() if in_memory else KeyFile(self._folder)
        self.port = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set."""
        if not self._locked():
            raise AlreadyRunning(f"another daemon runs on {self._folder}; stop that one first")
        try:
            self._keyring.replace(self._tokens.load())
            self._door.once = Once(self._keys)
            server = self._server()
            self.port = await server.start()
            try:
                self._announce()
                await self._serve(stop)
            finally:
                await server.stop()
                system.remove(self._folder / INFO_FILE)
        finally:
            self._keys.close()
            self._lock.release()

    def _locked(self) -> bool:
        try:
            return self._lock.acquire()
        except OSError as error:
            raise unusable(self._folder / LOCK_FILE, error) from None

    def _server(self) -> Server:
        http = self._settings.http
        ids = compose.make_ids(self._settings)
        keeper = Doorkeeper(
            keyring=self._keyring,
            patience=self._door.patience,
            hosts=LOCAL_NAMES | set(http.allowed_hosts),
            now=self._real.now_ns,
            new_id=ids.new_id,
        )
        return Server(application(self._door, self._hub, keeper, ids.new_id), http)

    def _announce(self) -> None:
        info = {"pid": system.process_id(), "port": self.port}
        system.write_private(self._folder / INFO_FILE, json.dumps(info) + "\n")

    async def _serve(self, stop: asyncio.Event) -> None:
        machine = Machine(self._settings, self._real, self._hub, self._metrics)
        tokens = asyncio.ensure_future(self._watch_tokens())
        try:
            if await _unless(stop, self._open(machine)):
                broken = await _unless(stop, machine.until_broken())
                if broken:
                    raise Broken("the machine halted itself; see the log")
        finally:
            tokens.cancel()
            self._door.facade = None
            self._door.why_shut = "Robson is stopping."
            _farewell(await machine.close())

    async def _open(self, machine: Machine) -> None:
        self._door.facade = await machine.open()
        about = self._door.facade.about()
        log.info(
            "ready",
            url=f"http://{_in_url(self._settings.http.host)}:{self.port}",
            mode=about.mode,
            connector=about.connector,
            data_dir=about.data_dir,
            events=about.recovery.events,
            positions=about.recovery.positions,
        )

    async def _watch_tokens(self) -> None:
        while True:
            await asyncio.sleep(_TOKENS_SECONDS)
            self._tokens.refresh(self._keyring)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do ``work`` unless ``stop`` comes first; say whether it was done."""
    task = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return True
        return False
    finally:
        stopped.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _folder(path: Path) -> Path:
    try:
        return system.ensure_private_dir(path)
    except OSError as error:
        raise unusable(path, error) from None


def unusable(path: Path, error: OSError) -> ConfigurationError:
    """Return the error for a data directory, or a file in it, that cannot be used."""
    return ConfigurationError(
        f"ROBSON_DATA_DIR: cannot use {path}: {error.strerror}; choose another folder"
    )


def _farewell(report: StopReport | None) -> None:
    if report is None:
        return
    log.info("stopped", saved=report.is_saved, unresolved=report.unresolved)
    if report.unprotected:
        pairs = ", ".join(report.unprotected)
        log.warning("open positions are not watched until the next start", pairs=pairs)
