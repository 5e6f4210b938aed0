"""Keys go to the venue's hosts, to those the person added, and to this machine."""

from __future__ import annotations

import pytest

from robson_connectors.binance.hosts import ENVIRONMENTS, hosts_of
from robson_domain.errors import ConfigurationError


def test_production_is_the_default() -> None:
    assert hosts_of() == ENVIRONMENTS["prod"]
    assert hosts_of().rest == "https://api.binance.com"
    assert hosts_of().ws_api == "wss://ws-api.binance.com:443/ws-api/v3"
    assert hosts_of().has_margin


@pytest.mark.parametrize("name", ["testnet", "demo"])
def test_nothing_else_has_margin(name: str) -> None:
    assert hosts_of(name) == ENVIRONMENTS[name]
    assert not hosts_of(name).has_margin


def test_a_simulated_exchange_on_this_machine() -> None:
    hosts = hosts_of(
        base_url="http://127.0.0.1:9/", ws_url="ws://localhost:9", ws_api_url="ws://[::1]:9"
    )
    assert hosts.rest == "http://127.0.0.1:9"
    assert hosts.streams == "ws://localhost:9"
    assert hosts.ws_api == "ws://[::1]:9/ws-api/v3"
    assert hosts.has_margin


def test_hosts_of_the_venue_and_of_the_person() -> None:
    assert hosts_of(base_url="https://api2.binance.com").rest == "https://api2.binance.com"
    extra = hosts_of(base_url="https://mirror.example", extra_hosts=[" Mirror.example "])
    assert extra.rest == "https://mirror.example"
    path = "wss://ws-api.binance.com:9443/ws-api/v3"
    assert hosts_of(ws_api_url=path).ws_api == path


@pytest.mark.parametrize(
    "settings",
    [
        {"environment": "margin-testnet"},
        {"base_url": "https://api.binance.com.evil.example"},
        {"base_url": "https://evil.example"},
        {"base_url": "http://api.binance.com"},
        {"base_url": "wss://api.binance.com"},
        {"base_url": "https://me:pw@api.binance.com"},
        {"base_url": "https://api.binance.com/?a=1"},
        {"base_url": "https://api.binance.com/#a"},
        {"ws_url": "ws://stream.binance.com"},
        {"ws_url": "https://stream.binance.com"},
        {"ws_api_url": "wss://evil.example"},
        {"base_url": "https://"},
        {"base_url": "https://[::1"},
        {"base_url": "https://api.binance.com:port"},
    ],
)
def test_anything_else_is_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        hosts_of(**settings)
