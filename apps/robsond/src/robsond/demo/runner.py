"""Runs a demonstration from start to end; the daemon is ended whatever happens."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from robsond.cli import local
from robsond.cli.client import Api
from robsond.cli.errors import EXIT_FAILED, EXIT_OK
from robsond.cli.output import Output
from robsond.demo.child import Daemon
from robsond.demo.plan import DemoPlan
from robsond.demo.report import Outcome, judge, show_next, show_outcome, show_staying
from robsond.demo.screen import screen_for
from robsond.demo.story import Story
from robsond.demo.watch import Watch

_MILLISECOND_NS = 1_000_000


def run_demo(out: Output, plan: DemoPlan, data_dir: str, *, stay: bool) -> int:
    """Run the demonstration and return the exit code.

    Raises:
        CliError: When the daemon does not start, ends early or refuses.
    """
    if not out.as_json:
        out.show(f"Starting a paper daemon of its own, data in {data_dir}")
    with _ended_like_ctrl_c():
        return _run(out, plan, data_dir, stay=stay)


def _run(out: Output, plan: DemoPlan, data_dir: str, *, stay: bool) -> int:
    started = local.now_ns()
    daemon = Daemon(data_dir, plan.environment(data_dir))
    staying = False
    try:
        outcome = _watch_it(out, plan, daemon, started)
        show_outcome(out, outcome)
        staying = stay
    finally:
        if not staying:
            daemon.stop()
    if not out.as_json:
        if staying:
            show_staying(out, data_dir, daemon.pid)
        else:
            show_next(out, data_dir)
    return EXIT_OK if outcome.ok else EXIT_FAILED


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Make a polite request to end, or a closed terminal, also end the child."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _watch_it(out: Output, plan: DemoPlan, daemon: Daemon, started: int) -> Outcome:
    with out.waiting("waiting for the daemon …"):
        target = daemon.wait_ready()
    ready = local.now_ns()
    with Api(target) as api:
        for body in plan.arms():
            api.post("/api/positions", body, local.new_id("key"))
        screen = screen_for(out)
        try:
            watch = Watch(api, daemon, plan, screen)
            problem = watch.run()
        finally:
            screen.close()
        done = local.now_ns()
        stories = watch.stories.all
        explained = _explained(api, stories)
        problem = problem or judge(stories, plan.positions, recording=plan.is_recording)
        return Outcome(
            plan=plan,
            data_dir=daemon.data_dir,
            stories=stories,
            verified=api.get("/api/verify-log"),
            explained=explained,
            status=watch.status,
            timings={
                "start": (ready - started) // _MILLISECOND_NS,
                "run": (done - ready) // _MILLISECOND_NS,
            },
            problem=problem or _disagreement(explained),
        )


def _explained(api: Api, stories: list[Story]) -> dict[str, Any]:
    """Return the explanation of one position: the first that really closed, else the first."""
    chosen = next((story for story in stories if story.really_closed), next(iter(stories), None))
    return api.get(f"/api/why/{chosen.position_id}") if chosen else {}


def _disagreement(explained: dict[str, Any]) -> str:
    if any(step.get("same") is False for step in explained.get("steps", [])):
        return f"deciding {explained['position_id']} again gives another result"
    return ""
