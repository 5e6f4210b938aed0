"""The program ``robson``: its commands, and what happens when one of them fails."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import rich_click as click

from robsond.cli.acting import close, disarm, panic
from robsond.cli.arming import arm
from robsond.cli.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, CliError, Leave
from robsond.cli.history import events, why
from robsond.cli.looking import orders, positions, risk, status
from robsond.cli.output import Output
from robsond.cli.proving import replay, verify_log
from robsond.cli.showing import demo

_EPILOG = (
    "Start here: `robson demo`. Then `robsond run` in one terminal, "
    "`robson status` and `robson arm BTCUSDT` in another."
)


@click.group(
    epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}, name="robson"
)
@click.version_option(package_name="robsond", prog_name="robson")
def robson() -> None:
    """Enter once, trail a stop that never loosens, exit once, and be able to say why.

    Every command takes --json and ends with 0 done, 1 refused or failed, 2 bad usage,
    3 no daemon reachable, 4 not found, 5 not verified.
    """


for _command in (
    demo, status, arm, disarm, close, panic,
    risk, positions, orders, events, why, verify_log, replay,
):  # fmt: skip
    robson.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; never raises for what a person can cause."""
    out = Output(as_json="--json" in arguments)
    _never_fail_on_letters()
    try:
        result = robson.main(args=list(arguments), prog_name="robson", standalone_mode=False)
    except CliError as error:
        out.fail(error)
        return error.exit_code
    except Leave as end:
        return end.exit_code
    except click.ClickException as error:
        return _misused(out, error)
    except (KeyboardInterrupt, click.Abort):
        out.fail(CliError("INTERRUPTED", "Interrupted."))
        return EXIT_INTERRUPTED
    except Exception as error:  # What nobody foresaw is still one error of the one shape.
        traceback.print_exc()
        out.fail(CliError("DEFECT", f"This is a defect in robson, {type(error).__name__}: {error}"))
        return EXIT_FAILED
    # `--help` returns 0; commands return nothing.
    return result if isinstance(result, int) else EXIT_OK


def _misused(out: Output, error: click.ClickException) -> int:
    if not out.as_json:
        error.show()
        return error.exit_code
    field = ""
    if isinstance(error, click.BadParameter) and error.param is not None:
        param = error.param
        named = param.opts[-1] if param.opts else ""
        field = named if isinstance(param, click.Option) else param.human_readable_name
    elif isinstance(error, click.NoSuchOption):
        field = error.option_name
    out.fail(CliError("BAD_USAGE", error.format_message(), field=field, exit_code=EXIT_USAGE))
    return error.exit_code


def _never_fail_on_letters() -> None:
    """Show ``?`` for a letter the terminal does not have, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
