"""Numbers, errors and messages as they cross the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, Context, Decimal
from typing import Any, Final

import attrs

Json = Any
Params = dict[str, str]

ZERO: Final = Decimal(0)
SATOSHI: Final = Decimal("0.00000001")
EXACT: Final = Context(prec=60)


def amount(value: Decimal) -> str:
    """Return ``value`` the way Binance writes amounts: eight decimals, never an exponent."""
    return f"{value:.8f}"


def down8(value: Decimal) -> Decimal:
    """Return ``value`` cut to eight decimals."""
    return value.quantize(SATOSHI, ROUND_DOWN, context=EXACT)


def up8(value: Decimal) -> Decimal:
    """Return ``value`` raised to eight decimals; what is owed is never rounded away."""
    return value.quantize(SATOSHI, ROUND_CEILING, context=EXACT)


def dumps(value: Json) -> str:
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@attrs.frozen(kw_only=True)
class Request:
    """One HTTP request, with the bytes exactly as they arrived."""

    method: str
    path: str
    query: bytes
    body: bytes
    headers: Mapping[str, str]

    def header(self, name: str) -> str:
        """Return the header ``name`` (lower case), empty when it was not sent."""
        return self.headers.get(name, "")


@attrs.frozen(kw_only=True)
class Response:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = attrs.field(factory=dict)
    content_type: str = "application/json;charset=UTF-8"


def json_response(value: Json, status: int = 200) -> Response:
    """Return ``value`` as a JSON answer."""
    return Response(status=status, body=dumps(value).encode())


def html_response(status: int, title: str) -> Response:
    """Return the page a proxy in front of the exchange answers with."""
    page = (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {title}</h1></center>\r\n<hr><center>nginx</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return Response(status=status, body=page.encode(), content_type="text/html")


class HangUp(Exception):
    """The connection is cut without an answer."""


class Silence(Exception):
    """The connection stays open and is never answered."""


class ApiError(Exception):
    """A refusal with one of the exchange's codes."""

    def __init__(
        self,
        code: int,
        message: str,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the refusal as an HTTP answer."""
        found = json_response({"code": self.code, "msg": self.message}, self.status)
        return attrs.evolve(found, headers=self.headers)


def missing(name: str) -> ApiError:
    """Return the refusal of a request without the parameter ``name``."""
    return ApiError(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def illegal(name: str, legal: str) -> ApiError:
    """Return the refusal of characters outside ``legal`` in the parameter ``name``."""
    return ApiError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )


def invalid(name: str) -> ApiError:
    """Return the refusal of a value that means nothing for the parameter ``name``."""
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")


def filter_failure(name: str) -> ApiError:
    """Return the refusal by the symbol filter ``name``."""
    return ApiError(-1013, f"Filter failure: {name}")


def rejected(reason: str) -> ApiError:
    """Return the matching engine's refusal of a new order."""
    return ApiError(-2010, reason)


def insufficient() -> ApiError:
    """Return the refusal of an order that the free balance does not pay for."""
    return rejected("Account has insufficient balance for requested action.")
