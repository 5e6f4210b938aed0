"""The one gate in front of every route: deny by default.

In this order: is the name we are called by ours (against DNS rebinding), does a browser of
another site call (Origin), is it a form in disguise (Content-Type), is there such a route, is
the token good enough, are the parameters in the address known. Handlers behind it never ask
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

import attrs

from robsond import logs
from robsond.api.policy import SOCKET, methods_of, query_of, scope_needed
from robsond.api.problems import HEADERS, ApiError, Problem, respond
from robsond.crowd import vouch
from robsond.keys import Keyring, Patience, Scope

log = logs.logger(__name__)

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
BODY_SECONDS: Final = 10
"""Longest wait for the next piece of a body."""


@attrs.frozen(kw_only=True)
class Caller:
    """Who calls: address and scope, for the audit log."""

    source: str
    scope: Scope


@attrs.frozen(kw_only=True)
class Doorkeeper:
    """What the gate decides with.

    Attributes:
        hosts: Names we answer to, lower case, without port.
        now: Returns UTC ns.
    """

    keyring: Keyring
    patience: Patience
    hosts: frozenset[str]
    now: Callable[[], int]
    new_id: Callable[[str], str]

    def is_our_name(self, host: str | None) -> bool:
        """Say whether a Host header names this daemon."""
        return host is not None and name_of(host) in self.hosts

    def check_token(self, token: str | None, source: str, needed: Scope) -> Scope | Problem:
        """Return the caller's scope, or why it is refused."""
        scope = self.keyring.scope_of(token) if token else None
        if scope is None:
            return self._refused(token, source)
        if scope < needed:
            return Problem(
                status=403,
                code="SCOPE_TOO_SMALL",
                message=f"This token may {scope.name.lower()}; {needed.name.lower()} is needed.",
            )
        return scope

    def _refused(self, token: str | None, source: str) -> Problem:
        wait = self.patience.failed(source, self.now()) if token else 0
        if wait:
            seconds = -(-wait // 1_000_000_000)
            return Problem(
                status=429,
                code="TOO_MANY_FAILURES",
                message=f"Too many wrong tokens; try again in {seconds} s.",
                headers=(("retry-after", str(seconds)),),
            )
        return Problem(
            status=401,
            code="UNAUTHORIZED",
            message="A valid token is needed: Authorization: Bearer <token>.",
            headers=(("www-authenticate", "Bearer"),),
        )


def name_of(host: str) -> str:
    """Return the name in a Host header or an origin's authority, without the port."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower().rstrip(".")


def header(scope: Any, name: bytes) -> str | None:
    """Return a header's value; None when it is missing or given more than once."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else None


def _has(scope: Any, name: bytes) -> bool:
    return any(key == name for key, _ in scope["headers"])


def source_of(scope: Any) -> str:
    """Return the address a connection comes from."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def bearer(scope: Any) -> str | None:
    """Return the token of the Authorization header, None without one."""
    value = header(scope, b"authorization") or ""
    kind, _, token = value.partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


_ENDING: Final = Problem(
    status=503,
    code="STOPPING",
    message="Robson is stopping; look at the position before repeating the request.",
)


class Gate:
    """An ASGI application around another."""

    def __init__(self, app: Asgi, keeper: Doorkeeper) -> None:
        self._app = app
        self._keeper = keeper

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let a call pass, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        verdict = self._verdict(scope)
        if not isinstance(verdict, Problem):
            verdict = unknown_query(scope) or verdict
        if isinstance(verdict, Problem):
            self._note(scope, verdict)
            await respond(verdict, send)
            return
        tracked = _Tracked(send)
        try:
            await self._app(scope, _timed(receive), tracked)
        except ApiError as error:
            await self._fail(error.problem, tracked)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not this call was canceled but what it waited for: the machine is ending.
            await self._fail(_ENDING, tracked)
        except Exception as error:
            await self._fail(self._unexpected(error), tracked)
        finally:
            if scope["method"] not in SAFE:
                log.info(
                    "command",
                    method=scope["method"],
                    path=scope["path"],
                    source=verdict.source,
                    scope=verdict.scope.name.lower(),
                    status=tracked.status,
                )

    async def _fail(self, problem: Problem, tracked: _Tracked) -> None:
        if not tracked.status:
            await respond(problem, tracked)

    def _unexpected(self, error: Exception) -> Problem:
        name = self._keeper.new_id("error")
        log.error("a request failed", id=name, exc_info=error)
        return internal(name)

    def _note(self, scope: Any, problem: Problem) -> None:
        if problem.status != 404:
            log.warning(
                "refused",
                method=scope.get("method", SOCKET),
                path=scope["path"],
                source=source_of(scope),
                code=problem.code,
            )

    def _verdict(self, scope: Any) -> Caller | Problem:
        method, path = scope["method"], scope["path"]
        needed = scope_needed(method, path)
        if needed is Scope.PUBLIC:
            return Caller(source=source_of(scope), scope=Scope.PUBLIC)
        problem = self._foreign(scope) or self._disguised(scope, method)
        if problem is not None:
            return problem
        scope_found = self._keeper.check_token(
            bearer(scope), source_of(scope), needed or Scope.READ
        )
        if isinstance(scope_found, Problem):
            return scope_found
        vouch(scope)
        if needed is None:
            return _no_route(method, path)
        return Caller(source=source_of(scope), scope=scope_found)

    def _foreign(self, scope: Any) -> Problem | None:
        host = header(scope, b"host")
        if host is None or not self._keeper.is_our_name(host):
            return Problem(
                status=421,
                code="HOST_NOT_ALLOWED",
                message="Robson does not answer to this host name; see ROBSON_ALLOWED_HOSTS.",
            )
        if not _has(scope, b"origin"):
            return None
        origin = header(scope, b"origin") or ""
        unsafe = scope["type"] == "websocket" or scope["method"] not in SAFE
        if unsafe and origin.partition("://")[2].lower() != host.lower():
            return Problem(
                status=403,
                code="ORIGIN_NOT_ALLOWED",
                message="Pages of other sites may not do this.",
            )
        return None

    def _disguised(self, scope: Any, method: str) -> Problem | None:
        if method in SAFE:
            return None
        kind = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
        if kind == "application/json":
            return None
        return Problem(
            status=415,
            code="NOT_JSON",
            message="Send Content-Type: application/json, with {} when there is nothing to say.",
        )

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        problem = self._foreign(scope)
        if problem is None and scope_needed(SOCKET, scope["path"]) is None:
            problem = _no_route(SOCKET, scope["path"])
        if problem is None and scope.get("query_string"):
            problem = Problem(
                status=400,
                code="QUERY_NOT_ALLOWED",
                message="Send the token as the first message or subprotocol, never in the URL.",
            )
        if problem is None:
            await self._app(scope, receive, send)
            return
        self._note(scope, problem)
        await receive()
        await _deny(problem, scope, send)


class _Tracked:
    """Sends on, adds our headers, and remembers the status."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            if not self.status:
                message = {**message, "headers": _with(message.get("headers", ()))}
            self.status = message["status"]
        await self._send(message)


def _with(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    given = list(headers)
    names = {name.lower() for name, _ in given}
    return [*given, *(pair for pair in HEADERS if pair[0] not in names)]


def _timed(receive: Any) -> Any:
    done = False

    async def timed() -> Any:
        nonlocal done
        if done:
            return await receive()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                message = await receive()
        except TimeoutError:
            raise ApiError(
                Problem(status=408, code="TOO_SLOW", message="The body did not arrive in time.")
            ) from None
        done = not message.get("more_body", False)
        return message

    return timed


def internal(name: str) -> Problem:
    """Return the answer to a failure of ours."""
    return Problem(
        status=500,
        code="INTERNAL",
        message="Something failed here; the log tells more under this id.",
        id=name,
    )


def unknown_query(scope: Any) -> Problem | None:
    """Return the refusal of a parameter in the address that would otherwise be ignored.

    A filter that is misspelled and silently dropped answers another question.
    """
    names = [name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), True)]
    known = query_of(scope["method"], scope["path"])
    for number, name in enumerate(names):
        shown = repr(name[:40])
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            text = f"{shown}: there is no such parameter of {scope['path'][:80]}; {takes}."
        elif name in names[:number]:
            text = f"{shown} is given twice; keep one."
        else:
            continue
        return Problem(status=400, code="BAD_VALUE", message=text, field=name[:40])
    return None


def _no_route(method: str, path: str) -> Problem:
    methods = [known for known in methods_of(path) if known != SOCKET]
    if not methods or method == SOCKET:
        return Problem(status=404, code="NO_ROUTE", message="There is nothing at this address.")
    return Problem(
        status=405,
        code="METHOD_NOT_ALLOWED",
        message=f"{method} is not possible here; use {' or '.join(methods)}.",
        headers=(("allow", ", ".join(methods)),),
    )


async def _deny(problem: Problem, scope: Any, send: Any) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [*HEADERS, (b"content-type", b"application/json")]
    start = {"type": "websocket.http.response.start", "status": problem.status, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": problem.body})
