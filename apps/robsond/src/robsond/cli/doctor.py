"""``robson doctor``: what stands between the settings and trading: this machine, then the venue."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import rich_click as click

from robsond.cli import offline
from robsond.cli.client import Api
from robsond.cli.errors import EXIT_FAILED, EXIT_UNVERIFIED, CliError, Leave, usage
from robsond.cli.options import Shell, common
from robsond.cli.output import Output
from robsond.cli.tables import plain_table
from robsond.cli.target import find_target, running_port

if TYPE_CHECKING:
    from robson_domain import Symbol
    from robsond.doctor_local import StoreSeen
    from robsond.findings import Finding
    from robsond.settings import Settings

_MARKS: Final = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "refused": ("✗", "red")}
_SECOND_NS: Final = 1_000_000_000


@click.command()
@click.argument("symbols", nargs=-1)
@click.option(
    "--seconds",
    type=click.IntRange(0, 86_400),
    default=30,
    show_default=True,
    metavar="N",
    help="Verify the log no longer than this.",
)
@common
def doctor(shell: Shell, symbols: tuple[str, ...], seconds: int) -> None:
    """Look at disk, database, log and, where there is one, the venue with these settings.

    Reads only. Ends with 0 when nothing is refused, with 1 when something is, with 5 when the log
    is not what was written. Without SYMBOLS the pairs of ROBSON_ALLOWED_SYMBOLS are looked at.

    Example: robson doctor BTCUSDT ETHUSDT
    """
    settings = offline.settings_of(shell.data_dir)
    pairs = _symbols(symbols) or settings.limits.allowed_symbols
    found, is_broken = _here(shell, settings, seconds)
    account = _account(settings)
    if settings.venue == "binance":
        with shell.out.waiting("asking the venue …"):
            found += _at_venue(settings, pairs)
    _show(shell.out, settings, account, found)
    if is_broken:
        raise Leave(EXIT_UNVERIFIED)
    if any(one.level == "refused" for one in found):
        raise Leave(EXIT_FAILED)


def _symbols(words: tuple[str, ...]) -> tuple[Symbol, ...]:
    from robson_domain import Symbol, ValidationError

    try:
        return tuple(dict.fromkeys(Symbol(word.upper()) for word in words))
    except ValidationError as error:
        raise usage("SYMBOLS", error.problem) from None


def _account(settings: Settings) -> str:
    from robsond import compose_binance

    return compose_binance.account_id(settings)


def _at_venue(settings: Settings, symbols: tuple[Symbol, ...]) -> list[Finding]:
    import asyncio

    from robson_domain import ConfigurationError
    from robsond import compose_binance, system

    try:
        work = compose_binance.examine(settings, system.RealClock(), symbols)
        return list(asyncio.run(work))
    except ConfigurationError as error:
        raise usage("settings", str(error)) from None


# --------------------------------------------------------------------------------- this machine


def _here(shell: Shell, settings: Settings, seconds: int) -> tuple[list[Finding], bool]:
    """Return what is found on this machine, and whether the log is broken."""
    from robsond import doctor_local

    with shell.out.waiting("looking at the disk …"):
        found = list(doctor_local.disk_findings(settings))
    seen = _store_seen(shell.out, settings, seconds)
    found += seen.findings
    daemon, api = _daemon(shell, settings)
    found.append(daemon)
    is_broken = seen.is_broken
    if seen.is_in_use:
        log = _asked(shell, api)
        found.append(log)
        is_broken = log.level == "refused"
    found += doctor_local.confirmation(settings, _account(settings), seen.epoch)
    return found, is_broken


def _store_seen(out: Output, settings: Settings, seconds: int) -> StoreSeen:
    import asyncio

    from robsond import doctor_local, system

    clock = system.RealClock()
    with _progress(out) as tell:
        patience = doctor_local.Patience(
            now=clock.now_ns, until=clock.now_ns() + seconds * _SECOND_NS, tell=tell
        )
        return asyncio.run(doctor_local.store_seen(settings, patience))


@contextlib.contextmanager
def _progress(out: Output) -> Iterator[Callable[[int, int], None]]:
    """Show how far a log is verified, on a terminal only."""
    if out.as_json or not sys.stderr.isatty():
        yield lambda count, total: None
        return
    with out.errors.status("opening the database …") as status:
        yield lambda count, total: status.update(f"verifying the log: {count} of {total} events …")


def _daemon(shell: Shell, settings: Settings) -> tuple[Finding, Api | None]:
    """Return whether a daemon answers, and the way to ask it."""
    from robsond.findings import ok, warning

    folder = str(settings.data_dir)
    if not shell.url and not running_port(folder):
        return ok("daemon", "no daemon runs on this data directory"), None
    try:
        target = find_target(shell.url, folder)
    except CliError as error:
        return warning("daemon", error.message, "put it right, or name another one"), None
    with Api(target) as api:
        if api.is_ready():
            return ok("daemon", f"the daemon at {target.url} is ready"), Api(target)
    if shell.url:
        return warning("daemon", f"{target.url} is not ready", "look at its log"), None
    advice = "if one was just started, wait; if it was killed, its next start puts that right"
    return warning("daemon", f"daemon.json names {target.url}, and it is not ready", advice), None


def _asked(shell: Shell, api: Api | None) -> Finding:
    """Return what the process that has the database open says of the log."""
    from robsond.doctor_local import log_finding
    from robsond.findings import warning

    if api is None:
        advice = "stop the process that has the database open, or ask it with --url"
        return warning("log", "not verified: the database is open in another process", advice)
    try:
        with api, shell.out.waiting("asking the daemon to verify the log …"):
            result = api.get("/api/verify-log")
    except CliError as error:
        return warning("log", f"not verified: {error.message}", "ask again: robson verify-log")
    return log_finding(result["problem"] or "", result["checked"], result["note"] or "")


# ------------------------------------------------------------------------------------- showing


def _show(out: Output, settings: Settings, account: str, found: list[Finding]) -> None:
    counts = {level: sum(one.level == level for one in found) for level in _MARKS}
    if out.as_json:
        out.document(
            {
                "account": account,
                "mode": settings.mode,
                "data_dir": str(settings.data_dir),
                "counts": counts,
                "findings": [one.document() for one in found],
            }
        )
        return
    from rich.text import Text

    table = plain_table("", "check", "finding")
    for one in found:
        mark, style = _MARKS[one.level]
        text = Text(one.seen)
        if one.advice:
            text.append(f"\n→ {one.advice}", style=style)
        table.add_row(Text(mark, style=style), one.name, text)
    out.show(table)
    out.line(f"Refused: {counts['refused']}. Warnings: {counts['warning']}.")
    out.line(f"Mode {settings.mode}, account {account}.")
