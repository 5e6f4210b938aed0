"""Commands that prove: ``verify-log`` and ``replay``.

Both ask the daemon when it runs, and read the files themselves when it does not; they never
write.
"""

from __future__ import annotations

from typing import Any, Final

import rich_click as click

from robsond.cli import format as fmt
from robsond.cli import offline
from robsond.cli.client import Api
from robsond.cli.errors import EXIT_UNVERIFIED, CliError, Leave
from robsond.cli.options import Shell, common
from robsond.cli.output import Output
from robsond.cli.story import sentence
from robsond.cli.target import is_unreachable

DAEMON: Final = "daemon"
FILES: Final = "files"
_PAGE: Final = 500
_HANGING: Final = 8


@click.command(name="verify-log")
@click.option("--offline", "without_daemon", is_flag=True, help="Read the files, ask no daemon.")
@common
def verify_log(shell: Shell, without_daemon: bool) -> None:
    """Check that the event log is what was written: chain, sequence and exported head.

    Example: robson verify-log --data-dir ~/.local/share/robson
    """
    result = None if without_daemon else _ask(shell, "/api/verify-log")
    if result is None:
        with shell.out.waiting("reading the log …"):
            result = {**offline.verify(shell.data_dir), "source": FILES}
    if shell.out.as_json:
        shell.out.document(result)
    else:
        show_verified(shell.out, result)
    if not result["ok"]:
        raise Leave(EXIT_UNVERIFIED)


@click.command()
@click.option("--offline", "without_daemon", is_flag=True, help="Read the files, ask no daemon.")
@common
def replay(shell: Shell, without_daemon: bool) -> None:
    """Fold the log from its first event and compare with the stored state, byte for byte.

    Example: robson replay --data-dir ~/.local/share/robson
    """
    result = None if without_daemon else _ask(shell, "/api/replay")
    if result is not None:
        with shell.api() as api:
            result["timeline"] = timeline(all_events(api))
    else:
        with shell.out.waiting("folding the log …"):
            found = offline.replay(shell.data_dir)
            told = timeline(offline.events(shell.data_dir))
            result = {**found, "source": FILES, "timeline": told}
    if shell.out.as_json:
        shell.out.document(result)
    else:
        _show_replayed(shell.out, result)
    if not result["ok"]:
        raise Leave(EXIT_UNVERIFIED)


def _ask(shell: Shell, path: str) -> dict[str, Any] | None:
    """Return the daemon's answer, None when there is no daemon."""
    try:
        with shell.api() as api, shell.out.waiting("asking the daemon …"):
            return {**api.get(path), "source": DAEMON}
    except CliError as error:
        # An address that was named on purpose must answer; otherwise the files will do.
        if is_unreachable(error) and shell.url is None:
            return None
        raise


def show_verified(out: Output, result: dict[str, Any]) -> None:
    """Print whether the log verifies."""
    head = result["head"]
    if result["ok"]:
        out.show(
            f"The log verifies: {fmt.count(result['checked'], 'event')}, chained and complete."
        )
        out.show(f"Head: event {head['sequence']}, {head['hash']}")
        if note := result.get("note"):
            out.show(f"Note: {note}.")
        return
    out.show(f"THE LOG DOES NOT VERIFY: {result['problem']}")
    if result.get("sequence"):
        out.show(f"First event that does not fit: {result['sequence']}")
    out.show("Keep a copy of the data directory and do not trade on it.")


def _show_replayed(out: Output, result: dict[str, Any]) -> None:
    if result["ok"]:
        out.show(
            f"Identical: {fmt.count(result['events'], 'event')} give the stored state of "
            f"{fmt.count(result['positions'], 'position')}, byte for byte."
        )
        out.show(f"State: {result['state_hash']}")
    else:
        out.show(f"NOT IDENTICAL: {result['problem']}")
    for entry in result["timeline"]:
        out.show("", f"{entry['position_id']}  {entry['symbol']} {entry['side']}")
        for step in entry["steps"]:
            at = f"{step['sequence']:>6}  {fmt.when(step['ts'])}  "
            out.line(f"{at}{step['sentence']}", _HANGING)


def all_events(api: Api) -> list[dict[str, Any]]:
    """Return the whole log, page by page."""
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = api.get("/api/events", after=after, limit=_PAGE)
        found += page["events"]
        after = page["next_after"]
    return found


def timeline(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what became of each position, in the order of arming; a run of stop moves as one.

    Events of the account are no position's and left out; ``robson events`` lists them.
    """
    told: dict[str, dict[str, Any]] = {}
    for event in (one for one in events if one["position_id"]):
        entry = told.setdefault(
            event["position_id"],
            {"position_id": event["position_id"], "symbol": "", "side": "", "steps": []},
        )
        if event["type"] == "PositionArmed":
            entry["symbol"] = event["command"]["symbol"]
            entry["side"] = event["command"]["side"].lower()
        elif event["type"] == "GuardOpened":
            entry["symbol"] = event["symbol"]
            entry["side"] = f"{event['side'].lower()}, yours"
        step = {
            "sequence": event["sequence"],
            "ts": event["ts_received"],
            "event_type": event["type"],
            "sentence": sentence(event),
        }
        steps = entry["steps"]
        if steps and steps[-1]["event_type"] == event["type"] == "TrailingStopUpdated":
            steps[-1] = step
        else:
            steps.append(step)
    return list(told.values())
