"""Errors of the API: one shape, a sentence with the way out, never what is behind it."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from robsond.dto import ErrorDetail, ErrorReply


@attrs.frozen(kw_only=True)
class Problem:
    """An answer that says no.

    Attributes:
        headers: Sent along, names in lower case.
    """

    status: int
    code: str
    message: str
    field: str | None = None
    id: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> bytes:
        """The JSON text of the answer."""
        detail = ErrorDetail(code=self.code, message=self.message, field=self.field, id=self.id)
        return msgspec.json.encode(ErrorReply(error=detail))


class ApiError(Exception):
    """Raised by handlers to answer with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def api_error(status: int, code: str, message: str, field: str | None = None) -> ApiError:
    """Return the exception that answers with this."""
    return ApiError(Problem(status=status, code=code, message=message, field=field))


HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""On every answer: nothing is cached, embedded, or taken for something else."""


async def respond(problem: Problem, send: Any) -> None:
    """Send ``problem`` over raw ASGI."""
    extra = [(name.encode(), value.encode()) for name, value in problem.headers]
    length = (b"content-length", str(len(problem.body)).encode())
    kind = (b"content-type", b"application/json")
    headers = [*HEADERS, kind, length, *extra]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": problem.body})
