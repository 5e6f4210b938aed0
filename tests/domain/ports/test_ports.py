"""Ports are small, and every method says what it owes."""

from __future__ import annotations

from typing import Any

import pytest

from robson_domain import ports
from tests.domain.classes import classes
from tests.domain.ports.shape import duties, methods

PORTS = [kind for kind in classes() if getattr(kind, "_is_protocol", False)]


def test_every_port_is_exported() -> None:
    assert {port.__name__ for port in PORTS} == set(ports.__all__) - {
        *("Debt", "NewOrder", "Recovered", "Spent", "StoredEvent"),
    }


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_ports_are_small(port: type[Any]) -> None:
    assert 1 <= len(methods(port)) <= 10


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_every_method_says_what_it_owes(port: type[Any]) -> None:
    for name, duty in duties(port).items():
        assert duty.endswith((".", ")")), name
