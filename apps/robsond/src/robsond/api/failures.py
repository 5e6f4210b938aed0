"""From exceptions to problems: what the caller can change is named, the rest gets an id."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException, WebSocketException
from litestar.openapi.datastructures import ResponseSpec

from robson_domain import (
    DefinitiveVenueError,
    DeniedError,
    InDoubtError,
    ValidationError,
    VenueError,
)
from robsond import logs
from robsond.api.gate import internal
from robsond.api.problems import ApiError, Problem
from robsond.dto import ErrorReply

log = logs.logger(__name__)

RESPONSES: Final = {
    status: ResponseSpec(data_container=ErrorReply, description=text, generate_examples=False)
    for status, text in {
        400: "A value is wrong; field names it",
        401: "No valid token",
        403: "The token's scope is too small, or a foreign site calls",
        404: "No such thing",
        409: "Not possible as things stand",
        413: "The body is too large",
        415: "Not JSON",
        421: "Called by a name that is not ours",
        422: "The market cannot serve it",
        429: "Too many wrong tokens",
        500: "A failure here; id finds it in the log",
        503: "Not ready, or the venue does not answer",
    }.items()
}
"""What every route behind the token may answer beside its own."""
_UNPROCESSABLE: Final = frozenset({"NO_HISTORY", "NO_PRICE", "NO_STOP"})
_WORDS: Final = {
    400: ("BAD_REQUEST", "The request cannot be read."),
    404: ("NOT_FOUND", "There is nothing at this address."),
    405: ("METHOD_NOT_ALLOWED", "This method is not possible here."),
    413: ("TOO_LARGE", "The body is too large; 64 KiB are allowed."),
    415: ("NOT_JSON", "Send Content-Type: application/json."),
}


def _of_validation(error: ValidationException) -> Problem:
    extra = error.extra if isinstance(error.extra, list) else []
    first: dict[str, Any] = extra[0] if extra and isinstance(extra[0], dict) else {}
    message = str(first.get("message") or "The request does not have the right shape.")
    field = str(first.get("key") or "")
    field = "" if field == "data" else field.removeprefix("data.")
    return Problem(
        status=400, code="BAD_VALUE", message=hinted(message, field), field=field or None
    )


def hinted(message: str, field: str) -> str:
    """Return a validator's message with the field's name and what to write instead."""
    plain = message.replace("`", "'").rstrip(".")
    if match := re.search(r"unknown field '([^']+)'", plain):
        return f"{match[1]}: there is no such field; see /api/openapi.json"
    if "required field" in plain:
        return f"{plain}; add it"
    if "matching regex" in plain:
        plain = 'does not have the form of this field, e.g. "0.01" for amounts'
    elif "got 'int'" in plain or "got 'float'" in plain:
        plain = f'{plain}; numbers are written as text, e.g. "0.01"'
    return f"{field}: {plain}" if field else plain


def _of_http(error: HTTPException) -> Problem:
    status = error.status_code
    code, message = _WORDS.get(status, ("REFUSED", "The request was refused."))
    if status >= 500:
        return internal("")
    if status == 400 and "JSON" in str(error.detail):
        message = "The body is not valid JSON."
    return Problem(status=status, code=code, message=message)


def _of_denied(error: DeniedError) -> Problem:
    status = 422 if error.code in _UNPROCESSABLE else 409
    return Problem(status=status, code=error.code, message=error.message)


def _of_venue(error: VenueError) -> Problem:
    if isinstance(error, DefinitiveVenueError):
        return Problem(status=422, code=error.code or "VENUE_REFUSED", message=error.message)
    if isinstance(error, InDoubtError):
        return Problem(status=503, code=error.code or "UNCONFIRMED", message=error.message)
    return Problem(
        status=503,
        code="VENUE_UNAVAILABLE",
        message="The venue does not answer; nothing was done. Try again.",
        headers=(("retry-after", "1"),),
    )


def problem_of(error: Exception, new_id: Callable[[str], str]) -> Problem:
    """Return what to answer to ``error``; the unexpected is logged under a new id."""
    match error:
        case ApiError():
            return error.problem
        case ValidationError():
            return Problem(status=400, code="BAD_VALUE", message=str(error), field=error.field)
        case DeniedError():
            return _of_denied(error)
        case VenueError():
            return _of_venue(error)
        case ValidationException():
            return _of_validation(error)
        case RecursionError():
            return Problem(status=400, code="BAD_REQUEST", message="The body is nested too deeply.")
        case HTTPException() if error.status_code < 500:
            return _of_http(error)
    name = new_id("error")
    log.error("a request failed", id=name, exc_info=error)
    return internal(name)


def handler(new_id: Callable[[str], str]) -> Callable[[Request[Any, Any, Any], Exception], Any]:
    """Return Litestar's handler for every exception."""

    def handle(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        problem = problem_of(error, new_id)
        return Response(
            content=problem.body,
            status_code=problem.status,
            media_type=MediaType.JSON,
            headers=dict(problem.headers),
        )

    return handle


async def note_socket(error: Exception, scope: Any) -> None:
    """Log what ended a socket unexpectedly; calls over HTTP are logged with their answer."""
    if scope["type"] == "websocket" and not isinstance(error, WebSocketException):
        log.error("a socket failed", exc_info=error)
