"""Options every command has, and readers of values that name the option and the fix."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import attrs
import rich_click as click

from robsond.cli.client import Api
from robsond.cli.errors import CliError, usage
from robsond.cli.output import Output
from robsond.cli.target import Target, find_target

Command = Callable[..., None]
_DURATION: Final = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?")
_UNITS: Final = (86_400, 3_600, 60, 1)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_ID: Final = re.compile(r"p-[0-9a-f]{16}")
"""A whole id; what is shorter may be the beginning of one."""
_GUARD: Final = "guard-"
"""How the ids of guards begin."""
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@attrs.define(kw_only=True)
class Shell:
    """What a command works with: its output, and the daemon it was pointed at."""

    out: Output
    url: str | None = None
    data_dir: str | None = None

    def target(self) -> Target:
        """Return the daemon named by options and environment."""
        return find_target(self.url, self.data_dir)

    def api(self) -> Api:
        """Return a connection to the daemon."""
        return Api(self.target())


def common(function: Command) -> Command:
    """Add ``--json``, ``--data-dir`` and ``--url``; the command gets a :class:`Shell` first."""

    @click.option("--url", metavar="URL", help="Address of the daemon [env: ROBSON_API_URL].")
    @click.option(
        "--data-dir",
        metavar="PATH",
        help="The daemon's data directory: finds its port and token [env: ROBSON_DATA_DIR].",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document and no more.")
    @functools.wraps(function)
    def command(url: str | None, data_dir: str | None, as_json: bool, **rest: Any) -> None:
        function(Shell(out=Output(as_json), url=url, data_dir=data_dir), **rest)

    return command


def key_option(function: Command) -> Command:
    """Add ``--idempotency-key`` to a command that acts."""
    return click.option(
        "--idempotency-key",
        "key",
        metavar="KEY",
        help="Repeat a call with the same key and it has no second effect (default: a new one).",
    )(function)


def checked_key(key: str | None) -> str:
    """Return the given idempotency key, or a new one."""
    from robsond.cli import local

    if key is None:
        return local.new_id("key")
    if not _KEY.fullmatch(key):
        raise usage("--idempotency-key", "use 8 to 64 letters, digits, '-' and '_'")
    return key


def amount(option: str, text: str) -> Decimal:
    """Return a decimal number above zero.

    Raises:
        CliError: Naming ``option`` and what to write.
    """
    from robson_domain import decimals
    from robson_domain.errors import ValidationError

    try:
        number = decimals.to_decimal(text.strip())
    except ValidationError as error:
        raise usage(option, error.problem) from None
    if number <= 0:
        raise usage(option, f"{text} must be above zero")
    return number


def amount_text(option: str, text: str) -> str:
    """Return a decimal number above zero as canonical text."""
    from robson_domain import decimals

    return decimals.text(amount(option, text))


def not_negative(option: str, text: str) -> str:
    """Return a decimal number of zero or more as canonical text."""
    from robson_domain import decimals

    if re.fullmatch(r"0+(\.0*)?", text.strip()):
        return decimals.text(decimals.ZERO)
    return amount_text(option, text)


def symbol(option: str, text: str) -> str:
    """Return the normalized pair.

    Raises:
        CliError: When it is none.
    """
    from robson_domain.errors import ValidationError
    from robson_domain.symbols import Symbol

    try:
        return str(Symbol(text))
    except ValidationError as error:
        raise usage(option, error.problem) from None


def stop_distance(option: str, text: str) -> str:
    """Return a stop distance: ``120`` in quote currency, or ``0.3%`` of the price.

    Raises:
        CliError: When it is neither, or a percentage outside 0.1 to 10.
    """
    plain = text.strip()
    if not plain.endswith("%"):
        return amount_text(option, plain)
    percent = amount(option, plain[:-1])
    if not Decimal("0.1") <= percent <= 10:
        raise usage(option, f"{plain} is outside 0.1% to 10% of the price")
    return f"{amount_text(option, plain[:-1])}%"


def expiry(option: str, text: str) -> int | str:
    """Return seconds for ``45s``, ``30m``, ``2h``, ``1d`` (also ``1h30m``), or an ISO time.

    Raises:
        CliError: When it is neither, or the time has no zone.
    """
    plain = text.strip()
    found = _DURATION.fullmatch(plain)
    if found and plain:
        parts = [int(part or 0) for part in found.groups()]
        seconds = sum(n * unit for n, unit in zip(parts, _UNITS, strict=True))
        if seconds <= 0:
            raise usage(option, f"{plain} must be above zero")
        return seconds
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        raise usage(
            option, f"{text!r} is neither a duration such as 30m or 2h nor an ISO time"
        ) from None
    if moment.tzinfo is None:
        raise usage(option, f"{plain} has no time zone; write {plain}Z for UTC")
    return moment.isoformat()


def pairs(option: str, items: Sequence[str]) -> dict[str, str]:
    """Return ``name=value`` items as a mapping.

    Raises:
        CliError: For an item without a name, and for a name given twice.
    """
    found: dict[str, str] = {}
    for item in items:
        name, sign, value = item.partition("=")
        if not sign or not _WORD.fullmatch(name) or not value.strip():
            raise usage(option, f"{item!r} is not name=value, e.g. fast=9")
        if name in found:
            raise usage(option, f"{name} is given twice")
        found[name] = value.strip()
    return found


def word(option: str, text: str) -> str:
    """Return a name such as ``ma_crossover``."""
    if not _WORD.fullmatch(text):
        raise usage(option, f"{text!r} is no name such as ma_crossover")
    return text


def position_id(text: str) -> str:
    """Return a position id that is safe in an address.

    Raises:
        CliError: When it has characters no id has.
    """
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text) or set(text) <= {"."}:
        raise usage("ID", f"{text[:70]!r} is no position id; `robson positions` lists them")
    return text


def find_position(api: Api, text: str) -> str:
    """Return the id of the one position that ``text`` is the id of, or the beginning of it.

    What fits no position is returned as it is: the daemon knows older ones, and what to say.

    Raises:
        CliError: When it has characters no id has, or fits several positions.
    """
    wanted = position_id(text)
    if _ID.fullmatch(wanted):
        return wanted
    if wanted.startswith(_GUARD):
        found = api.get("/api/safety-net")["guards"]
    else:
        found = api.get("/api/positions")["positions"]
    known = [str(view["position_id"]) for view in found]
    if wanted in known:
        return wanted
    fitting = [name for name in known if name.startswith((wanted, f"p-{wanted}"))]
    if len(fitting) > 1:
        some = ", ".join(fitting[:5])
        raise usage("ID", f"{text} is the beginning of {len(fitting)} positions: {some}")
    return fitting[0] if fitting else wanted


def only_without_json(out: Output, option: str) -> None:
    """Refuse an option that would print more than one document.

    Raises:
        CliError: With ``--json``.
    """
    if out.as_json:
        raise CliError(
            "BAD_USAGE",
            f"{option} never ends, and --json prints one document: call it in a loop without it",
            field=option,
            exit_code=2,
        )
