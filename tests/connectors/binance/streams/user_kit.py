"""A venue that hands out tokens and takes them, and somebody who listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from robson_connectors.binance.questions import ListenToken
from robson_connectors.binance.user_stream import UserParts, UserStreams
from robson_connectors.transport.socket import LinkSettings
from robson_domain.errors import RetryableVenueError
from robson_domain.reports import OrderReport
from robson_domain.symbols import Symbol
from tests.connectors.binance.streams.test_parse_user import REPORT
from tests.connectors.transport.kit import (
    MS,
    SECOND,
    HurryingClock,
    LoopbackServer,
    Problems,
    Session,
    loopback,
    until,
)

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")
HOUR: Final = 3_600 * SECOND
ENDED: Final = {"e": "eventStreamTerminated", "E": 1672515782136}


class Rig:
    """A venue that hands out tokens and takes them, and somebody who listens."""

    def __init__(self, server: LoopbackServer, speed: int, options: dict[str, Any]) -> None:
        self.server = server
        self.clock = HurryingClock(speed)
        self.problems = Problems()
        self.lifetime_ns = 24 * HOUR
        self.micros = False
        self.same_number = True
        self.answers = True
        self.bad_tokens: set[str] = set()
        self.fail_tokens = 0
        self.breaks = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.tokens: list[tuple[Symbol, str]] = []
        self.subscribed: list[tuple[Session, str, int]] = []
        self.dropped: list[int] = []
        self.reports: list[OrderReport] = []
        self.hints: list[Symbol] = []
        self.gaps: list[tuple[Symbol, bool]] = []
        self.raises = False
        server.on_message = self.on_message
        self.streams = UserStreams(
            UserParts(
                url=f"{server.url}/ws-api/v3",
                clock=self.clock,
                jitter=lambda: 0.5,
                notify=self.problems,
                listen_token=self.listen_token,
                on_report=self.on_report,
                on_hint=self.hints.append,
                on_gap=lambda symbol, connected: self.gaps.append((symbol, connected)),
                settings=LinkSettings(**{"overlap_ns": 100 * MS, **options}),
            )
        )

    def on_report(self, report: OrderReport) -> None:
        self.reports.append(report)
        if self.raises:
            raise RuntimeError("no")

    async def listen_token(self, symbol: Symbol) -> ListenToken:
        await self.gate.wait()
        if self.breaks:
            self.breaks = False
            raise ValueError("geheim")
        if self.fail_tokens:
            self.fail_tokens -= 1
            raise RetryableVenueError("later", "HTTP 503")
        token = f"geheim-{len(self.tokens)}"
        self.tokens.append((symbol, token))
        return ListenToken(token=token, expires_at=self.clock.now_ns() + self.lifetime_ns)

    def on_message(self, session: Session, text: str) -> str | None:
        request = json.loads(text)
        if request["method"] == "userDataStream.unsubscribe":
            self.dropped.append(request["params"]["subscriptionId"])
            return json.dumps({"id": request["id"], "status": 200, "result": {}})
        assert request["method"] == "userDataStream.subscribe.listenToken"
        token = request["params"]["listenToken"]
        if not self.answers:
            return None
        if token in self.bad_tokens:
            error = {"code": -1209, "msg": f"Invalid listenToken {token}"}
            return json.dumps({"id": request["id"], "status": 400, "error": error})
        number = self.number_of(session, token)
        self.subscribed.append((session, token, number))
        ends = self.clock.now_ns() + self.lifetime_ns
        result = {
            "subscriptionId": number,
            "expirationTime": ends // (1_000 if self.micros else MS),
        }
        return json.dumps({"id": request["id"], "status": 200, "result": result})

    def number_of(self, session: Session, token: str) -> int:
        """One number a pair on a connection, or another for every subscription."""
        symbol = {t: s for s, t in self.tokens}[token]
        here = [n for s, t, n in self.subscribed if s is session]
        for other, earlier, number in self.subscribed:
            same = {t: s for s, t in self.tokens}[earlier] == symbol
            if self.same_number and other is session and same:
                return number
        return max(here, default=-1) + 1

    async def push(self, event: Any, number: int = 0, session: int = -1) -> None:
        message = {"subscriptionId": number, "event": event}
        await self.server.sessions[session].send(json.dumps(message))


@asynccontextmanager
async def listening(*symbols: Symbol, speed: int = 1, **options: Any) -> AsyncIterator[Rig]:
    async with loopback() as server:
        rig = Rig(server, speed, options)
        for symbol in symbols:
            rig.streams.start(symbol)
        await until(lambda: len(rig.gaps) == len(symbols))
        yield rig
        await rig.streams.close()
        told = json.dumps([[name, dict(facts)] for name, facts in rig.problems.told])
        assert "geheim" not in told, "a token was told"


def report(symbol: Symbol = BTC, **more: Any) -> dict[str, Any]:
    return {**REPORT, "s": str(symbol), **more}
