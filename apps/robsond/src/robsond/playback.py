"""Playing back a recording: which clock, at which pace, and how it ends.

The clock is a virtual one at every speed, so that the log is the same at every speed: a trade
comes when everything due before is done. A pace other than ``max`` only holds that clock back
until real time has come as far.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import attrs

from robson_domain import (
    Clock,
    CloseReason,
    DeniedError,
    Position,
    PositionStatus,
    TradeTick,
)
from robson_exec import Activity, Daemon, Rank, VirtualClock
from robson_exec.activity import work_under
from robsond import logs, system
from robsond.facade import Playback

log = logs.logger(__name__)

LEAD_NS: Final = 1_000_000_000
"""The clock starts so long before the first trade."""
_STEP_REAL_NS: Final = 20_000_000
"""Real time between two looks at the pace; a trade comes at most so much too early."""
ANCHOR_FILE: Final = "playback.json"
FINISHED: Final = "PLAYBACK_FINISHED"


@attrs.frozen(kw_only=True)
class Span:
    """First and last receive time of a recording, UTC ns, and how many trades it has."""

    first: int
    last: int
    trades: int

    @classmethod
    def of(cls, ticks: Sequence[TradeTick]) -> Span:
        """Return the span of ``ticks`` (at least one)."""
        times = [tick.ts_received for tick in ticks]
        return cls(first=times[0], last=max(times), trades=len(ticks))


@attrs.frozen(kw_only=True)
class Pace:
    """How the recording's time follows real time.

    Attributes:
        factor: Recording time per real time.
        real: Real time, UTC ns, at which the recording stood at ``recorded``.
    """

    factor: Fraction
    real: int
    recorded: int

    def at(self, real: int) -> int:
        """Return the recording's time at a real time, UTC ns."""
        return self.recorded + int((real - self.real) * self.factor)

    def due(self, recorded: int) -> int:
        """Return the real time at which the recording's time is reached, UTC ns."""
        rest = Fraction(recorded - self.recorded) / self.factor
        return self.real - (-rest.numerator // rest.denominator)


def anchored(folder: Path, factor: Fraction, identity: str, now: int, start: int) -> Pace:
    """Return the pace of this data directory: a restart goes on where the clock stands now.

    Args:
        identity: Which recording it is; another one starts at its beginning.
        now: Real time, UTC ns.
        start: Where a recording begins, UTC ns.
    """
    known = _read(folder / ANCHOR_FILE)
    if known.get("recording") == identity:
        before = Pace(
            factor=Fraction(str(known["factor"])),
            real=int(known["real"]),
            recorded=int(known["recorded"]),
        )
        pace = Pace(factor=factor, real=now, recorded=max(start, before.at(now)))
    else:
        pace = Pace(factor=factor, real=now, recorded=start)
    content = {
        "recording": identity,
        "factor": str(factor),
        "real": pace.real,
        "recorded": pace.recorded,
    }
    system.write_private(folder / ANCHOR_FILE, json.dumps(content) + "\n")
    return pace


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(system.read_text(path))
        return content if {"recording", "factor", "real", "recorded"} <= content.keys() else {}
    except (OSError, ValueError, AttributeError):
        return {}


class Player:
    """Runs the clock of one playback, and ends what is left at the end of the data."""

    def __init__(
        self, clock: VirtualClock, span: Span, finished: asyncio.Event, pace: Pace | None
    ) -> None:
        self._clock = clock
        self._span = span
        self._finished = finished
        self._pace = pace
        self._over = asyncio.Event()
        self._never = asyncio.Event()

    @property
    def activity(self) -> Activity:
        """What keeps the clock from moving on."""
        return self._clock.activity

    @property
    def is_over(self) -> bool:
        """Whether everything has been played and settled."""
        return self._over.is_set()

    def progress(self) -> Playback:
        """Return where it stands."""
        now = self._clock.now_ns()
        return Playback(
            state="finished" if self.is_over else "running",
            now=min(now, self._span.last) if not self.is_over else self._span.last,
            first=self._span.first,
            last=self._span.last,
            trades=self._span.trades,
        )

    def refuse_when_over(self) -> None:
        """Raise when no price will come any more.

        Raises:
            DeniedError: Code ``PLAYBACK_FINISHED``.
        """
        if self._finished.is_set():
            raise DeniedError(FINISHED, "the recording has ended; no price will come any more")

    async def run_clock(self) -> None:
        """Let time pass for as long as the daemon runs."""
        await self._clock.run(self._never)

    async def keep_pace(self, real: Clock) -> None:
        """Hold the clock back to the pace; returns at once when there is none."""
        pace = self._pace
        if pace is None:
            return
        step = max(1, int(_STEP_REAL_NS * pace.factor))
        while not self._finished.is_set():
            token = self.activity.token(Rank.TIMER)
            work_under(token)
            try:
                await self._clock.sleep_until(self._clock.now_ns() + step)
                await real.sleep_until(pace.due(self._clock.now_ns()))
            finally:
                token.close()

    async def end(self, daemon: Daemon) -> None:
        """Wait for the end of the data, then close what is open and disarm what is armed."""
        await self._finished.wait()
        log.info("the recording has ended", trades=self._span.trades)
        changed = asyncio.Event()
        daemon.bus.add_listener("playback", lambda item: changed.set())
        while live := _unfinished(daemon):
            changed.clear()
            for position in live:
                if position.exit_reason is None:
                    await daemon.desk.close(position.position_id, CloseReason.END_OF_DATA)
            if _unfinished(daemon):
                await changed.wait()
        self._over.set()


def _unfinished(daemon: Daemon) -> list[Position]:
    # A position in Error that is flat waits for the person, not for the market.
    return [
        position
        for position in daemon.view.active()
        if position.status is not PositionStatus.ERROR or position.open_qty
    ]
