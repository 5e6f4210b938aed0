"""The gate: deny by default, on every route, for every way in."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from litestar import get
from litestar.routes import HTTPRoute, WebSocketRoute

from robsond.api.app import HANDLERS, litestar_app
from robsond.api.policy import POLICY, SOCKET, scope_needed
from robsond.keys import Scope
from tests.robsond.api_client import TOKENS, Api, authorization, error_of, make_api

ROUTES = [
    (method, path.replace("{position_id}", "p-1"), scope)
    for (method, path), scope in POLICY.items()
    if method != SOCKET
]
PROTECTED = [(method, path, scope) for method, path, scope in ROUTES if scope is not Scope.PUBLIC]


@pytest.fixture
def api() -> Api:
    return make_api()


def routed(handlers: Any) -> set[tuple[str, str]]:
    api = make_api()
    app = litestar_app(api.door, api.hub, api.keeper, api.keeper.new_id)
    for handler in handlers:
        app.register(handler)
    found: set[tuple[str, str]] = set()
    for route in app.routes:
        path = route.path_format
        if isinstance(route, HTTPRoute):
            found |= {(method, path) for method in route.methods if method != "OPTIONS"}
        elif isinstance(route, WebSocketRoute):
            found.add((SOCKET, path))
    return found


def test_every_route_has_a_policy_and_every_policy_a_route() -> None:
    assert routed(()) == set(POLICY)
    assert HANDLERS


def test_a_new_route_without_policy_is_noticed() -> None:
    @get("/api/secret-door")
    async def secret_door() -> str:
        return "open"

    assert routed((secret_door,)) - set(POLICY) == {("GET", "/api/secret-door")}


async def test_a_route_without_policy_is_not_served() -> None:
    """Even if the test above were forgotten: what is not in the table does not exist."""
    api = make_api()

    @get("/api/secret-door")
    async def secret_door() -> str:
        return "open"

    app = litestar_app(api.door, api.hub, api.keeper, api.keeper.new_id)
    app.register(secret_door)
    api.app._app = app
    answer = await api.get("/api/secret-door", Scope.ADMIN)
    assert answer.status_code == 404
    assert b"open" not in answer.content


@pytest.mark.parametrize(("method", "path", "scope"), PROTECTED)
@pytest.mark.parametrize("token", [None, "", "wrong", TOKENS[Scope.READ] + "x"])
async def test_without_a_token_nothing_is_said_or_done(
    api: Api, method: str, path: str, scope: Scope, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = await api.client.request(method, path, headers=headers, json={"symbol": "BTCUSDT"})
    assert answer.status_code == 401
    assert error_of(answer)["code"] == "UNAUTHORIZED"
    assert api.machine.calls == []
    unknown = await api.client.request(method, "/api/no-such-thing", headers=headers, json={})
    assert unknown.content == answer.content


@pytest.mark.parametrize(("method", "path", "needed"), PROTECTED)
@pytest.mark.parametrize("given", [Scope.READ, Scope.TRADE, Scope.ADMIN])
async def test_scopes(api: Api, method: str, path: str, needed: Scope, given: Scope) -> None:
    answer = await api.call(method, path, given, json={})
    refused = answer.status_code == 403
    assert refused is (given < needed), answer.text
    if refused:
        assert error_of(answer)["code"] == "SCOPE_TOO_SMALL"
        assert api.machine.calls == []


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/health", "/health/ready"])
async def test_health_is_public_under_any_name(api: Api, path: str) -> None:
    answer = await api.get(path, None, headers={"Host": "10.1.2.3"})
    assert answer.status_code == 200
    assert set(answer.json()) <= {"status", "timestamp", "checks"}


@pytest.mark.parametrize(
    "host", ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "", "localhost@evil.test"]
)
@pytest.mark.parametrize(("method", "path", "scope"), PROTECTED)
async def test_other_host_names_are_not_answered(
    api: Api, host: str, method: str, path: str, scope: Scope
) -> None:
    answer = await api.call(method, path, Scope.ADMIN, headers={"Host": host}, json={})
    assert answer.status_code == 421
    assert api.machine.calls == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1:8080", "[::1]:8080"])
async def test_own_host_names_are_answered(api: Api, host: str) -> None:
    assert (await api.get("/api/status", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", None]
)
async def test_a_form_of_another_site_cannot_act(api: Api, kind: str | None) -> None:
    headers = authorization(Scope.ADMIN)
    if kind is not None:
        headers["Content-Type"] = kind
    answer = await api.client.post("/api/panic", content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert api.machine.calls == []


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("null", 403),
        ("http://evil.test", 403),
        ("http://localhost:9999", 403),
        ("http://localhost:8080.evil.test", 403),
        ("", 403),
        ("http://localhost:8080", 200),
        (None, 200),
    ],
)
async def test_origin(api: Api, origin: str | None, status: int) -> None:
    headers = {} if origin is None else {"Origin": origin}
    answer = await api.post("/api/panic", headers=headers)
    assert answer.status_code == status
    assert (api.machine.calls == ["Panic"]) is (status == 200)


async def test_no_answer_allows_other_origins(api: Api) -> None:
    answer = await api.get("/api/status", headers={"Origin": "http://evil.test"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"


async def test_large_bodies_are_refused(api: Api) -> None:
    body = {"symbol": "BTCUSDT", "params": {"x": "y" * 70_000}}
    answer = await api.post("/api/positions", body)
    assert (answer.status_code, error_of(answer)["code"]) == (413, "TOO_LARGE")
    assert api.machine.calls == []


async def test_large_bodies_without_a_length_are_refused(api: Api) -> None:
    async def pieces() -> Any:
        for _ in range(20):
            yield b" " * 8_000

    headers = {**authorization(Scope.TRADE), "Content-Type": "application/json"}
    answer = await api.client.post("/api/positions", content=pieces(), headers=headers)
    assert answer.status_code == 413


async def test_wrong_tokens_meet_growing_waits_and_right_ones_none(api: Api) -> None:
    statuses = [
        (await api.get("/api/status", None, headers={"Authorization": f"Bearer {n}"})).status_code
        for n in range(300)
    ]
    assert statuses[:5] == [401] * 5
    assert statuses.count(401) == 5
    assert (await api.get("/api/status")).status_code == 200
    api.machine.clock += 2_000_000_000
    again = await api.get("/api/status", None, headers={"Authorization": "Bearer x"})
    assert again.status_code == 429
    assert int(again.headers["retry-after"]) == 2


async def test_a_failure_tells_an_id_and_nothing_else(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    api.machine.fail = RuntimeError("SELECT secret FROM /root/robson.db")
    answer = await api.post("/api/panic")
    assert answer.status_code == 500
    error = error_of(answer)
    assert (error["code"], error["field"]) == ("INTERNAL", None)
    assert error["id"].startswith("error-")
    for word in ("SELECT", "secret", "robson.db", "RuntimeError", "Traceback"):
        assert word not in answer.text


async def test_a_call_whose_answer_never_comes_is_told_so(api: Api) -> None:
    async def canceled() -> None:
        raise asyncio.CancelledError

    api.machine.panic = canceled  # type: ignore[assignment,method-assign]
    answer = await api.post("/api/panic")
    assert (answer.status_code, error_of(answer)["code"]) == (503, "STOPPING")


@pytest.mark.parametrize("path", ["/api/nothing", "/schema", "/docs", "/api/unused", "/", "//"])
async def test_unknown_addresses_are_404_for_those_who_may_know(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert (answer.status_code, error_of(answer)["code"]) == (404, "NO_ROUTE")


async def test_wrong_methods_are_405_and_name_the_right_ones(api: Api) -> None:
    answer = await api.call("DELETE", "/api/positions", Scope.ADMIN, json={})
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}


BODIES: Final = {
    "positions": {"symbol": "BTCUSDT"},
    "mode": {"mode": "act"},
    "rule": {"rule": "watch"},
}
"""What a call must say, by the last part of its path; the others need say nothing."""


async def test_before_recovery_nothing_is_served_but_health(api: Api) -> None:
    api.door.facade = None
    for method, path, scope in PROTECTED:
        if path in ("/metrics", "/api/openapi.json", "/health/deep"):
            continue
        body = BODIES.get(path.rpartition("/")[2], {})
        answer = await api.call(method, path, scope, json=body)
        assert (answer.status_code, error_of(answer)["code"]) == (503, "NOT_READY"), path
    assert (await api.get("/healthz", None)).status_code == 200
    ready = await api.get("/readyz", None)
    assert ready.status_code == 503
    assert ready.json()["checks"] == {"recovery": "failed"}


async def test_a_failed_check_shows_in_one_word_to_everybody(api: Api) -> None:
    api.machine.problems["market"] = "no trade of BTCUSDT for 40 s"
    public = await api.get("/readyz", None)
    assert (public.status_code, public.json()["status"]) == (503, "not_ready")
    assert "BTCUSDT" not in public.text
    deep = await api.get("/health/deep")
    assert deep.json()["checks"]["market"]["detail"] == "no trade of BTCUSDT for 40 s"


def test_policy_matches_whole_paths() -> None:
    assert scope_needed("GET", "/api/status") is Scope.READ
    assert scope_needed("GET", "/api/status/") is None
    assert scope_needed("GET", "/api/status\n") is None
    assert scope_needed("GET", "/api/positions/a/b") is None
    assert scope_needed("POST", "/api/status") is None
