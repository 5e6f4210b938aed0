"""Commands about what happened: ``events`` and ``why``."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

import attrs
import rich_click as click

from robsond.cli import format as fmt
from robsond.cli import local, options
from robsond.cli.client import Api
from robsond.cli.errors import EXIT_UNVERIFIED, Leave, usage
from robsond.cli.options import Shell, common
from robsond.cli.output import Output

Step = dict[str, Any]
_FOLLOW_SECONDS: Final = 0.5
_LIMIT: Final = 100
_LIMIT_MAX: Final = 1000
_INDENT: Final = 6
_HANGING: Final = 6
"""Columns that the lines of a long event are indented by, on a terminal."""
_RUN_MAX: Final = 3
"""Moves of the stop in a row that are shown one by one."""


@click.command()
@click.option("--after", default=0, show_default=True, metavar="N", help="Only those after N.")
@click.option(
    "--limit", type=int, metavar="N", help="At most so many [default: 100; with --follow no end]."
)
@click.option("--position", metavar="ID", help="Only those of one position.")
@click.option("--type", "kind", metavar="NAME", help="Only one type, e.g. EntryFilled.")
@click.option("--follow", is_flag=True, help="Go on with new ones until Ctrl-C.")
@common
def events(
    shell: Shell,
    *,
    after: int,
    limit: int | None,
    position: str | None,
    kind: str | None,
    follow: bool,
) -> None:
    """List the event log, oldest first: what happened and never changes.

    Example: robson events --position 3f2c9a1e --follow
    """
    if after < 0:
        raise usage("--after", "must be 0 or more")
    if limit is not None and not 1 <= limit <= _LIMIT_MAX:
        raise usage("--limit", f"must be between 1 and {_LIMIT_MAX}")
    wanted = _type(kind) if kind is not None else None
    if position is not None:
        options.position_id(position)
    if follow:
        options.only_without_json(shell.out, "--follow")
    with shell.api() as api:
        name = options.find_position(api, position) if position is not None else None
        pages = _Pages(api, {"position": name, "type": wanted}, after)
        if follow:
            _follow(shell.out, pages, limit)
        else:
            _list(shell.out, pages, limit or _LIMIT)


def _type(text: str) -> str:
    """Return an event type whatever case it was typed in; the daemon may know newer ones."""
    from robson_domain import codec

    if not text.isalnum():
        raise usage("--type", f"{text!r} is no event type such as EntryFilled")
    known = {name.lower(): name for name in codec.EVENT_TYPES}
    return known.get(text.lower(), text)


@attrs.define
class _Pages:
    """Reads the log on from where it stopped.

    Attributes:
        filters: Which events.
        after: Sequence of the last event that was looked at.
        is_at_end: Whether the log had no more.
        end: Sequence of the last event of the log.
    """

    api: Api
    filters: dict[str, object]
    after: int
    is_at_end: bool = False
    end: int = 0

    def next(self, limit: int) -> dict[str, Any]:
        """Return the next answer, of at most ``limit`` events."""
        answer = self.api.get("/api/events", after=self.after, limit=limit, **self.filters)
        self.end = int(answer["head"]["sequence"])
        self.is_at_end = answer["next_after"] is None
        self.after = max(self.after, answer["next_after"] or self.end)
        return answer


def _list(out: Output, pages: _Pages, limit: int) -> None:
    start = pages.after
    answer = pages.next(limit)
    if out.as_json:
        out.document(answer)
        return
    _print_events(out, answer["events"])
    if not pages.is_at_end:
        out.line(f"There are more: --after {pages.after}")
    elif not answer["events"]:
        beyond = f" after event {start}" if start else ""
        out.line(f"No such events{beyond}; the log ends at event {pages.end}.")


def _follow(out: Output, pages: _Pages, limit: int | None) -> None:
    left = limit
    try:
        while left is None or left > 0:
            found = pages.next(_LIMIT if left is None else min(left, _LIMIT))["events"]
            _print_events(out, found)
            left = None if left is None else left - len(found)
            if pages.is_at_end and left != 0:
                local.pause(_FOLLOW_SECONDS)
    except KeyboardInterrupt:
        return


def _print_events(out: Output, found: list[dict[str, Any]]) -> None:
    from robsond.cli.story import owner_of, sentence

    for event in found:
        at = fmt.when(event.get("ts_received"))
        start = f"{event.get('sequence'):>5} {at} {owner_of(event)} "
        out.line(f"{start}{sentence(event)}", _HANGING)


@click.command()
@click.argument("position_id", metavar="ID")
@click.option("--sequence", type=int, metavar="N", help="Only the step of this event.")
@click.option("--all", "every", is_flag=True, help="Show every move of the stop, not just some.")
@common
def why(shell: Shell, position_id: str, sequence: int | None, every: bool) -> None:
    """Explain every step of a position, deciding each again and comparing.

    The beginning of its id is enough where no other id begins so.

    Example: robson why 3f2c9a1e
    """
    options.position_id(position_id)
    if sequence is not None and sequence < 1:
        raise usage("--sequence", "must be the number of an event, 1 or more")
    with shell.api() as api, shell.out.waiting("deciding every step again …"):
        name = options.find_position(api, position_id)
        answer = api.get(f"/api/why/{name}", sequence=sequence)
    steps = answer["steps"]
    if shell.out.as_json:
        shell.out.document(answer)
    else:
        show_steps(shell.out, steps if every else condensed(steps))
    if any(step.get("same") is False for step in steps):
        raise Leave(EXIT_UNVERIFIED)


def condensed(steps: list[Step]) -> list[Step]:
    """Return the steps with a long run of stop moves, all decided the same, as first and last."""
    kept: list[Step] = []
    for is_move, run in groupby(steps, _is_plain_move):
        some = list(run)
        if is_move and len(some) > _RUN_MAX:
            some = [some[0], {"left_out": some[1:-1]}, some[-1]]
        kept += some
    return kept


def _is_plain_move(step: Step) -> bool:
    return step.get("event_type") == "TrailingStopUpdated" and step.get("same") is not False


def show_steps(out: Output, steps: list[Step]) -> None:
    """Print the explanation of one position, as :func:`condensed` or whole."""
    judged: list[object] = []
    for step in steps:
        if "left_out" in step:
            out.show(f"      … {fmt.count(len(step['left_out']), 'more move')} of the stop …")
            judged += [one.get("same") for one in step["left_out"]]
            continue
        judged.append(step.get("same"))
        mark = {True: "✓ same", False: "✗ DIFFERS"}.get(step.get("same"), "")  # type: ignore[arg-type]
        at = fmt.when(step.get("timestamp"))
        out.show(f"{step.get('sequence'):>4}  {at}  {step.get('event_type')}  {mark}".rstrip())
        out.indented(str(step.get("sentence")), _INDENT)
        if step.get("difference"):
            out.indented(f"decided again: {step['difference']}", _INDENT)
    compared = [same for same in judged if same is not None]
    agreed = sum(1 for same in compared if same)
    out.show(f"Decided again from the recorded input: {agreed} of {len(compared)} the same.")
