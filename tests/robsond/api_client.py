"""Calling the application in process, as a client on this machine would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import httpx

from robsond.api.app import application
from robsond.api.context import Door
from robsond.api.gate import LOCAL_NAMES, Doorkeeper
from robsond.hub import Hub
from robsond.keys import Keyring, Patience, Scope
from robsond.secret import Secret
from robsond.telemetry import Metrics
from tests.robsond.api_machine import Counter, Machine

TOKENS: Mapping[Scope, str] = {
    Scope.READ: "read-" + "r" * 40,
    Scope.TRADE: "trade-" + "t" * 40,
    Scope.ADMIN: "admin-" + "a" * 40,
}
JSON = "application/json"


@attrs.define
class Api:
    """The application with everything it stands on, for a test to look at."""

    machine: Machine
    door: Door
    hub: Hub
    keeper: Doorkeeper
    app: Any
    client: httpx.AsyncClient

    async def get(self, path: str, scope: Scope | None = Scope.READ, **more: Any) -> httpx.Response:
        return await self.call("GET", path, scope, **more)

    async def post(
        self, path: str, body: Any = None, scope: Scope | None = Scope.TRADE, **more: Any
    ) -> httpx.Response:
        return await self.call("POST", path, scope, json={} if body is None else body, **more)

    async def call(
        self, method: str, path: str, scope: Scope | None, **more: Any
    ) -> httpx.Response:
        headers = {**authorization(scope), **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)


def authorization(scope: Scope | None) -> dict[str, str]:
    return {} if scope is None else {"Authorization": f"Bearer {TOKENS[scope]}"}


def make_api(machine: Machine | None = None) -> Api:
    machine = machine or Machine()
    metrics = Metrics()
    keyring = Keyring({Secret(token).digest(): scope for scope, token in TOKENS.items()})
    patience = Patience()
    door = Door(
        keyring=keyring, patience=patience, metrics=metrics, now=machine.now, facade=machine
    )
    ids = Counter()
    keeper = Doorkeeper(
        keyring=keyring,
        patience=patience,
        hosts=LOCAL_NAMES,
        now=machine.now,
        new_id=ids.new_id,
    )
    hub = Hub(metrics)
    app = application(door, hub, keeper, ids.new_id)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost:8080")
    return Api(machine, door, hub, keeper, app, client)


def error_of(response: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"code", "message", "field", "id"}
    return error
