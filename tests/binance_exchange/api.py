"""The REST face: from one request to one answer, in the order the exchange checks things."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from tests.binance_exchange import security
from tests.binance_exchange.audit import Audit, Received
from tests.binance_exchange.faults import Fault, Faults
from tests.binance_exchange.limits import Limits
from tests.binance_exchange.security import ApiKey
from tests.binance_exchange.venue import Venue
from tests.binance_exchange.wire import (
    ApiError,
    HangUp,
    Json,
    Params,
    Request,
    Response,
    Silence,
    html_response,
    illegal,
    json_response,
    missing,
)

ALWAYS: Final = frozenset({"timestamp", "recvWindow", "signature"})
RETIRED: Final = ("/api/v3/userDataStream", "/sapi/v1/userDataStream")
PLAIN: Final = "^[A-Za-z0-9]{1,20}$"


@attrs.define(kw_only=True)
class Call:
    """One request past the gate: its parameters, its key, and headers to answer with."""

    params: Params
    key: ApiKey | None
    headers: dict[str, str] = attrs.field(factory=dict)

    def get(self, name: str) -> str | None:
        """Return the parameter ``name`` or None."""
        return self.params.get(name)

    def flag(self, name: str) -> bool:
        """Return a TRUE/FALSE parameter in any case; FALSE when it was not sent."""
        raw = self.params.get(name, "FALSE").upper()
        if raw not in ("TRUE", "FALSE"):
            raise ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")
        return raw == "TRUE"

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a whole number (-1102 when it is needed and missing, -1100 when malformed)."""
        raw = self.params.get(name)
        if raw is None:
            if default is None:
                raise missing(name)
            return default
        if not raw.isdigit() or len(raw) > 20:
            raise illegal(name, "^[0-9]{1,20}$")
        return int(raw)

    def rights(self) -> dict[str, bool]:
        """Return what the key may do."""
        return self.key.rights if self.key is not None else {}

    def require(self, right: str) -> None:
        """Refuse (-2015) when the key lacks ``right``."""
        if not self.rights().get(right, False):
            raise security.no_permission()


@attrs.frozen(kw_only=True)
class Endpoint:
    """One method and path: its weight and pool, its security and its parameters."""

    method: str
    path: str
    handler: Callable[[Call], Json]
    pool: str = "ip"
    weight: int | Callable[[Params], int] = 1
    security: str = "signed"
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    calls_per_minute: bool = False

    def cost(self, params: Params) -> int:
        """Return the weight of a request with ``params``."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)

    def check(self, params: Params) -> None:
        """Refuse missing (-1102), empty (-1105) and unknown (-1104) parameters."""
        for name in self.required:
            if not params.get(name):
                raise missing(name)
        known = ALWAYS | {*self.required, *self.optional}
        unread = [name for name in params if name not in known]
        if unread:
            raise ApiError(
                -1104,
                "Not all sent parameters were read; read"
                f" '{len(params) - len(unread)}' parameter(s) but was sent '{len(params)}'.",
            )
        for name, value in params.items():
            if not value:
                raise ApiError(-1105, f"Parameter '{name}' was empty.")
        symbol = params.get("symbol", "BTCUSDT")
        if not symbol.isascii() or not symbol.isalnum() or len(symbol) > 20:
            raise illegal("symbol", "^[A-Z0-9-_.]{1,20}$")


class RestApi:
    """Everything that answers HTTP."""

    def __init__(
        self, venue: Venue, *, limits: Limits, faults: Faults, audit: Audit, keys: dict[str, ApiKey]
    ) -> None:
        self.venue = venue
        self.limits = limits
        self.faults = faults
        self.audit = audit
        self.keys = keys
        self._endpoints: dict[tuple[str, str], Endpoint] = {}

    def add(self, endpoints: Iterable[Endpoint]) -> None:
        """Serve ``endpoints``."""
        for endpoint in endpoints:
            self._endpoints[endpoint.method, endpoint.path] = endpoint

    def served(self) -> list[tuple[str, str]]:
        """Return every method and path."""
        return list(self._endpoints)

    async def handle(self, request: Request) -> Response:
        """Answer ``request``.

        Raises:
            HangUp: when the connection has to be cut without an answer.
            Silence: when it must never be answered.
        """
        received = self.audit.received(request)
        params = dict((*security.split(request.body), *security.split(request.query)))
        fault = self.faults.strike(request.method, request.path, params)
        if fault is not None:
            received.fault = fault.kind
            if fault.kind == "slow":
                await asyncio.sleep(fault.delay_ms / 1000)
        response = self._answer(request, fault, received)
        if fault is not None:
            response = await self._spoil(fault, response, received)
        received.status = response.status
        return response

    def _answer(self, request: Request, fault: Fault | None, received: Received) -> Response:
        if fault is not None and fault.kind == "limit":
            return self._limit(fault)
        if fault is not None and fault.kind != "slow" and not fault.executed:
            return fault.answer()
        headers: dict[str, str] = {}
        try:
            response = self._run(request, headers)
        except ApiError as error:
            received.code = error.code
            response = error.response()
        received.true_status = response.status
        return attrs.evolve(response, headers={**headers, **response.headers})

    def _limit(self, fault: Fault) -> Response:
        now = self.venue.clock.now_ms()
        if fault.status == 418:
            self.limits.ban(fault.retry_after, now)
        try:
            self.limits.check_ban(now)
        except ApiError as error:
            return error.response()
        return ApiError(
            -1003,
            "Too many requests queued.",
            status=429,
            headers={"retry-after": str(fault.retry_after)},
        ).response()

    async def _spoil(self, fault: Fault, response: Response, received: Received) -> Response:
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay_after_ms / 1000)
            return response
        if fault.kind == "timeout":
            raise Silence
        if fault.kind == "close":
            raise HangUp
        if fault.kind == "limit":
            return response
        received.code = fault.code if fault.kind == "code" else received.code
        return fault.answer()

    def _run(self, request: Request, headers: dict[str, str]) -> Response:
        now = self.venue.clock.now_ms()
        self.limits.check_ban(now)
        if request.path.startswith(RETIRED):
            return html_response(410, "Gone")
        endpoint = self._endpoints.get((request.method, request.path))
        if endpoint is None:
            return html_response(404, "Not Found")
        parts = security.parts_of(request)
        weighed = {**dict(parts.body), **dict(parts.query)}
        name = "" if endpoint.pool == "api" else f"{request.method} {request.path}"
        headers |= self.limits.charge(endpoint.pool, name, endpoint.cost(weighed), now)
        if endpoint.calls_per_minute:
            self.limits.count_call(name, self.limits.rules.all_orders_per_minute, now)
        key = self._gate(request, endpoint)
        params = parts.merged()
        if endpoint.security == "signed":
            security.check_time(params, now)
        endpoint.check(params)
        call = Call(params=params, key=key, headers=headers)
        return json_response(endpoint.handler(call))

    def _gate(self, request: Request, endpoint: Endpoint) -> ApiKey | None:
        if endpoint.security == "none":
            return None
        key = security.check_key(request, self.keys)
        signed = b"signature=" in request.query + b"&" + request.body
        if endpoint.security == "signed" or signed:
            security.check_signature(request, key)
        return key
