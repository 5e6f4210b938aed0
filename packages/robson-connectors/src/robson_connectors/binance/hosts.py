"""The pinned hosts: a key is never sent anywhere else.

There is no margin outside production: the spot testnet and demo mode serve ``/api`` alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

import attrs

from robson_connectors.transport.http import address, is_this_machine
from robson_domain.errors import ConfigurationError


@attrs.frozen(kw_only=True)
class Hosts:
    """Where one environment is.

    Attributes:
        rest: Origin of the REST interface.
        streams: Origin of the market streams.
        ws_api: Address of the websocket interface, with its path.
        has_margin: Whether ``/sapi`` is served there.
    """

    rest: str
    streams: str
    ws_api: str
    has_margin: bool = True


ENVIRONMENTS: Final[dict[str, Hosts]] = {
    "prod": Hosts(
        rest="https://api.binance.com",
        streams="wss://stream.binance.com:9443",
        ws_api="wss://ws-api.binance.com:443/ws-api/v3",
    ),
    "testnet": Hosts(
        rest="https://testnet.binance.vision",
        streams="wss://stream.testnet.binance.vision",
        ws_api="wss://ws-api.testnet.binance.vision/ws-api/v3",
        has_margin=False,
    ),
    "demo": Hosts(
        rest="https://demo-api.binance.com",
        streams="wss://demo-stream.binance.com:9443",
        ws_api="wss://demo-ws-api.binance.com/ws-api/v3",
        has_margin=False,
    ),
}
PINNED: Final = frozenset(
    {
        "api.binance.com", "api-gcp.binance.com", "api1.binance.com", "api2.binance.com",
        "api3.binance.com", "api4.binance.com", "stream.binance.com", "ws-api.binance.com",
        "data-stream.binance.vision", "testnet.binance.vision", "stream.testnet.binance.vision",
        "ws-api.testnet.binance.vision", "demo-api.binance.com", "demo-stream.binance.com",
        "demo-ws-api.binance.com",
    }
)  # fmt: skip
_NO_MARGIN: Final = frozenset({"testnet.binance.vision", "demo-api.binance.com"})
_WS_API_PATH: Final = "/ws-api/v3"


def hosts_of(
    environment: str = "prod",
    *,
    base_url: str = "",
    ws_url: str = "",
    ws_api_url: str = "",
    extra_hosts: Collection[str] = (),
) -> Hosts:
    """Return the environment's hosts, with the addresses that settings put in their place.

    Args:
        base_url: REST origin instead of the environment's (``BINANCE_BASE_URL``).
        ws_url: Origin of the streams (``BINANCE_WS_URL``).
        ws_api_url: Websocket interface (``BINANCE_WS_API_URL``); the path may be left out.
        extra_hosts: Host names trusted beside the pinned ones (``ROBSON_EXTRA_HOSTS``).

    Raises:
        ConfigurationError: For an unknown environment, a host that is not trusted, or plain
            http/ws to another machine.
    """
    if environment not in ENVIRONMENTS:
        known = ", ".join(ENVIRONMENTS)
        raise ConfigurationError(f"environment {environment[:20]!r} is unknown; known: {known}")
    hosts = ENVIRONMENTS[environment]
    trusted = PINNED | {host.strip().lower() for host in extra_hosts}
    rest = _checked("BINANCE_BASE_URL", base_url or hosts.rest, "http", trusted)
    ws_api = _checked("BINANCE_WS_API_URL", ws_api_url or hosts.ws_api, "ws", trusted)
    if not urlsplit(ws_api).path:
        ws_api += _WS_API_PATH
    has_margin = urlsplit(rest).hostname not in _NO_MARGIN
    streams = _checked("BINANCE_WS_URL", ws_url or hosts.streams, "ws", trusted)
    return Hosts(rest=rest, streams=streams, ws_api=ws_api, has_margin=has_margin)


def _checked(setting: str, url: str, scheme: str, trusted: Collection[str]) -> str:
    found, host, _ = address(url)
    if found not in (scheme, f"{scheme}s") or "?" in url or "#" in url:
        raise ConfigurationError(f"{setting}: must look like {scheme}s://host")
    if found == scheme and not is_this_machine(host):
        raise ConfigurationError(f"{setting}: unencrypted {scheme} is for this machine only")
    if not is_this_machine(host) and host not in trusted:
        raise ConfigurationError(
            f"{setting}: host {host} is not one of Binance's; "
            "add it to ROBSON_EXTRA_HOSTS if you trust it with the key"
        )
    return url.rstrip("/")
