"""Commands that look and change nothing: ``status``, ``positions``, ``orders``, ``risk``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import rich_click as click

from robsond.cli import local, options
from robsond.cli.errors import CliError, usage
from robsond.cli.options import Shell, common
from robsond.cli.target import is_unreachable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from robsond.cli.client import Api

_STATUSES: Final = ("Armed", "Entering", "Active", "Exiting", "Closed", "Error")


@click.command()
@click.option("--watch", is_flag=True, help="Refresh until Ctrl-C.")
@click.option(
    "--interval",
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: pause between two looks.",
)
@common
def status(shell: Shell, watch: bool, interval: float) -> None:
    """Show mode, log head, what is armed or open, data age and the worst-case loss.

    Example: robson status --watch
    """
    if not 0.1 <= interval <= 3600:
        raise usage("--interval", "must be between 0.1 and 3600 seconds")
    if watch:
        options.only_without_json(shell.out, "--watch")
        _watch(shell, interval)
        return
    with shell.api() as api:
        if shell.out.as_json:
            shell.out.document(
                {
                    "status": api.get("/api/status"),
                    "positions": api.get("/api/positions")["positions"],
                    "risk": api.get("/api/risk"),
                }
            )
        else:
            shell.out.show(*_status(shell, api))


def _status(shell: Shell, api: Api) -> list[RenderableType]:
    from robsond.cli import tables

    positions = api.get("/api/positions")["positions"]
    return tables.status_parts(
        api.get("/api/status"), positions, api.get("/api/risk"), shell.out.width
    )


def _watch(shell: Shell, interval: float) -> None:
    from rich.console import Group
    from rich.live import Live

    screen = shell.out.console
    with shell.api() as api:
        parts = _status(
            shell, api
        )  # A daemon that is not there is an error, not something to watch.
        try:
            if not screen.is_terminal:
                _repeat(shell, api, interval, parts)
            with Live(Group(*parts), console=screen, auto_refresh=False) as live:
                while True:
                    local.pause(interval)
                    live.update(Group(*_status_or_silence(shell, api)), refresh=True)
        except KeyboardInterrupt:
            return


def _repeat(shell: Shell, api: Api, interval: float, parts: list[RenderableType]) -> None:
    while True:
        shell.out.show(*parts, "")
        local.pause(interval)
        parts = _status_or_silence(shell, api)


def _status_or_silence(shell: Shell, api: Api) -> list[RenderableType]:
    try:
        return _status(shell, api)
    except CliError as error:
        if is_unreachable(error):
            # It may be restarting: keep looking, and say how old the last look is.
            return [f"{error.message} Looking again …"]
        raise


@click.command()
@click.option(
    "--status",
    "wanted",
    type=click.Choice(_STATUSES, case_sensitive=False),
    help="Only those in this status.",
)
@common
def positions(shell: Shell, wanted: str | None) -> None:
    """List positions with entry, stop and PnL.

    Example: robson positions --status Active
    """
    with shell.api() as api:
        answer = api.get("/api/positions", status=wanted)
    if shell.out.as_json:
        shell.out.document(answer)
        return
    from robsond.cli import tables

    found = answer["positions"]
    if not found:
        only = f"No position is in status {wanted}." if wanted else ""
        shell.out.show(only or "No positions. Arm one: robson arm BTCUSDT")
        return
    shell.out.show(tables.position_table(found, shell.out.width))
    for view in found:
        if view.get("status") in ("Closed", "Error"):
            shell.out.show(f"{view.get('position_id')}: {tables.outcome(view)}")
        if line := tables.resting(view):
            shell.out.line(f"{view.get('position_id')}: {line}")


@click.command()
@common
def orders(shell: Shell) -> None:
    """List the orders Robson has decided and what became of them.

    Example: robson orders --json
    """
    with shell.api() as api:
        answer = api.get("/api/orders")
    if shell.out.as_json:
        shell.out.document(answer)
        return
    from robsond.cli import tables

    found = answer["orders"]
    shell.out.show(tables.order_table(found) if found else "No orders yet.")


@click.command()
@common
def risk(shell: Shell) -> None:
    """Say what can be lost now, and how much of each limit is used.

    Example: robson risk
    """
    with shell.api() as api:
        answer = api.get("/api/risk")
    if shell.out.as_json:
        shell.out.document(answer)
        return
    from robsond.cli import tables

    shell.out.show(*tables.risk_parts(answer))
