"""``robsond``: run the daemon, bring its database up to date, or check its settings.

robsond run             run until SIGTERM or Ctrl-C
robsond migrate         bring the database up to date and end
robsond check-config    say what the settings mean, and what is wrong with them
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from robson_domain import ConfigurationError, InvariantError, StoreError, ValidationError
from robsond import compose, daemon, logs, system
from robsond.settings import Loaded, Settings, effective, load

OK: Final = 0
FAILED: Final = 1
BAD_SETTINGS: Final = 2
ALREADY_RUNNING: Final = 3
NOT_TRUSTED: Final = 4

log = logs.logger(__name__)

_EPILOG: Final = """\
Settings come from robson.toml and the environment; docs/configuration.md lists them.
Exit codes: 0 ended in order, 1 failed, 2 a setting is wrong, 3 another daemon has the data
directory, 4 the log cannot be trusted or the database not be used.

Example: ROBSON_DATA_DIR=./data robsond run
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave with its exit code."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments), os.environ))


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return the exit code of one call."""
    system.harden()
    options = _parser().parse_args(arguments)
    try:
        loaded = load(environment, options.config)
    except ConfigurationError as error:
        return _told(BAD_SETTINGS, f"robsond: {error}")
    logs.configure(
        level=loaded.settings.log.level,
        style=loaded.settings.log.format,
        now=system.RealClock().now_ns,
    )
    for warning in loaded.warnings:
        log.warning(warning)
    actions = {"run": _run, "migrate": _migrate, "check-config": _check}
    return _guarded(actions[options.command], loaded)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="robsond",
        description="The daemon that watches and trades.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in (
        ("run", "run until SIGTERM or Ctrl-C"),
        ("migrate", "bring the database up to date and end"),
        ("check-config", "say what the settings mean, and what is wrong with them"),
    ):
        command = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        command.add_argument("--config", metavar="FILE", help="settings file [robson.toml]")
    return parser


def _told(code: int, text: str) -> int:
    print(logs.redacted(text), file=sys.stderr)  # noqa: T201 (a person reads it)
    return code


def _guarded(action: Callable[[Settings], int], loaded: Loaded) -> int:
    try:
        return action(loaded.settings)
    except daemon.AlreadyRunning as error:
        return _told(ALREADY_RUNNING, f"robsond: {error}")
    except (ConfigurationError, ValidationError) as error:
        return _told(BAD_SETTINGS, f"robsond: {error}")
    except (StoreError, InvariantError) as error:
        return _told(
            NOT_TRUSTED,
            f"robsond: {type(error).__name__}: {error}\n"
            "Nothing was started and nothing was changed.",
        )
    except daemon.Broken as error:
        return _told(FAILED, f"robsond: {error}")


def _run(settings: Settings) -> int:
    asyncio.run(daemon.run(settings))
    return OK


def _migrate(settings: Settings) -> int:
    system.ensure_private_dir(settings.data_dir)
    head = asyncio.run(compose.migrate(settings))
    return _told(OK, f"The database is up to date; the log ends at event {head.sequence}.")


def _check(settings: Settings) -> int:
    width = max(len(name) for name, _ in effective(settings))
    for name, value in effective(settings):
        print(f"{name:{width}}  {value}")  # noqa: T201 (the command's output)
    if settings.is_recording:
        recording, _ = compose.read_recording(settings)
        print(f"The recording holds {len(recording.ticks)} trades.")  # noqa: T201
    for problem in compose.detectors(settings).problems:
        _told(OK, problem)
    return OK


if __name__ == "__main__":
    main()
