"""``/ws``: what happens, as it becomes durable.

The token comes in the ``Authorization`` header, as a subprotocol ``bearer.<token>`` beside
``robson.v1`` (browsers cannot set headers), or in the first message; never in the address.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from robson_domain import Symbol, ValidationError
from robsond import hub as hubs
from robsond import logs
from robsond.api.context import Door, door_of
from robsond.api.failures import hinted
from robsond.api.gate import Doorkeeper, bearer, source_of
from robsond.api.problems import Problem
from robsond.crowd import vouch
from robsond.hub import Hub, Message, Subscriber, message
from robsond.keys import Scope

log = logs.logger(__name__)

PROTOCOL: Final = "robson.v1"
_BEARER: Final = "bearer."
HELLO_SECONDS: Final = 5
RECHECK_SECONDS: Final = 2
"""A revoked token loses its socket within this time."""
SEND_SECONDS: Final = 10
_PER_SECOND_MAX: Final = 20
"""Client messages a second; more is a mistake or an attack."""

POLICY_VIOLATION: Final = 1008
TRY_LATER: Final = 1013


class Ask(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a client says."""

    type: Literal["auth", "subscribe", "unsubscribe"]
    topics: Annotated[list[str], msgspec.Meta(max_length=16)] = msgspec.field(default_factory=list)
    symbols: Annotated[list[str], msgspec.Meta(max_length=256)] = msgspec.field(
        default_factory=list
    )
    token: Annotated[str, msgspec.Meta(max_length=4096)] | None = None


class Goodbye(Exception):
    """Ends a conversation with a close code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def parse(text: str) -> Ask:
    """Return what a client said.

    Raises:
        ValidationError: Naming the field and what to write instead.
    """
    try:
        ask = msgspec.json.decode(text, type=Ask)
    except (msgspec.MsgspecError, RecursionError) as error:
        plain, _, path = str(error).partition(" - at `$")
        field = path.strip(".`") or "message"
        raise ValidationError(field, hinted(plain, "")) from None
    unknown = [topic for topic in ask.topics if topic not in hubs.TOPICS]
    if unknown:
        known = ", ".join(hubs.TOPICS)
        raise ValidationError("topics", f"{unknown[0][:40]!r} is none of {known}")
    return ask


class Conversation:
    """One socket, from the token to the goodbye."""

    def __init__(self, socket: WebSocket[Any, Any, Any], hub: Hub, reader: Subscriber) -> None:
        self._socket = socket
        self._hub = hub
        self._reader = reader
        self._door: Door = door_of(socket)
        self._keeper: Doorkeeper = socket.app.state.keeper

    async def run(self, token: str) -> None:
        """Talk until one side ends it.

        Raises:
            Goodbye: With the reason to tell.
        """
        self._token = token
        self._answer("authenticated", {"topics": list(hubs.TOPICS)})
        jobs = [
            asyncio.ensure_future(job)
            for job in (self._listen(), self._speak(), self._watch(), self._overrun())
        ]
        try:
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            for job in done:
                job.result()
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)

    def _answer(self, kind: str, data: Any) -> None:
        facade = self._door.facade
        seq = facade.head().sequence if facade is not None else 0
        self._reader.offer(message(kind, data, self._door.now(), seq))

    async def _listen(self) -> None:
        second, count = 0, 0
        while True:
            text = await self._socket.receive_text()
            now = self._door.now() // 1_000_000_000
            second, count = now, 1 if now != second else count + 1
            if count > _PER_SECOND_MAX:
                raise Goodbye(POLICY_VIOLATION, "too many messages")
            self._take(text)

    def _take(self, text: str) -> None:
        try:
            ask = parse(text)
            symbols = frozenset(Symbol(name) for name in ask.symbols)
        except ValidationError as error:
            self._answer("error", {"field": error.field, "message": str(error)})
            return
        if ask.type == "subscribe":
            self._subscribe(ask.topics or list(hubs.TOPICS), symbols)
        elif ask.type == "unsubscribe":
            self._unsubscribe(ask.topics or list(hubs.TOPICS), symbols)
        self._hub.recount()
        self._answer(f"{ask.type}d" if ask.type != "auth" else "authenticated", self._wants())

    def _subscribe(self, topics: list[str], symbols: frozenset[Symbol]) -> None:
        wants = self._reader.wants
        for topic in topics:
            known = wants.get(topic, frozenset())
            wants[topic] = known | symbols if symbols and known is not None else None

    def _unsubscribe(self, topics: list[str], symbols: frozenset[Symbol]) -> None:
        wants = self._reader.wants
        for topic in topics:
            known = wants.pop(topic, None)
            if symbols and known and (left := known - symbols):
                wants[topic] = left

    def _wants(self) -> dict[str, Any]:
        return {
            topic: sorted(map(str, symbols)) if symbols is not None else "all"
            for topic, symbols in self._reader.wants.items()
        }

    async def _speak(self) -> None:
        while True:
            item: Message = await self._reader.queue.get()
            # Not wait_for: it may swallow a cancellation that comes with the answer.
            async with asyncio.timeout(SEND_SECONDS):
                await self._socket.send_text(item.text)
            self._door.metrics.socket_messages.labels(item.type).inc()

    async def _watch(self) -> None:
        while self._is_token_valid():  # noqa: ASYNC110 (the files of tokens send no event)
            await asyncio.sleep(RECHECK_SECONDS)
        raise Goodbye(POLICY_VIOLATION, "the token is no longer accepted")

    def _is_token_valid(self) -> bool:
        return self._keeper.keyring.scope_of(self._token) is not None

    async def _overrun(self) -> None:
        await self._reader.overrun.wait()
        raise Goodbye(TRY_LATER, "you read too slowly; connect again")


def _offered(socket: WebSocket[Any, Any, Any]) -> tuple[str | None, str | None]:
    names = socket.scope.get("subprotocols", [])
    token = next((name[len(_BEARER) :] for name in names if name.startswith(_BEARER)), None)
    return (PROTOCOL if PROTOCOL in names else None), token


async def _first_token(socket: WebSocket[Any, Any, Any]) -> str:
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            ask = parse(await socket.receive_text())
    except TimeoutError:
        raise Goodbye(POLICY_VIOLATION, "no token came") from None
    except ValidationError:
        raise Goodbye(POLICY_VIOLATION, "the first message must carry the token") from None
    if ask.type != "auth" or not ask.token:
        raise Goodbye(POLICY_VIOLATION, "the first message must carry the token")
    return ask.token


async def _accepted_token(socket: WebSocket[Any, Any, Any], offered: str | None) -> str:
    token = offered if offered is not None else await _first_token(socket)
    keeper: Doorkeeper = socket.app.state.keeper
    if isinstance(keeper.check_token(token, source_of(socket.scope), Scope.READ), Problem):
        raise Goodbye(POLICY_VIOLATION, "the token is not accepted")
    vouch(socket.scope)
    return token


async def _talk(socket: WebSocket[Any, Any, Any], offered: str | None) -> None:
    """Talk to an observer, who takes a place among them only with a token that is accepted."""
    hub: Hub = socket.app.state.hub
    token = await _accepted_token(socket, offered)
    reader = hub.join()
    if reader is None:
        raise Goodbye(TRY_LATER, "too many observers")
    try:
        await Conversation(socket, hub, reader).run(token)
    finally:
        hub.leave(reader)


@websocket("/ws")
async def observe(socket: WebSocket[Any, Any, Any]) -> None:
    """Carry topics to one client."""
    protocol, offered = _offered(socket)
    await socket.accept(subprotocols=protocol)
    code, reason = POLICY_VIOLATION, "bye"
    try:
        await _talk(socket, bearer(socket.scope) or offered)
    except Goodbye as end:
        code, reason = end.code, end.reason
    except WebSocketDisconnect:
        return
    except TimeoutError:
        code, reason = TRY_LATER, "you read too slowly; connect again"
    log.info("an observer was sent away", reason=reason, source=source_of(socket.scope))
    with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(1):
            await socket.close(code=code, reason=reason)


HANDLERS: Final = (observe,)
