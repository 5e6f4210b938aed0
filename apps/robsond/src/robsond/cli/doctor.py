"""``robson doctor``: what stands between the settings and trading at the venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import rich_click as click

from robsond.cli import offline
from robsond.cli.errors import EXIT_FAILED, CliError, Leave, usage
from robsond.cli.options import Shell, common
from robsond.cli.tables import plain_table

if TYPE_CHECKING:
    from robson_domain import Symbol
    from robsond.settings import Settings

_MARKS: Final = {"ok": "✓", "warning": "!", "failed": "✗"}
_STYLES: Final = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.command()
@click.argument("symbols", nargs=-1)
@common
def doctor(shell: Shell, symbols: tuple[str, ...]) -> None:
    """Look at the venue with these settings: clock, key rights, pairs, debt, limits.

    Reads only; no daemon is needed. Ends with 1 when something failed.

    Example: robson doctor BTCUSDT ETHUSDT
    """
    import asyncio

    settings = offline.settings_of(shell.data_dir)
    if settings.venue != "binance":
        raise CliError(
            "NO_VENUE",
            f"The settings choose {settings.venue}, which needs no doctor. Set "
            "ROBSON_CONNECTOR=binance.",
        )
    with shell.out.waiting("asking the venue …"):
        found, account = asyncio.run(_examined(settings, _symbols(symbols)))
    if shell.out.as_json:
        shell.out.document({"account": account, "findings": found})
    else:
        table = plain_table("", "check", "finding")
        for one in found:
            level = one["level"]
            table.add_row(f"[{_STYLES[level]}]{_MARKS[level]}[/]", one["name"], one["sentence"])
        shell.out.show(table)
        shell.out.line(f"This account is {account}.")
    if any(one["level"] == "failed" for one in found):
        raise Leave(EXIT_FAILED)


def _symbols(words: tuple[str, ...]) -> tuple[Symbol, ...]:
    from robson_domain import Symbol, ValidationError

    try:
        return tuple(dict.fromkeys(Symbol(word.upper()) for word in words))
    except ValidationError as error:
        raise usage("SYMBOLS", error.problem) from None


async def _examined(
    settings: Settings, symbols: tuple[Symbol, ...]
) -> tuple[list[dict[str, str]], str]:
    from robson_domain import ConfigurationError
    from robsond import compose_binance, system

    try:
        found = await compose_binance.examine(settings, system.RealClock(), symbols)
    except ConfigurationError as error:
        raise usage("settings", str(error)) from None
    listed = [
        {"name": one.name, "level": one.level.value, "sentence": one.sentence} for one in found
    ]
    return listed, compose_binance.account_id(settings)
