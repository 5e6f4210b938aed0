"""Which daemon a command speaks to, and with which token.

The address is the first of: ``--url``, ``ROBSON_API_URL``, the running daemon of the data
directory (``daemon.json``), ``http://localhost:8080``. A data directory that was named and has no
running daemon is an error, never another daemon. The token is the first of
``ROBSON_API_TOKEN``, the file named by ``ROBSON_API_TOKEN_FILE`` and the data directory's
``token`` file. A token never leaves this machine unencrypted.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import attrs

from robsond.cli import local
from robsond.cli.errors import EXIT_UNREACHABLE, CliError, usage

NOT_REACHABLE: Final = "DAEMON_NOT_REACHABLE"
DEFAULT_URL: Final = "http://localhost:8080"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@attrs.frozen(kw_only=True)
class Target:
    """One daemon.

    Attributes:
        url: Where it listens.
        source: What named the address, for messages.
        token: Bearer token, empty when none was found.
        token_source: What held the token, for messages; empty when there is none.
        data_dir: Where the daemon keeps its files, when on this machine.
    """

    url: str
    source: str
    token: str = attrs.field(default="", repr=False)
    token_source: str = ""
    data_dir: str

    @property
    def token_refused(self) -> str:
        """What happened to the token, and what to do."""
        if not self.token:
            return f"The daemon at {self.url} wants a token and none was found. {self.token_advice}"
        return (
            f"The daemon at {self.url} does not accept the token from {self.token_source}. "
            "Is it another daemon's, or was it replaced since?"
        )

    @property
    def token_advice(self) -> str:
        """What to do when the token is not accepted."""
        return (
            "Set ROBSON_API_TOKEN, or name the daemon's data directory with --data-dir "
            f"(looked in {self.data_dir})."
        )


def find_target(
    url: str | None, data_dir: str | None, environment: Mapping[str, str] | None = None
) -> Target:
    """Return the daemon that options and environment name.

    Raises:
        CliError: When the address is no URL or would send the token in the clear.
    """
    env = os.environ if environment is None else environment
    named = data_dir or env.get("ROBSON_DATA_DIR")
    folder = named or local.default_data_dir()
    address, source = _address(url, folder, data_dir is not None, env)
    if not address and named:
        # Never another daemon than the one that was meant.
        raise CliError(
            NOT_REACHABLE,
            f"No daemon runs on {folder}. Start it with: "
            f"ROBSON_DATA_DIR={shlex.quote(folder)} robsond run",
            exit_code=EXIT_UNREACHABLE,
        )
    address = address or DEFAULT_URL
    _check(address, source)
    token, held = _token(folder, env)
    return Target(
        url=address.rstrip("/"), source=source, token=token, token_source=held, data_dir=folder
    )


def _address(url: str | None, folder: str, chosen: bool, env: Mapping[str, str]) -> tuple[str, str]:
    if url:
        return url, "--url"
    # A data directory named in this call is meant more than a setting made long before it.
    if chosen and (port := running_port(folder)):
        return f"http://127.0.0.1:{port}", f"daemon.json in {folder}"
    if env.get("ROBSON_API_URL"):
        return env["ROBSON_API_URL"], "ROBSON_API_URL"
    if port := running_port(folder):
        return f"http://127.0.0.1:{port}", f"daemon.json in {folder}"
    return "", "the default address"


def running_port(folder: str) -> int:
    """Return the port that ``daemon.json`` in ``folder`` names, 0 when there is none."""
    text = local.text_of(folder, "daemon.json")
    try:
        port = json.loads(text)["port"] if text else 0
    except (ValueError, KeyError, TypeError):
        return 0
    return port if type(port) is int and 0 < port < 65536 else 0


def _check(address: str, source: str) -> None:
    field = source if source in ("--url", "ROBSON_API_URL") else ""
    try:
        parts = urlsplit(address)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, fits = urlsplit(""), False
    if not fits:
        raise usage(field, f"{address!r} is no address such as {DEFAULT_URL}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise usage(field, "the address must be scheme, host and port only; the token is set apart")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise usage(
            field,
            f"{parts.hostname} is another machine: use https, plain http would show the token",
        )


def _token(folder: str, env: Mapping[str, str]) -> tuple[str, str]:
    """Return the token and what held it."""
    if token := env.get("ROBSON_API_TOKEN", "").strip():
        return token, "ROBSON_API_TOKEN"
    if path := env.get("ROBSON_API_TOKEN_FILE"):
        token = local.read_secret("ROBSON_API_TOKEN_FILE", path)
        return token, f"{path} (ROBSON_API_TOKEN_FILE)"
    own = os.path.join(folder, "token")
    return (local.read_secret("", own), own) if local.is_file(own) else ("", "")


def is_unreachable(error: CliError) -> bool:
    """Say whether ``error`` means that nobody answered."""
    return error.code in (NOT_REACHABLE, "NOT_ROBSON")
