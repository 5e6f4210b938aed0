"""What goes wrong on demand. Every fault counts how often it struck.

A fault names the endpoint it strikes (method and path; empty fits any), optionally parameter
values (``where={"side": "SELL"}``), how many matching requests pass before it (``after``) and how
many it strikes (``times``; None for all). ``executed`` says whether the request takes effect
although the answer does not say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from tests.binance_exchange.wire import ApiError, Params, Response, html_response

UNKNOWN: Final = "Unknown error, please check your request or try again later."
MESSAGES: Final[dict[int, tuple[int, str]]] = {
    -1000: (400, "An unknown error occurred while processing the request."),
    -1001: (500, "Internal error; unable to process your request. Please try again."),
    -1006: (
        500,
        "An unexpected response was received from the message bus. Execution status unknown.",
    ),
    -1007: (
        504,
        (
            "Timeout waiting for response from backend server. Send status unknown;"
            " execution status unknown."
        ),
    ),
    -1008: (
        503,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    -3007: (400, "You have pending transaction, please try again later.."),
    -3044: (400, "System busy, please try again later."),
    -21003: (400, "Fail to retrieve margin assets."),
}
KINDS: Final = ("timeout", "close", "unknown_503", "code", "html", "empty", "limit", "slow")


@attrs.define(kw_only=True)
class Fault:
    """One thing to go wrong.

    ``kind``:
        * ``timeout``: never answers, and keeps the connection open.
        * ``close``: cuts the connection without an answer.
        * ``unknown_503``: 503 with the exchange's words for "execution unknown".
        * ``code``: a JSON error with ``code`` (``status`` and ``message`` have defaults).
        * ``html``: a page of the proxy with ``status`` (default 502). ``empty``: no body.
        * ``limit``: 429, or 418 when ``status`` says so (that one bans), with ``Retry-After:
          retry_after`` seconds. Never executed.
        * ``slow``: waits ``delay_ms`` before it is executed and ``delay_after_ms`` before it is
          answered.
    """

    kind: str = attrs.field(validator=attrs.validators.in_(KINDS))
    method: str = ""
    path: str = ""
    where: Mapping[str, str] = attrs.field(factory=dict)
    executed: bool = False
    times: int | None = 1
    after: int = 0
    code: int = -1000
    message: str = ""
    status: int = 0
    retry_after: int = 1
    delay_ms: int = 0
    delay_after_ms: int = 0
    hits: int = 0
    passed: int = 0

    def fits(self, method: str, path: str, params: Params) -> bool:
        """Say whether the request is one that this fault may strike."""
        return (
            self.method in ("", method)
            and self.path in ("", path)
            and all(params.get(name) == value for name, value in self.where.items())
            and (self.times is None or self.hits < self.times)
        )

    def answer(self) -> Response:
        """Return what is answered in place of the truth."""
        if self.kind == "unknown_503":
            return ApiError(-1000, UNKNOWN, status=503).response()
        if self.kind == "html":
            status = self.status or 502
            return html_response(status, {502: "Bad Gateway"}.get(status, "Error"))
        if self.kind == "empty":
            return Response(status=self.status or 504, body=b"")
        status, message = MESSAGES.get(self.code, (400, "Error."))
        return ApiError(self.code, self.message or message, status=self.status or status).response()


class Faults:
    """The faults that are set, oldest first."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Set ``fault`` and return it, so that its hits can be read."""
        self.all.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every fault."""
        self.all.clear()

    def strike(self, method: str, path: str, params: Params) -> Fault | None:
        """Return the fault that strikes this request, counted."""
        for fault in self.all:
            if not fault.fits(method, path, params):
                continue
            if fault.passed < fault.after:
                fault.passed += 1
                continue
            fault.hits += 1
            return fault
        return None
