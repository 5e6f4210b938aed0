"""The description of the API is valid, and true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as openapi_checks

from robsond.api.app import description
from robsond.api.policy import POLICY, QUERY, SOCKET
from robsond.keys import Scope
from robsond.telemetry import Metrics
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


def test_the_page_names_every_route_and_metric() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    for _, path in POLICY:
        name = path.replace("{position_id}", "{id}")
        assert f"`{name}" in page or f" {name}" in page, name
    for family in Metrics().registry.collect():
        assert family.name in page


async def test_parameters_in_the_address_are_those_of_the_policy() -> None:
    """The gate refuses every other one: a new one is in both, or of no use."""
    paths = (await _document())["paths"]
    described = {
        (method, path): {one["name"] for one in operation["parameters"] if one["in"] == "query"}
        for path, item in paths.items()
        for method, operation in item.items()
        if operation.get("parameters")
    }
    assert {path: names for (method, path), names in described.items() if method == "get" and names
            } == {path: set(names) for path, names in QUERY.items()}  # fmt: skip
    assert not any(names for (method, _), names in described.items() if method != "get")


async def test_bodies_are_closed_and_money_is_text() -> None:
    schemas = (await _document())["components"]["schemas"]
    body = next(schema for name, schema in schemas.items() if name.endswith("ArmBody"))
    assert body["additionalProperties"] is False
    assert "pattern" in json.dumps(body["properties"]["capital"])
    assert '"type": "number"' not in json.dumps(schemas)


async def test_only_health_needs_no_token() -> None:
    document = await _document()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            security = operation.get("security", document.get("security"))
            is_public = POLICY[(method.upper(), path)] is Scope.PUBLIC
            assert (security == [{}]) is is_public, path


class _WithToken:
    """Adds the token and our host name as every client does, so that calls are about the rest.

    Serves the description without its security too: a call without a token is tested elsewhere.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            token = authorization(Scope.ADMIN)["Authorization"].encode()
            kept = [pair for pair in scope["headers"] if pair[0] not in (b"host", b"authorization")]
            headers = [*kept, (b"host", b"localhost"), (b"authorization", token)]
            scope = {**scope, "headers": headers}
            if scope["path"] == "/described":
                await _describe(send)
                return
        await self._app(scope, receive, send)


async def _describe(send: Any) -> None:
    document = json.loads(description())
    del document["security"]
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})


CHECKS = [
    not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.negative_data_rejection,
]


OPERATIONS = sorted(
    (method, path)
    for method, path in POLICY
    if method != SOCKET and path not in ("/api/openapi.json", "/metrics")
)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_is_as_described(method: str, path: str, mode: GenerationMode) -> None:
    """Whatever is sent: no failure of ours, and only answers that are described."""
    schema = schemathesis.openapi.from_asgi("/described", _WithToken(make_api().app))
    operation = schema[path][method]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
        return

    @hypothesis.settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    run()
