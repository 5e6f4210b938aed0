"""Commands that end something: ``disarm``, ``close``, ``panic``."""

from __future__ import annotations

from typing import Any

import rich_click as click

from robsond.cli import options
from robsond.cli.client import Api
from robsond.cli.errors import CliError
from robsond.cli.options import Shell, common, key_option
from robsond.cli.output import Output

_ENDED = "Closed"


@click.command()
@click.argument("position_id", metavar="ID")
@key_option
@common
def disarm(shell: Shell, position_id: str, key: str | None) -> None:
    """Take an armed position back; refused once it is entering.

    The beginning of its id is enough where no other id begins so.

    Example: robson disarm 3f2c9a1e
    """
    _end(shell, position_id, "disarm", key)


@click.command()
@click.argument("position_id", metavar="ID")
@key_option
@common
def close(shell: Shell, position_id: str, key: str | None) -> None:
    """Close an open position now, at the market.

    The beginning of its id is enough where no other id begins so.

    Example: robson close 3f2c9a1e
    """
    _end(shell, position_id, "close", key)


def _end(shell: Shell, wanted: str, action: str, key: str | None) -> None:
    checked = options.checked_key(key)
    options.position_id(wanted)
    with shell.api() as api, shell.out.waiting("asking the daemon …"):
        name = options.find_position(api, wanted)
        answer = api.post(f"/api/positions/{name}/{action}", {}, checked)
    if shell.out.as_json:
        shell.out.document(answer)
        return
    from robsond.cli import tables

    position = answer.get("position", {})
    shell.out.show(tables.position_table([position], shell.out.width))
    if position.get("status") != _ENDED:
        shell.out.show("On its way. See it end: robson positions")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask; for scripts and one-handed moments.")
@key_option
@common
def panic(shell: Shell, yes: bool, key: str | None) -> None:
    """Disarm everything that waits and close everything that is open.

    Example: robson panic --yes
    """
    checked = options.checked_key(key)
    if not yes and not shell.out.is_terminal:
        raise CliError(
            "NOT_CONFIRMED",
            "Nobody can be asked here and nothing was closed. To do it: robson panic --yes",
            field="--yes",
            exit_code=2,
        )
    with shell.api() as api:
        if not yes and not _is_confirmed(shell.out, api):
            raise CliError("NOT_CONFIRMED", "Nothing was closed.")
        with shell.out.waiting("closing everything …"):
            answer = api.post("/api/panic", {}, checked)
    _show_panic(shell.out, answer)


def _is_confirmed(out: Output, api: Api) -> bool:
    from robsond.cli import tables

    found = api.get("/api/positions")["positions"]
    live = [view for view in found if view.get("status") != _ENDED]
    out.show(tables.position_table(live, out.width) if live else "Nothing is armed or open.")
    return bool(click.confirm("Close and disarm all of this now?", default=False))


def _show_panic(out: Output, answer: dict[str, Any]) -> None:
    if out.as_json:
        out.document(answer)
        return
    for word, key in (("Closing", "closing"), ("Disarmed", "disarmed")):
        items = answer.get(key, [])
        names = ", ".join(str(item) for item in items) or "nothing"
        out.show(f"{word}: {names}")
    out.show("See it end: robson positions")
