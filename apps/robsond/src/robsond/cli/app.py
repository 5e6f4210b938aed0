"""The program ``robson``: its commands, and what happens when one of them fails."""

from __future__ import annotations

import errno
import itertools
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import rich_click as click

from robsond.cli import local
from robsond.cli.acting import close, disarm, panic
from robsond.cli.arming import arm
from robsond.cli.doctor import doctor
from robsond.cli.errors import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_USAGE,
    CliError,
    Leave,
    code_of_ctrl_c,
)
from robsond.cli.history import events, why
from robsond.cli.looking import orders, positions, risk, status
from robsond.cli.output import Output
from robsond.cli.proving import replay, verify_log
from robsond.cli.safety_net import safety_net
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
    risk, positions, orders, events, why, safety_net, verify_log, replay, doctor,
):  # fmt: skip
    robson.add_command(_command)


_OUTPUT_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; never raises for what a person can cause."""
    out = Output(as_json="--json" in arguments)
    _never_fail_on_letters()
    try:
        code = _ran(out, _json_last(arguments))
        # What cannot be written is found now, not after the last word.
        sys.stdout.flush()
        return code
    except (KeyboardInterrupt, click.Abort):
        code = code_of_ctrl_c(arguments)
        if code != EXIT_OK:
            out.fail_below(CliError("INTERRUPTED", "Interrupted."))
        return code
    except SystemExit:
        # Whoever read the output has seen enough (`| head`); that is no failure.
        local.drop_output()
        return EXIT_OK
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS or error.filename is not None:
            return _defect(out, error)
        local.drop_output()
        out.fail(CliError("OUTPUT_FAILED", f"The output cannot be written: {error.strerror}."))
        return EXIT_FAILED
    except Exception as error:  # What nobody foresaw is still one error of the one shape.
        return _defect(out, error)


def _ran(out: Output, arguments: list[str]) -> int:
    try:
        result = robson.main(args=arguments, prog_name="robson", standalone_mode=False)
    except CliError as error:
        out.fail(error)
        return error.exit_code
    except Leave as end:
        return end.exit_code
    except click.ClickException as error:
        return _misused(out, error)
    # `--help` returns 0; commands return nothing.
    return result if isinstance(result, int) else EXIT_OK


def _json_last(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with a ``--json`` before the command moved behind its name."""
    before = list(itertools.takewhile(lambda word: word.startswith("-"), arguments))
    rest = list(arguments[len(before) :])
    if "--json" not in before or not rest:
        return list(arguments)
    kept = [word for word in before if word != "--json"]
    return [*kept, rest[0], "--json", *rest[1:]]


def _defect(out: Output, error: Exception) -> int:
    traceback.print_exception(error)
    out.fail(CliError("DEFECT", f"This is a defect in robson, {type(error).__name__}: {error}"))
    return EXIT_FAILED


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
