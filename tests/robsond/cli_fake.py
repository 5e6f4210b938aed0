"""A small real HTTP server that speaks the daemon's contract, for tests of the command line.

Its answers are made of the daemon's own reply types and arm requests are read with the daemon's
own body type, so that the two sides cannot drift apart unnoticed.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import attrs
import msgspec

from robsond import dto

TOKEN: Final = "t" * 43
MOMENT: Final = "2024-08-08T12:00:00.000000000Z"
HEAD: Final = dto.HeadView(sequence=3, hash="ab" * 32, epoch="epoch-1")


@attrs.frozen
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: Any


@attrs.define
class FakeDaemon:
    """Answers by table; what is not in it is a 404 of the one error shape."""

    port: int = 0
    seen: list[Seen] = attrs.field(factory=list)
    answers: dict[tuple[str, str], tuple[int, Any]] = attrs.field(factory=dict)
    pause: float = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, path: str, body: object, status: int = 200) -> None:
        """Set what is answered from now on."""
        self.answers[method, path] = (status, msgspec.to_builtins(body))

    def refuse(self, method: str, path: str, status: int, **detail: Any) -> None:
        """Answer with an error."""
        self.answer(method, path, dto.ErrorReply(error=dto.ErrorDetail(**detail)), status)

    @property
    def posts(self) -> list[Seen]:
        """What was asked to be done."""
        return [request for request in self.seen if request.method == "POST"]

    def reply(self, request: Seen) -> tuple[int, Any]:
        """Return status and body for one request."""
        self.seen.append(request)
        if request.path.startswith("/api") and request.headers.get("authorization") != (
            f"Bearer {TOKEN}"
        ):
            return 401, _error("UNAUTHORIZED", "no such token")
        if (request.method, request.path) == ("POST", "/api/positions"):
            msgspec.convert(request.body, dto.ArmBody)
        missing = 404, _error("NOT_FOUND", "no such position; GET /api/positions lists them")
        return self.answers.get((request.method, request.path), missing)


def _error(code: str, message: str) -> Any:
    detail = dto.ErrorDetail(code=code, message=message)
    return msgspec.to_builtins(dto.ErrorReply(error=detail))


def _handler(daemon: FakeDaemon) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def _serve(self, method: str) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(raw) if raw else None
            seen = Seen(method, parts.path, dict(parse_qsl(parts.query)), headers, body)
            status, answer = daemon.reply(seen)
            time.sleep(daemon.pause)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):  # the caller did not wait
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the output under test is the command's."""

    return Handler


@contextmanager
def fake_daemon() -> Iterator[FakeDaemon]:
    """Run a daemon with an answer for every question about one active position."""
    daemon = FakeDaemon()
    fill_answers(daemon)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(daemon))
    server.daemon_threads = True
    daemon.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield daemon
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def view(**changes: Any) -> dto.PositionView:
    """Return an active long position."""
    active = dto.PositionView(
        position_id="p-0123456789abcdef", kind="core", symbol="BTCUSDT", side="long",
        status="Active", detector="delay", params={"seconds": "0"}, armed_at=MOMENT,
        expires_at=None, entry_price="61837.63", quantity="0.5", open_qty="0.5", best="61900",
        stop="61714.32", venue_stop=None, stop_distance="185.51289", last_price="61880.5",
        unrealized_pnl="21.435", realized_pnl="0", exit_price=None, exit_reason=None,
        close_reason=None, closed_at=None, denial_code=None, error=None, fees="0", interest="0",
        debt="0", dust="0", capital="10000", risk_percent="1", risk_amount="100", sequence=3,
    )  # fmt: skip
    return msgspec.structs.replace(active, **changes)


def status(**changes: Any) -> dto.StatusReply:
    """Return the status of a paper daemon with one open position."""
    usual = dto.StatusReply(
        mode="paper", connector="paper", data_dir="/data", trading_state="ACTIVE",
        started_at=MOMENT, now=MOMENT, version="0.1.0", head=HEAD, armed=0, entering=0, open=1,
        exiting=0, error=0, closed=0, capital="10000", equity="10012.5", realized_today="-12.5",
        unrealized_pnl="21.435", guards=0, warnings=[],
        symbols=[dto.PriceView(symbol="BTCUSDT", last_price="61880.5", age_ms=120)],
        recovered=dto.RecoveredView(events=0, positions=0, unresolved=0), playback=None, plan=None,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **changes)


def risk() -> dto.RiskReply:
    """Return what one open position can lose."""
    return dto.RiskReply(
        daily_loss=dto.UsageView(used="74.155", limit="500"),
        total_risk=dto.UsageView(used="61.655", limit="500"),
        drawdown=dto.UsageView(used="74.155", limit="2000"),
        notional=dto.UsageView(used="30918.815", limit="100000"),
        open_positions=dto.CountView(used=1, limit=5),
        worst_case_loss="61.655",
        per_position=[
            dto.PositionRiskView(
                position_id="p-0123456789abcdef", symbol="BTCUSDT", side="long", status="Active",
                open_qty="0.5", stop="61714.32", loss_at_stop="61.655",
            )
        ],
    )  # fmt: skip


def event(sequence: int, kind: str, **fields: Any) -> dict[str, Any]:
    """Return an event as it is stored."""
    envelope = {
        "type": kind, "v": 1, "event_id": f"e{sequence}", "sequence": sequence,
        "position_id": "p-0123456789abcdef", "ts_event": 1_723_161_255_342_000_000,
        "ts_received": 1_723_161_255_343_000_000, "cause_id": "trade:BTCUSDT:7", "mark": 7,
        "input": None,
    }  # fmt: skip
    return {**envelope, **fields}


EVENTS: Final = [
    event(1, "PositionArmed", command={
        "symbol": "BTCUSDT", "side": "LONG", "detector": {"name": "delay", "params": []}}),
    event(2, "EntryFilled", fill={"price": "61837.63", "quantity": "0.5"}, best="61837.63",
          stop="61652.12", open_qty="0.5"),
    event(3, "TrailingStopUpdated", best="61900", stop="61714.32", previous_stop="61652.12"),
]  # fmt: skip


def why_step(**changes: Any) -> dto.WhyStep:
    """Return one explained step."""
    usual = dto.WhyStep(
        sequence=3, event_type="TrailingStopUpdated", timestamp=MOMENT,
        timestamp_ns="1723161255343000000", sentence="The price rose to 61900, the stop followed.",
        cause_id="trade:BTCUSDT:7", input=None, same=True, difference=None,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **changes)


def fill_answers(daemon: FakeDaemon) -> None:
    """Answer every question a command asks."""
    order = dto.OrderView(
        client_order_id="robson_core_abcdefghijklmnopqr", venue_order_id="1",
        position_id="p-0123456789abcdef", symbol="BTCUSDT", side="buy", kind="ENTRY",
        status="FILLED", order_qty="0.5", filled_qty="0.5", stop_price=None,
        average_price="61837.63", reject_code=None, created_at=MOMENT,
    )  # fmt: skip
    one = "p-0123456789abcdef"
    daemon.answer("GET", "/api/status", status())
    daemon.answer("GET", "/api/positions", dto.PositionsReply(positions=[view()]))
    daemon.answer("GET", "/api/risk", risk())
    daemon.answer("GET", "/api/orders", dto.OrdersReply(orders=[order]))
    daemon.answer("GET", "/api/events", dto.EventsReply(events=EVENTS, head=HEAD, next_after=None))
    daemon.answer(
        "GET",
        f"/api/why/{one}",
        dto.WhyReply(position_id=one, steps=[why_step()], all_same=True),
    )
    daemon.answer(
        "GET",
        "/api/verify-log",
        dto.VerifyReply(ok=True, head=HEAD, checked=3, problem=None, sequence=None),
    )
    daemon.answer(
        "GET",
        "/api/replay",
        dto.ReplayReply(
            ok=True, events=3, positions=1, head=HEAD, state_hash="cd" * 32, problem=None
        ),
    )
    armed = view(status="Armed", entry_price=None, stop=None, quantity=None, unrealized_pnl=None)
    daemon.answer("POST", "/api/positions", dto.PositionReply(position=armed), 201)
    for action, ended in (("disarm", "Closed"), ("close", "Exiting")):
        changed = dto.PositionReply(position=view(status=ended))
        daemon.answer("POST", f"/api/positions/{one}/{action}", changed)
    daemon.answer("POST", "/api/panic", dto.PanicReply(closing=[one], disarmed=[]))
