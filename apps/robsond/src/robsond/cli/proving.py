"""Commands that prove: ``verify-log`` and ``replay``.

Both ask the daemon when it runs, and read the files themselves when it does not; they never
write.
"""

from __future__ import annotations

from typing import Any, Final

import rich_click as click

from robsond.cli import format as fmt
from robsond.cli import offline
from robsond.cli.errors import EXIT_UNVERIFIED, CliError, Leave
from robsond.cli.options import Shell, common
from robsond.cli.output import Output
from robsond.cli.target import is_unreachable

DAEMON: Final = "daemon"
FILES: Final = "files"


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
    if result is None:
        with shell.out.waiting("folding the log …"):
            result = {**offline.replay(shell.data_dir), "source": FILES}
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
        out.show(f"The log verifies: {result['checked']} events, chained and complete.")
        out.show(f"Head: event {head['sequence']}, {head['hash']}")
        return
    out.show(f"THE LOG DOES NOT VERIFY: {result['problem']}")
    if result.get("sequence"):
        out.show(f"First event that does not fit: {result['sequence']}")
    out.show("Keep a copy of the data directory and do not trade on it.")


def _show_replayed(out: Output, result: dict[str, Any]) -> None:
    if result["ok"]:
        out.show(
            f"Identical: {result['events']} events give the stored state of "
            f"{result['positions']} positions, byte for byte."
        )
        out.show(f"State: {result['state_hash']}")
    else:
        out.show(f"NOT IDENTICAL: {result['problem']}")
    for entry in result.get("timeline", []):
        at = fmt.when(entry["timestamp"])
        out.show(f"{entry['sequence']:>6}  {at}  {entry['position_id']}  {entry['sentence']}")
