"""What holds for every test: no network beyond this machine, repeatable random cases."""

from __future__ import annotations

import ipaddress
import os
import sys

from hypothesis import HealthCheck, settings

settings.register_profile("robson", deadline=None, print_blob=True)
settings.register_profile(
    "ci",
    deadline=None,
    print_blob=True,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "robson")


def _is_this_machine(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_the_network(event: str, arguments: tuple[object, ...]) -> None:
    """Fail a test that reaches for the world: a suite that needs the network proves nothing."""
    if event not in ("socket.connect", "socket.sendto"):
        return
    address = arguments[1]
    if isinstance(address, tuple) and not _is_this_machine(str(address[0])):
        raise PermissionError(f"tests stay on this machine; refused {address[0]!r}")


sys.addaudithook(_refuse_the_network)
