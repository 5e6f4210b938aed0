"""The websocket API: as much of it as the user stream needs."""

from __future__ import annotations

import json
from typing import Final

from tests.binance_exchange.limits import Limits
from tests.binance_exchange.sockets import SocketRules, WebSocket
from tests.binance_exchange.user_streams import UserStreams
from tests.binance_exchange.venue import Venue
from tests.binance_exchange.wire import ApiError, Json, Params, dumps

PATH: Final = "/ws-api/v3"
CONNECT_WEIGHT: Final = 2


class WsApi:
    """Speaks on ``/ws-api/v3``. Its weights share the pool of ``/api``."""

    def __init__(
        self, venue: Venue, streams: UserStreams, limits: Limits, rules: SocketRules
    ) -> None:
        self._venue = venue
        self._streams = streams
        self._limits = limits
        self.rules = rules
        self.sockets: dict[WebSocket, None] = {}
        self.requests: list[Params] = []

    def opened(self, socket: WebSocket) -> None:
        """Know a new connection."""
        self.sockets[socket] = None
        try:
            self._limits.charge("api", "", CONNECT_WEIGHT, self._venue.clock.now_ms())
        except ApiError as error:
            socket.close(1008, error.message[:100])

    def closed(self, socket: WebSocket) -> None:
        """Forget a connection and what it subscribed to."""
        self.sockets.pop(socket, None)
        self._streams.drop(socket)

    def said(self, socket: WebSocket, text: str) -> None:
        """Answer one request."""
        number: Json = None
        try:
            message = json.loads(text)
            number = message.get("id")
            self.requests.append(message)
            result = self._run(socket, message)
            answer = {"id": number, "status": 200, "result": result}
        except ApiError as error:
            shown = {"code": error.code, "msg": error.message}
            answer = {"id": number, "status": error.status, "error": shown}
        except (ValueError, AttributeError):
            shown = {"code": -1135, "msg": "Invalid JSON Request"}
            answer = {"id": None, "status": 400, "error": shown}
        socket.send(dumps(answer | {"rateLimits": [self._used()]}))

    def _run(self, socket: WebSocket, message: Json) -> Json:
        now = self._venue.clock.now_ms()
        self._limits.check_ban(now)
        method, params = message.get("method"), message.get("params") or {}
        self._limits.charge("api", "", 2 if "subscribe" in str(method) else 1, now)
        if method == "ping":
            return {}
        if method == "time":
            return {"serverTime": now}
        if method == "userDataStream.subscribe.listenToken":
            token = params.get("listenToken")
            if not isinstance(token, str) or not token:
                raise ApiError(
                    -1102,
                    "Mandatory parameter 'listenToken' was not sent, was empty/null, or malformed.",
                )
            return self._streams.subscribe(socket, token)
        if method == "userDataStream.unsubscribe":
            self._streams.unsubscribe(socket, params.get("subscriptionId"))
            return {}
        if method == "session.subscriptions":
            mine = [s.number for s in self._streams.subscriptions if s.socket is socket]
            return [{"subscriptionId": number} for number in mine]
        raise ApiError(-1000, f"Unknown method '{method}'.")

    def _used(self) -> Json:
        return {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": self._limits.rules.api,
            "count": self._limits.used("api", "", self._venue.clock.now_ms()),
        }

    def shutdown(self) -> None:
        """Announce that the server goes down."""
        event = {"e": "serverShutdown", "E": self._venue.clock.now_ms()}
        for socket in list(self.sockets):
            socket.send(dumps({"event": event}))
