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
from importlib.metadata import version
from pathlib import Path
from typing import Final

from robson_domain import ConfigurationError, InvariantError, StoreError, ValidationError
from robsond import compose, daemon, logs, system
from robsond.settings import Loaded, Settings, effective, load
from robsond.trouble import trouble_of

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


_UNTOUCHED: Final = "Nothing was started and nothing was changed."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="robsond",
        description="The daemon that watches and trades.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"robsond {version('robsond')}")
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


def _guarded(action: Callable[[Loaded], int], loaded: Loaded) -> int:
    try:
        return action(loaded)
    except daemon.AlreadyRunning as error:
        return _told(ALREADY_RUNNING, f"robsond: {error}")
    except (ConfigurationError, ValidationError) as error:
        return _told(BAD_SETTINGS, f"robsond: {error}")
    except PermissionError as error:
        path = Path(str(error.filename or loaded.settings.data_dir))
        return _told(BAD_SETTINGS, f"robsond: {daemon.unusable(path, error)}")
    except compose.InUse as error:
        return _told(ALREADY_RUNNING, f"robsond: {error}")
    except StoreError as error:
        return _told(NOT_TRUSTED, _store_problem(error, loaded.settings))
    except InvariantError as error:
        return _told(NOT_TRUSTED, f"robsond: PROMISE_BROKEN: {error}\n{_UNTOUCHED}")
    except daemon.Broken as error:
        return _told(FAILED, f"robsond: {error}")


def _store_problem(error: StoreError, settings: Settings) -> str:
    trouble = trouble_of(error)
    # A database address may hold a password; the folder says where to look.
    place = "DATABASE_URL" if settings.database_url else str(settings.data_dir)
    return f"robsond: {trouble.code}: {place}: {error}. {trouble.advice}\n{_UNTOUCHED}"


def _run(loaded: Loaded) -> int:
    asyncio.run(daemon.run(loaded.settings))
    return OK


def _migrate(loaded: Loaded) -> int:
    system.ensure_private_dir(loaded.settings.data_dir)
    head = asyncio.run(compose.migrate(loaded.settings))
    return _told(OK, f"The database is up to date; the log ends at event {head.sequence}.")


def _check(loaded: Loaded) -> int:
    settings = loaded.settings
    source = str(loaded.file) if loaded.file is not None else "no file, the environment alone"
    _show(f"Settings from {source}.")
    width = max(len(name) for name, _ in effective(settings))
    for name, value in effective(settings):
        _show(f"{name:{width}}  {value}")
    if settings.is_recording:
        recording, _ = compose.read_recording(settings)
        _show(f"The recording holds {len(recording.ticks)} trades.")
    for problem in compose.detectors(settings).problems:
        _told(OK, problem)
    if problems := _places(settings):
        raise ConfigurationError("\n".join(problems))
    _show("These settings can be used.")
    return OK


def _places(settings: Settings) -> list[str]:
    """Return what ``run`` would find wrong with the folders; nothing is left behind in them."""
    problems = []
    try:
        system.require_usable_dir(settings.data_dir)
    except OSError as error:
        problems.append(str(daemon.unusable(settings.data_dir, error)))
    scheme, _, path = settings.database_url.partition("sqlite:///")
    if not scheme and path and not system.is_folder(Path(path).parent):
        problems.append(f"DATABASE_URL: the folder {Path(path).parent} does not exist; make it")
    return problems


def _show(text: str) -> None:
    print(text)  # noqa: T201 (the command's output)


if __name__ == "__main__":
    main()
