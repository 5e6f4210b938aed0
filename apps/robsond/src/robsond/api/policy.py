"""Who may call what: the one table. What is not in it does not exist."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from robsond.keys import Scope

SOCKET: Final = "WS"

POLICY: Final[Mapping[tuple[str, str], Scope]] = {
    ("GET", "/healthz"): Scope.PUBLIC,
    ("GET", "/readyz"): Scope.PUBLIC,
    ("GET", "/health"): Scope.PUBLIC,
    ("GET", "/health/ready"): Scope.PUBLIC,
    ("GET", "/health/deep"): Scope.READ,
    ("GET", "/metrics"): Scope.READ,
    ("GET", "/api/openapi.json"): Scope.READ,
    ("GET", "/api/status"): Scope.READ,
    ("GET", "/api/risk"): Scope.READ,
    ("GET", "/api/positions"): Scope.READ,
    ("GET", "/api/positions/{position_id}"): Scope.READ,
    ("POST", "/api/positions"): Scope.TRADE,
    ("POST", "/api/positions/{position_id}/disarm"): Scope.TRADE,
    ("POST", "/api/positions/{position_id}/close"): Scope.TRADE,
    ("POST", "/api/positions/{position_id}/ack"): Scope.TRADE,
    ("POST", "/api/panic"): Scope.TRADE,
    ("GET", "/api/safety-net"): Scope.READ,
    ("POST", "/api/safety-net/mode"): Scope.TRADE,
    ("POST", "/api/safety-net/{symbol}/rule"): Scope.TRADE,
    ("POST", "/api/safety-net/{symbol}/hand-over"): Scope.TRADE,
    ("POST", "/api/warnings/clear"): Scope.TRADE,
    ("GET", "/api/orders"): Scope.READ,
    ("GET", "/api/events"): Scope.READ,
    ("GET", "/api/why/{position_id}"): Scope.READ,
    ("GET", "/api/verify-log"): Scope.READ,
    ("GET", "/api/replay"): Scope.READ,
    (SOCKET, "/ws"): Scope.READ,
}

QUERY: Final[Mapping[str, tuple[str, ...]]] = {
    "/api/positions": ("status",),
    "/api/orders": ("position_id", "position", "pending"),
    "/api/events": ("after", "limit", "position_id", "position", "type"),
    "/api/why/{position_id}": ("sequence",),
}
"""Parameters that a GET takes in its address; what is not in here takes none."""


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[a-z_]+\\\}", "[^/]+", re.escape(template)))


_COMPILED: Final = [(method, _pattern(path), scope) for (method, path), scope in POLICY.items()]

_QUERIES: Final = [(_pattern(path), names) for path, names in QUERY.items()]


def query_of(method: str, path: str) -> tuple[str, ...]:
    """Return the parameters that a call takes in its address."""
    if method != "GET":
        return ()
    return next((names for pattern, names in _QUERIES if pattern.fullmatch(path)), ())


def scope_needed(method: str, path: str) -> Scope | None:
    """Return the scope that a call needs; None when there is no such route."""
    for known, pattern, scope in _COMPILED:
        if known == method and pattern.fullmatch(path):
            return scope
    return None


def methods_of(path: str) -> list[str]:
    """Return the methods a path knows, none for one that does not exist."""
    return [method for method, pattern, _ in _COMPILED if pattern.fullmatch(path)]
