"""Follows the daemon from outside until the positions are closed."""

from __future__ import annotations

import re
from typing import Any, Final

from robsond.cli import local
from robsond.cli.client import Api
from robsond.demo.child import Daemon
from robsond.demo.plan import DemoPlan
from robsond.demo.screen import Screen
from robsond.demo.story import Stories

SIMULATED_SECONDS: Final = 50
"""The demo market closes both positions well before; after this it is called a failure."""
_SETTLE_SECONDS: Final = 10
"""After the end of a recording, for closing what is still open."""
_POLL_SECONDS: Final = 0.1
_PAGE: Final = 500
_SECOND_NS: Final = 1_000_000_000


class Watch:
    """Polls events, positions and prices, and hands them to the screen."""

    def __init__(self, api: Api, daemon: Daemon, plan: DemoPlan, screen: Screen) -> None:
        self.stories = Stories()
        self.status: dict[str, Any] = {}
        self._api = api
        self._daemon = daemon
        self._plan = plan
        self._screen = screen
        self._started = local.now_ns()
        self._ended = 0

    def run(self) -> str:
        """Follow until everything is over, and return what went wrong (empty = nothing).

        Raises:
            CliError: When the daemon ends or stops answering.
        """
        while True:
            self._daemon.check()
            # Status first: what is finished there has all its events in the log already.
            self.status = self._api.get("/api/status")
            self._take_events()
            self.stories.look(self._api.get("/api/positions")["positions"], self.status["symbols"])
            self._screen.refresh(self.stories, self.status)
            problem = self._verdict()
            if problem is not None:
                return problem
            local.pause(_POLL_SECONDS)

    def _take_events(self) -> None:
        after: int | None = self.stories.sequence
        while after is not None:
            page = self._api.get("/api/events", after=after, limit=_PAGE)
            for event in page["events"]:
                if event["position_id"]:  # what is the account's is no position's story
                    self._screen.event(self.stories.take(event), event)
            after = page["next_after"]

    def _verdict(self) -> str | None:
        """Return None to go on, otherwise what went wrong (empty = nothing)."""
        stories = self.stories.all
        if refused := self._refused():
            return f"a position could not be armed: {refused}"
        over = all(story.is_over for story in stories)
        if over and len(stories) == self._plan.positions:
            return ""
        if self._plan.is_recording:
            return self._end_of_recording(over and bool(stories))
        if local.now_ns() - self._started > SIMULATED_SECONDS * _SECOND_NS:
            return f"not everything closed within {SIMULATED_SECONDS} s"
        return None

    def _refused(self) -> str:
        """Return why the daemon's plan failed; a step that came too late has not."""
        for problem in (self.status.get("plan") or {}).get("problems", []):
            if not self._is_too_late(problem):
                # The steps of this plan are not numbered anywhere a person could see.
                return re.sub(r"^step \d+: ", "", str(problem))
        return ""

    def _is_too_late(self, problem: str) -> bool:
        ran_out = any(story.ended_as == "end_of_data" for story in self.stories.all)
        return ran_out or "recording has ended" in problem

    def _end_of_recording(self, over: bool) -> str | None:
        playback = self.status.get("playback") or {}
        finished = playback.get("state") == "finished"
        if finished and over:
            return ""
        # After its last price a playback goes on only until everything is closed.
        if not finished and playback.get("market_time") != playback.get("last"):
            return None
        now = local.now_ns()
        self._ended = self._ended or now
        if now - self._ended > _SETTLE_SECONDS * _SECOND_NS:
            return f"the recording ended {_SETTLE_SECONDS} s ago and a position is still open"
        return None
