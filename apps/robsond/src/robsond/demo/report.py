"""What a demonstration leaves behind: one document, or a page for people."""

from __future__ import annotations

import shlex
from typing import Any

import attrs

from robsond.cli import format as fmt
from robsond.cli.history import condensed, show_steps
from robsond.cli.output import Output
from robsond.cli.proving import show_verified
from robsond.demo.plan import DemoPlan
from robsond.demo.story import Story

Json = dict[str, Any]


@attrs.define(kw_only=True)
class Outcome:
    """How it went.

    Attributes:
        problem: What kept it from being a success, empty when it is one.
        timings: Milliseconds by name.
    """

    plan: DemoPlan
    data_dir: str
    stories: list[Story]
    verified: Json
    explained: Json
    status: Json
    timings: dict[str, int]
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether positions really closed and the log verifies."""
        return not self.problem and bool(self.verified.get("ok"))

    def document(self) -> Json:
        """Return it as one JSON document."""
        return {
            "ok": self.ok,
            "problem": self.problem or None,
            "positions": [position_document(story) for story in self.stories],
            "events": self.verified["head"]["sequence"],
            "head": self.verified["head"],
            "verify": self.verified,
            "why": self.explained,
            "timings_ms": self.timings,
            "data_dir": self.data_dir,
        }


def position_document(story: Story) -> Json:
    """Return one position with every fill and every logged move of its stop."""
    view = story.view
    wanted = (
        "status", "entry_price", "exit_price", "quantity", "stop_distance", "exit_reason",
        "close_reason", "denial_code", "fees", "dust", "armed_at", "closed_at",
    )  # fmt: skip
    return {
        "position_id": story.position_id,
        "symbol": story.symbol,
        "side": story.side,
        **{name: view.get(name) for name in wanted},
        "pnl": view.get("realized_pnl"),
        "best": story.best,
        "stop": story.stop,
        "entry_fills": [attrs.asdict(fill) for fill in story.entries],
        "stop_moves": [attrs.asdict(move) for move in story.moves],
        "exit_trigger": attrs.asdict(story.trigger) if story.trigger else None,
        "exit_fills": [attrs.asdict(fill) for fill in story.exits],
        "really_closed": story.really_closed,
        "events": story.events,
    }


def judge(stories: list[Story], wanted: int, *, recording: bool) -> str:
    """Return why this was no success, empty when positions really closed.

    On a recording the second position may find no prices left; that is told, not held against it.
    """
    if not any(story.really_closed for story in stories):
        reasons = "; ".join(_how(story) for story in stories)
        return f"no position was opened and closed ({reasons or 'none was armed'})"
    for number, story in enumerate(stories):
        if story.really_closed:
            continue
        if recording and number and story.ended_as == "end_of_data" and not story.entries:
            continue
        return f"{story.symbol} {story.side} did not close: {_how(story)}"
    if not recording and len(stories) < wanted:
        return f"{len(stories)} of {wanted} positions were armed"
    return ""


def _how(story: Story) -> str:
    return story.problem or fmt.words(story.ended_as) if story.ended_as else f"still {story.stage}"


def show_outcome(out: Output, outcome: Outcome) -> None:
    """Print result, explanation, proof, and where to look next."""
    if out.as_json:
        out.document(outcome.document())
        return
    from robsond.cli import tables

    out.show("", tables.position_table([story.view for story in outcome.stories], out.width))
    for story in outcome.stories:
        out.show(_told(story))
    if len(outcome.stories) < outcome.plan.positions:
        out.show("The recording ended before a second position could be armed.")
    if outcome.explained.get("steps"):
        out.show("", f"Why {outcome.explained['position_id']} did what it did:")
        show_steps(out, condensed(outcome.explained["steps"]))
    out.show("")
    show_verified(out, outcome.verified)
    if outcome.problem:
        out.show("", f"NOT A SUCCESS: {outcome.problem}")


def _told(story: Story) -> str:
    view = story.view
    if not story.entries:
        more = f". {story.denial}" if story.denial else ""
        return f"{story.symbol} {story.side}: {_how(story)}{more}"
    entry, stop, out, _ = fmt.prices(
        view.get("entry_price"), story.stop, view.get("exit_price"), story.best
    )
    return (
        f"{story.symbol} {story.side}: in at {entry}, "
        f"stop moved {fmt.count(max(0, len(story.moves) - 1), 'time')} to {stop}, out at {out} "
        f"({fmt.words(view.get('exit_reason') or view.get('close_reason'))}), "
        f"PnL {fmt.gain(view.get('realized_pnl'))} after fees of {fmt.figure(view.get('fees'), 2)}"
    )


def show_next(out: Output, data_dir: str) -> None:
    """Say where to look, the daemon having ended."""
    at = f"--data-dir {shlex.quote(data_dir)}"
    out.show("", f"Everything is kept in {data_dir}. Where to look next:")
    for command, about in (
        (f"robson verify-log {at}", "check the chain of the event log"),
        (f"robson replay {at}", "fold the log again, compare byte for byte"),
        ("robson demo --stay", "leave the daemon running and look around"),
        ("robsond run", "a daemon of your own; then, elsewhere: robson arm BTCUSDT"),
    ):
        out.show(f"  {command}", f"      {about}")


def show_staying(out: Output, data_dir: str, pid: int) -> None:
    """Say how to talk to the daemon that was left running, and how to stop it."""
    at = f"--data-dir {shlex.quote(data_dir)}"
    out.show("", f"The daemon goes on running as process {pid}, its files in {data_dir}.")
    for command in ("status --watch", "positions", "events --follow", "risk"):
        out.show(f"  robson {command} {at}")
    out.show(f"Stop it with: kill {pid}")
