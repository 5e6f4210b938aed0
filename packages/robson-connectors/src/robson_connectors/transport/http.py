"""The one HTTP client: what goes out, what came back, and what is known when nothing did.

Invariants:
    1. A failure is sorted by evidence, not by the name of an exception: when no byte of the
       request was handed to the connection, nothing left this machine; in every other case it
       may have arrived.
    2. No URL, query, header or key is in an error, a ``repr``, a log line or an exception chain.
    3. A request goes to a listed origin only; plain http to this machine only; redirects are
       answers like any other; the environment's proxies are ignored.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import httpx

from robson_domain.errors import ConfigurationError, InDoubtError, RetryableVenueError

BODY_BYTES_MAX: Final = 64 * 1024 * 1024
"""The largest honest answer, all pairs of an exchange, is a third of this."""
_KEPT_CONNECTIONS: Final = 20
_BEFORE_SENDING: Final = "connection."
"""Prefix of what the library traces before the request itself: connecting and the handshake."""
_LOOKS_LIKE: Final = "a venue's address must look like https://host"
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@attrs.frozen(kw_only=True)
class Timeouts:
    """Patience with one request, seconds of the event loop.

    Attributes:
        connect_s: Until there is a connection.
        total_s: Until the answer is complete, connecting included.
    """

    connect_s: float = 3.0
    total_s: float = 10.0


@attrs.frozen(kw_only=True)
class Outgoing:
    """A request; its ``repr`` tells the method alone, so that a traceback can show it."""

    method: str
    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class HttpAnswer:
    """What came back, whatever it is.

    Attributes:
        headers: By lower-case name.
        body: Decoded from its transfer and content encoding.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


@attrs.frozen
class _Failure:
    """Why there is no answer: a kind of error, never its text."""

    kind: str
    was_sent: bool


class _TooLarge(Exception):
    """The answer is longer than any answer should be."""


class HttpClient:
    """Connections to the origins it was told of, kept open between requests.

    Args:
        origins: Such as ``https://api.example.com`` or ``http://127.0.0.1:8080``.
        proxy: URL of a proxy to go through; the environment's are never used unasked.

    Raises:
        ConfigurationError: For an origin that is not https, unless it is this machine.
    """

    def __init__(
        self,
        origins: Collection[str],
        timeouts: Timeouts = Timeouts(),
        proxy: str | None = None,
    ) -> None:
        self._allowed = frozenset(_origin(url) for url in origins)
        self._timeouts = timeouts
        self._transport = _transport(self._allowed, proxy)
        self._is_closed = False
        silence()

    def __repr__(self) -> str:
        return f"HttpClient({len(self._allowed)} origins)"

    async def send(self, outgoing: Outgoing, total_s: float | None = None) -> HttpAnswer:
        """Send ``outgoing`` once and return the answer, whatever its status.

        Args:
            total_s: Patience with this request instead of the usual one, seconds.

        Raises:
            ConfigurationError: When the origin is not listed; nothing was sent.
            RetryableVenueError: Nothing left this machine.
            InDoubtError: The request may have arrived.
        """
        if _origin(outgoing.url) not in self._allowed:
            raise ConfigurationError("the host of this request is not on the list of hosts")
        if self._is_closed:
            raise RetryableVenueError("the connection is closed", "CLOSED")
        # Raised here and not where it was caught: an exception chain would carry the URL.
        found = await self._exchanged(outgoing, total_s or self._timeouts.total_s)
        if isinstance(found, HttpAnswer):
            return found
        if found.was_sent:
            raise InDoubtError(f"no usable answer ({found.kind})", "NO_ANSWER")
        raise RetryableVenueError(f"no connection ({found.kind}); nothing was sent", "NOT_SENT")

    async def close(self) -> None:
        """Release the connections; idempotent."""
        self._is_closed = True
        await self._transport.aclose()

    async def _exchanged(self, outgoing: Outgoing, total_s: float) -> HttpAnswer | _Failure:
        sent = False

        async def trace(event: str, _: Mapping[str, Any]) -> None:
            nonlocal sent
            sent = sent or not event.startswith(_BEFORE_SENDING)

        try:
            async with asyncio.timeout(total_s):
                return await self._answer(_request(outgoing, self._limits(total_s), trace))
        except Exception as error:
            return _Failure(type(error).__name__, sent)

    def _limits(self, total_s: float) -> dict[str, float]:
        connect = min(self._timeouts.connect_s, total_s)
        return {"connect": connect, "pool": connect, "read": total_s, "write": total_s}

    async def _answer(self, request: httpx.Request) -> HttpAnswer:
        response = await self._transport.handle_async_request(request)
        try:
            body = await _body(response)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return HttpAnswer(status=response.status_code, headers=headers, body=body)


def silence() -> None:
    """Keep the libraries from logging addresses and headers, whatever level the root has."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def is_this_machine(host: str) -> bool:
    """Say whether ``host`` is a loopback name or address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def address(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of ``url``.

    Raises:
        ConfigurationError: When it is no address, or carries a user.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(_LOOKS_LIKE) from None
    if not parts.hostname or parts.username is not None:
        raise ConfigurationError(_LOOKS_LIKE)
    return parts.scheme, parts.hostname, port


def _origin(url: str) -> tuple[str, str, int]:
    scheme, host, port = address(url)
    if scheme not in _DEFAULT_PORTS:
        raise ConfigurationError(_LOOKS_LIKE)
    if scheme == "http" and not is_this_machine(host):
        raise ConfigurationError(f"host {host}: plain http is for this machine only; use https")
    return scheme, host, port or _DEFAULT_PORTS[scheme]


def _transport(
    allowed: frozenset[tuple[str, str, int]], proxy: str | None
) -> httpx.AsyncHTTPTransport:
    # The bare transport, not the client: no redirects, cookies, netrc or environment, and no
    # log line for each request. Connections are not counted out: one that hangs must never
    # keep an exit waiting; the rate limiter bounds how many there can be.
    secure = any(scheme == "https" for scheme, _, _ in allowed)
    return httpx.AsyncHTTPTransport(
        verify=ssl.create_default_context() if secure else False,
        trust_env=False,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=_KEPT_CONNECTIONS),
        proxy=proxy,
    )


def _request(outgoing: Outgoing, limits: dict[str, float], trace: object) -> httpx.Request:
    request = httpx.Request(
        outgoing.method,
        outgoing.url,
        headers={"accept-encoding": "gzip", **outgoing.headers},
        content=outgoing.body or None,
        extensions={"timeout": limits, "trace": trace},
    )
    # What was signed must be what is sent: a library that rewrites the address is caught here.
    parts = urlsplit(outgoing.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if request.url.raw_path.decode("ascii") != target:
        raise ValueError("the address would be rewritten")
    return request


async def _body(response: httpx.Response) -> bytes:
    found = bytearray()
    async for chunk in response.aiter_bytes():
        found += chunk
        if len(found) > BODY_BYTES_MAX:
            raise _TooLarge
    return bytes(found)
