"""Starting and ending the machine behind the door: store, venue, recovery, plan, playback."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from robson_domain import Clock, Head, Money, PositionId, Reply, Store
from robson_exec import Daemon, Parts, StopReport, start
from robson_exec.activity import Token
from robsond import arming, compose, compose_binance, logs, protection
from robsond.broadcast import Broadcast
from robsond.compose import Venue
from robsond.facade import Facade
from robsond.hub import Hub
from robsond.plan import PlanStep
from robsond.planner import Planner
from robsond.running import RunningMachine, Surroundings
from robsond.safety_watch import SafetyWatch
from robsond.settings import Settings
from robsond.system import SeededIds
from robsond.telemetry import Metrics

log = logs.logger(__name__)

_START_SECONDS: Final = 5
"""A recording stands still so long for the start-up; then its time must pass."""


class LogAlerts:
    """Alerts go to the log; it is what a person without other sinks has."""

    def alert(self, severity: str, name: str, facts: Mapping[str, str]) -> None:
        """Write an alert at the level of its severity."""
        level = {"critical": log.error, "warning": log.warning}.get(severity, log.info)
        level("alert", name=name, severity=severity, facts=dict(facts))


class Machine:
    """Everything behind the door.

    Attributes:
        facade: For the API, once :meth:`open` has returned.
        failed: Set when a job of it ended with an error.
    """

    def __init__(self, settings: Settings, real: Clock, hub: Hub, metrics: Metrics) -> None:
        self._settings = settings
        self._real = real
        self._hub = hub
        self._metrics = metrics
        self._ids = compose.make_ids(settings)
        self._jobs: set[asyncio.Task[None]] = set()
        self._store: Store | None = None
        self._venue: Venue | None = None
        self._daemon: Daemon | None = None
        self.failed = asyncio.Event()

    async def open(self) -> Facade:
        """Recover and run; return what the API needs.

        Raises:
            ConfigurationError, ValidationError: For settings or a recording that cannot be used.
            StoreError, InvariantError: When what is stored cannot be trusted.
        """
        settings = self._settings
        store = self._store = await compose.open_store(settings, self._ids)
        await compose.trust(settings, store)
        await compose.require_account(settings, store)
        url = compose.store_url(settings)
        await compose_binance.confirm(settings, self._real, store.epoch, url)
        head = await store.head()
        if isinstance(self._ids, SeededIds):
            self._ids.resume(str(head.sequence))
        venue = self._venue = compose.open_venue(
            settings, self._real, await _last_durable(store, head)
        )
        self._run("venue", venue.pulse() if venue.pulse is not None else None)
        hold = self._hold(venue)
        try:
            facade = await self._started(store, venue)
        finally:
            hold.close()
        return facade

    def _hold(self, venue: Venue) -> Token:
        # No price comes before the start-up is over; on real clocks this changes nothing.
        hold = venue.activity.token()
        asyncio.get_running_loop().call_later(_START_SECONDS, hold.close)
        if venue.player is not None:
            self._run("clock", venue.player.run_clock())
        return hold

    async def _started(self, store: Store, venue: Venue) -> Facade:
        planner = Planner(self._settings.plan, self._arm, venue.activity)
        parts = self._parts(store, venue)
        daemon = self._daemon = await start(parts)
        facade = RunningMachine(daemon, self._around(parts, venue, planner))
        broadcast = Broadcast(self._hub, self._metrics, facade)
        daemon.bus.add_listener("broadcast", broadcast.on)
        watch = SafetyWatch(self._metrics)
        watch.begin(daemon.view.active())
        daemon.bus.add_listener("safety_watch", watch.on)
        self._run("prices", broadcast.prices())
        self._facade = facade
        await planner.start(daemon)
        if venue.player is not None:
            self._run("pace", venue.player.keep_pace(self._real))
            self._run("end", venue.player.end(daemon))
            await asyncio.sleep(0)
        return facade

    def _parts(self, store: Store, venue: Venue) -> Parts:
        registry = compose.detectors(self._settings)
        for problem in registry.problems:
            log.warning("a plug-in is not used", why=problem)
        return Parts(
            config=compose.engine_config(self._settings, store.epoch),
            capital=Money(self._settings.capital),
            limits=protection.risk_limits(self._settings, venue.execution.capabilities),
            holdings=venue.holdings,
            lending=venue.lending,
            protection=protection.protection(self._settings),
            store=store,
            execution=venue.execution,
            market=venue.market,
            clock=venue.clock,
            ids=self._ids,
            alerts=LogAlerts(),
            registry=registry.detectors,
            activity=venue.activity,
            skips_quiet_time=venue.player is not None,
        )

    def _around(self, parts: Parts, venue: Venue, planner: Planner) -> Surroundings:
        settings, store = self._settings, parts.store
        return Surroundings(
            mode=settings.mode,
            connector=venue.name,
            data_dir=settings.data_dir,
            started_at=self._real.now_ns(),
            strategy="test" if settings.environment == "test" else "ma_crossover",
            config=parts.config,
            protection=parts.protection,
            store=store,
            execution=parts.execution,
            market=parts.market,
            registry=parts.registry,
            clock=parts.clock,
            ids=parts.ids,
            read_head=lambda: compose.exported_head(settings),
            verify=compose.verify_store,
            head_problem=lambda: getattr(store, "head_problem", ""),
            store_problem=lambda: getattr(store, "problem", ""),
            player=venue.player,
            planner=planner,
        )

    async def _arm(self, step: PlanStep, name: PositionId) -> None:
        facade = self._facade
        account = arming.Account(
            capital=facade.ledger().capital, strategy=facade.default_strategy(), now=facade.now()
        )
        reply: Reply = await facade.arm(arming.request_of(step.arm, name, account))
        log.info("armed by the plan", position=name, code=reply.code)

    def _run(self, name: str, work: Coroutine[Any, Any, None] | None) -> None:
        if work is None:
            return
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._jobs.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a job failed", job=task.get_name(), exc_info=task.exception())
            self.failed.set()

    async def until_broken(self) -> None:
        """Return when the machine cannot go on."""
        assert self._daemon is not None
        waits = [asyncio.ensure_future(e.wait()) for e in (self._daemon.halted, self.failed)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def close(self) -> StopReport | None:
        """End in order; None when it never ran. Idempotent."""
        report = None
        if self._daemon is not None:
            report = await self._daemon.stop()
        elif self._venue is not None:
            await self._venue.execution.close()
        jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        if self._store is not None:
            await self._store.close()
        return report


async def _last_durable(store: Store, head: Head) -> int:
    async for event in store.events.read(max(0, head.sequence - 1), limit=1):
        return event.ts_received
    return 0
