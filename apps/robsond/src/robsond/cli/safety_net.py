"""``robson safety-net``: what you opened by hand, and what is done about it."""

from __future__ import annotations

from typing import Any, Final

import rich_click as click

from robsond.cli import options
from robsond.cli.errors import CliError
from robsond.cli.options import Shell, common, key_option
from robsond.cli.output import Output

Answer = dict[str, Any]
_ACT: Final = "act"


@click.group(name="safety-net", invoke_without_command=True)
@common
@click.pass_context
def safety_net(context: click.Context, shell: Shell) -> None:
    """Show what you opened by hand and what guards it; its commands change that.

    Example: robson safety-net
    """
    context.obj = shell
    if context.invoked_subcommand is None:
        with shell.api() as api, shell.out.waiting("asking the daemon …"):
            answer = api.get("/api/safety-net")
        _show(shell.out, answer)


@safety_net.command()
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@key_option
@common
@click.pass_context
def act(context: click.Context, shell: Shell, yes: bool, key: str | None) -> None:
    """Let it act: what reaches its stop is closed at market. Asks once.

    Example: robson safety-net act
    """
    shell, checked = _merged(context, shell), options.checked_key(key)
    if not yes and not shell.out.is_terminal:
        raise CliError(
            "NOT_CONFIRMED",
            "Nobody can be asked here and nothing was changed. To do it: robson safety-net act "
            "--yes",
            field="--yes",
            exit_code=2,
        )
    with shell.api() as api:
        if not yes:
            _confirm(shell.out, api.get("/api/safety-net"))
        with shell.out.waiting("asking the daemon …"):
            answer = api.post("/api/safety-net/mode", {"mode": _ACT}, checked)
    _show(shell.out, answer)


def _confirm(out: Output, now: Answer) -> None:
    from robsond.cli import safety_tables

    out.show(*safety_tables.parts(now, out.width), "")
    out.line(
        "From now on Robson closes at market what you opened by hand once it reaches its stop."
    )
    if passed := safety_tables.passed(now):
        out.line(f"Already beyond it: {passed}.")
    typed = click.prompt(f'Type "{_ACT}" to go on', default="", show_default=False)
    if typed.strip() != _ACT:
        raise CliError("NOT_CONFIRMED", "Nothing was changed; it still observes.")


@safety_net.command()
@key_option
@common
@click.pass_context
def observe(context: click.Context, shell: Shell, key: str | None) -> None:
    """Let it only show what it would guard; it sends nothing.

    Example: robson safety-net observe
    """
    _post(_merged(context, shell), "/api/safety-net/mode", {"mode": "observe"}, key)


@safety_net.command()
@click.argument("symbol")
@key_option
@common
@click.pass_context
def watch(context: click.Context, shell: Shell, symbol: str, key: str | None) -> None:
    """Guard what trades explain of your holding on SYMBOL; the rest is collateral (the default).

    Example: robson safety-net watch BTCUSDT
    """
    _rule(_merged(context, shell), symbol, "watch", key)


@safety_net.command()
@click.argument("symbol")
@key_option
@common
@click.pass_context
def adopt(context: click.Context, shell: Shell, symbol: str, key: str | None) -> None:
    """Guard your collateral on SYMBOL too, from the price it has now, until the pair is flat.

    Example: robson safety-net adopt BTCUSDT
    """
    _rule(_merged(context, shell), symbol, "adopt", key)


@safety_net.command()
@click.argument("symbol")
@key_option
@common
@click.pass_context
def ignore(context: click.Context, shell: Shell, symbol: str, key: str | None) -> None:
    """Leave alone what you hold on SYMBOL.

    Example: robson safety-net ignore BTCUSDT
    """
    _rule(_merged(context, shell), symbol, "ignore", key)


@safety_net.command(name="hand-over")
@click.argument("symbol")
@click.option(
    "--stop-distance", metavar="N|N%", help="How far the stop trails; that of the guard without."
)
@key_option
@common
@click.pass_context
def hand_over(
    context: click.Context, shell: Shell, symbol: str, stop_distance: str | None, key: str | None
) -> None:
    """Give what is guarded on SYMBOL to Robson: from now on its stop trails.

    Example: robson safety-net hand-over BTCUSDT --stop-distance 1%
    """
    body = {}
    if stop_distance is not None:
        body["stop_distance"] = options.stop_distance("--stop-distance", stop_distance)
    pair = options.symbol("SYMBOL", symbol)
    _post(_merged(context, shell), f"/api/safety-net/{pair}/hand-over", body, key)


@safety_net.command()
@click.argument("symbol", required=False)
@key_option
@common
@click.pass_context
def clear(context: click.Context, shell: Shell, symbol: str | None, key: str | None) -> None:
    """Say that you have dealt with a quarantined SYMBOL, or without it with another Robson.

    Example: robson safety-net clear BTCUSDT
    """
    pair = None if symbol is None else options.symbol("SYMBOL", symbol)
    _post(_merged(context, shell), "/api/warnings/clear", {"symbol": pair}, key)


def _merged(context: click.Context, shell: Shell) -> Shell:
    """Return the options of a command, with those given before its name."""
    before: Shell = context.obj
    return Shell(
        out=Output(shell.out.as_json or before.out.as_json),
        url=shell.url or before.url,
        data_dir=shell.data_dir or before.data_dir,
    )


def _rule(shell: Shell, symbol: str, rule: str, key: str | None) -> None:
    pair = options.symbol("SYMBOL", symbol)
    _post(shell, f"/api/safety-net/{pair}/rule", {"rule": rule}, key)


def _post(shell: Shell, path: str, body: dict[str, Any], key: str | None) -> None:
    checked = options.checked_key(key)
    with shell.api() as api, shell.out.waiting("asking the daemon …"):
        try:
            answer = api.post(path, body, checked)
        except CliError as error:
            raise _in_options(error) from None
    _show(shell.out, answer)


def _in_options(error: CliError) -> CliError:
    named = {"symbol": "SYMBOL", "stop_distance": "--stop-distance"}.get(error.field, error.field)
    return CliError(error.code, error.message, field=named, exit_code=error.exit_code)


def _show(out: Output, answer: Answer) -> None:
    if out.as_json:
        out.document(answer)
        return
    from robsond.cli import safety_tables

    out.show(*safety_tables.parts(answer, out.width))
