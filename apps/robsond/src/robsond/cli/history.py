"""Commands about what happened: ``events`` and ``why``."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

import rich_click as click

from robsond.cli import format as fmt
from robsond.cli import local, options
from robsond.cli.errors import EXIT_UNVERIFIED, Leave, usage
from robsond.cli.options import Shell, common
from robsond.cli.output import Output

Step = dict[str, Any]
_FOLLOW_SECONDS: Final = 0.5
_LIMIT_MAX: Final = 1000
_INDENT: Final = 6
_RUN_MAX: Final = 3
"""Moves of the stop in a row that are shown one by one."""


@click.command()
@click.option("--after", default=0, show_default=True, metavar="N", help="Only those after N.")
@click.option("--limit", default=100, show_default=True, metavar="N", help="At most so many.")
@click.option("--position", metavar="ID", help="Only those of one position.")
@click.option("--type", "kind", metavar="NAME", help="Only one type, e.g. EntryFilled.")
@click.option("--follow", is_flag=True, help="Go on with new ones until Ctrl-C.")
@common
def events(
    shell: Shell, *, after: int, limit: int, position: str | None, kind: str | None, follow: bool
) -> None:
    """List the event log, oldest first: what happened and never changes.

    Example: robson events --position 3f2c9a1e --follow
    """
    if after < 0:
        raise usage("--after", "must be 0 or more")
    if not 1 <= limit <= _LIMIT_MAX:
        raise usage("--limit", f"must be between 1 and {_LIMIT_MAX}")
    if kind is not None and not kind.isalnum():
        raise usage("--type", f"{kind!r} is no event type such as EntryFilled")
    if follow:
        options.only_without_json(shell.out, "--follow")
    filters: dict[str, object] = {
        "limit": limit,
        "position": options.position_id(position) if position else None,
        "type": kind,
    }
    with shell.api() as api:
        answer = api.get("/api/events", after=after, **filters)
        if shell.out.as_json:
            shell.out.document(answer)
            return
        _print_events(shell.out, answer["events"])
        if answer["next_after"] is not None and not follow:
            shell.out.line(f"There are more: --after {answer['next_after']}")
        try:
            while follow:
                after = answer["next_after"] or answer["head"]["sequence"]
                if answer["next_after"] is None:
                    local.pause(_FOLLOW_SECONDS)
                answer = api.get("/api/events", after=after, **filters)
                _print_events(shell.out, answer["events"])
        except KeyboardInterrupt:
            return


def _print_events(out: Output, found: list[dict[str, Any]]) -> None:
    from robsond.cli.story import sentence

    for event in found:
        at = fmt.when(event.get("ts_received"))
        out.line(f"{event.get('sequence'):>5} {at} {event.get('position_id')} {sentence(event)}")


@click.command()
@click.argument("position_id", metavar="ID")
@click.option("--sequence", type=int, metavar="N", help="Only the step of this event.")
@click.option("--all", "every", is_flag=True, help="Show every move of the stop, not just some.")
@common
def why(shell: Shell, position_id: str, sequence: int | None, every: bool) -> None:
    """Explain every step of a position, deciding each again and comparing.

    Example: robson why 3f2c9a1e
    """
    name = options.position_id(position_id)
    with shell.api() as api, shell.out.waiting("deciding every step again …"):
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
