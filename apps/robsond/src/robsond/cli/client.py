"""The daemon as a command sees it: requests in, JSON objects out, one error for every failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from robsond.cli.errors import (
    EXIT_FAILED,
    EXIT_NOT_FOUND,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
    CliError,
)
from robsond.cli.target import NOT_REACHABLE, Target

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS: Final = 30
"""Longer than the daemon takes for anything; a command that hangs says nothing."""
_QUICK_SECONDS: Final = 10
"""For what the daemon has in memory."""
_SLOW_PATHS: Final = ("/api/why/", "/api/verify-log", "/api/replay", "/api/events")
"""What reads the whole log takes as long as the log is."""
_BAD_VALUE: Final = frozenset({400, 413, 415, 422})


class Api:
    """One daemon, over HTTP with a Bearer token. Close it, or use it in a ``with`` block."""

    def __init__(self, target: Target) -> None:
        # Imported here: it takes a quarter of a second, and `--help` needs none of it.
        import httpx

        headers = {"Authorization": f"Bearer {target.token}"} if target.token else {}
        # Environment proxies are ignored: the token goes to the daemon and nowhere else.
        self._client = httpx.Client(
            base_url=target.url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        )
        self._target = target

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connection; idempotent."""
        self._client.close()

    def get(self, path: str, **params: object) -> dict[str, Any]:
        """Return the answer to ``GET path``; parameters that are None are left out.

        Raises:
            CliError: When the daemon cannot be reached, or says no.
        """
        given = {name: str(value) for name, value in params.items() if value is not None}
        slow = path.startswith(_SLOW_PATHS)
        seconds = TIMEOUT_SECONDS if slow else min(_QUICK_SECONDS, TIMEOUT_SECONDS)
        return self._object("GET", path, params=given, timeout=seconds)

    def post(self, path: str, body: Mapping[str, object], key: str = "") -> dict[str, Any]:
        """Return the answer to ``POST path``.

        Args:
            key: Idempotency key: the same key and body again has no second effect.

        Raises:
            CliError: When the daemon cannot be reached, or says no.
        """
        headers = {"Idempotency-Key": key} if key else {}
        return self._object("POST", path, json=dict(body), headers=headers)

    def is_ready(self) -> bool:
        """Say whether the daemon answers and is ready; never raises."""
        import httpx

        try:
            return self._client.get("/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def _object(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        import httpx

        try:
            response = self._client.request(method, path, **request)
        except httpx.TimeoutException:
            raise self._silent(method, request.get("timeout", TIMEOUT_SECONDS)) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from None
        return self._read(response)

    def _silent(self, method: str, seconds: int) -> CliError:
        acted = " It may still have been done: look before repeating it." if method != "GET" else ""
        return CliError(
            "DAEMON_SILENT",
            f"The daemon at {self._target.url} did not answer within {seconds} s.{acted}",
            exit_code=EXIT_UNREACHABLE,
        )

    def _unreachable(self, error: Exception) -> CliError:
        import httpx

        url, told = self._target.url, str(error).upper()
        advice = "Start it with: robsond run"
        if url.startswith("https:") and ("SSL" in told or "TLS" in told):
            advice = "What answers there does not speak https, or shows no certificate we trust."
        elif isinstance(error, httpx.RemoteProtocolError):
            advice = "What answers there does not speak http; check ROBSON_API_URL or --url."
        return CliError(
            NOT_REACHABLE,
            f"No daemon answers at {url} ({self._target.source}). {advice}",
            exit_code=EXIT_UNREACHABLE,
        )

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise CliError(
                "NOT_ROBSON",
                f"What answers at {self._target.url} is not robsond "
                f"(HTTP {response.status_code}, no JSON object). Check ROBSON_API_URL or --url.",
                exit_code=EXIT_UNREACHABLE,
            )
        if response.is_success:
            return body
        raise refusal(response.status_code, body.get("error"), self._target)


def refusal(status: int, error: object, target: Target) -> CliError:
    """Return the error for an answer outside 200-299."""
    details = error if isinstance(error, dict) else {}
    code = str(details.get("code") or f"HTTP_{status}")
    message = str(details.get("message") or f"The daemon answered with HTTP {status}.")
    field = str(details.get("field") or "")
    message = message.removeprefix(f"{field}: ")
    if status == 404 and field != "sequence":
        message = message.replace("; see /api/positions.", ".")
        message = f"{message} `robson positions` lists what there is."
    if status == 401:
        message = target.token_refused
    elif status == 403:
        message = f"{message} {target.token_advice}"
    return CliError(code, message, field=field, exit_code=_exit_code(status))


def _exit_code(status: int) -> int:
    if status == 404:
        return EXIT_NOT_FOUND
    return EXIT_USAGE if status in _BAD_VALUE else EXIT_FAILED
