"""The operations of :class:`Control` over HTTP, for tests of a whole process.

``POST /control/<operation>`` with the arguments as a JSON object; ``GET /control/<view>`` for
``state``, ``audit``, ``requests``, ``fills``, ``faults``. Not part of the exchange: not
counted, not recorded, not signed.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import attrs

from tests.binance_exchange.control import Control
from tests.binance_exchange.wire import ApiError, Json, Request, Response, dumps, json_response

OPERATIONS: Final = frozenset(
    {
        "accrue",
        "ban",
        "busy",
        "clear_faults",
        "close_streams",
        "deposit",
        "drop_streams",
        "event_fault",
        "fail_repays_silently",
        "fault",
        "history",
        "index",
        "key_rights",
        "late_visibility",
        "lend",
        "liquidate",
        "manual_borrow",
        "manual_cancel",
        "manual_order",
        "manual_repay",
        "partial_fill",
        "quote",
        "refuse_streams",
        "resume_streams",
        "revoke_tokens",
        "rules",
        "set_account",
        "shutdown_streams",
        "skew",
        "stall_streams",
        "start_play",
        "start_walk",
        "trade",
    }
)


def plain(value: Any) -> Json:
    """Return ``value`` as JSON can hold it; amounts become text."""
    if attrs.has(type(value)):
        return {f.name: plain(getattr(value, f.name)) for f in attrs.fields(type(value))}
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    return value.value if isinstance(value, enum.Enum) else value


class ControlRoutes:
    """Turns control requests into operations."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._views: dict[str, Callable[[], Json]] = {
            "state": self.state,
            "audit": self.judged,
            "requests": lambda: plain(control.audit.requests),
            "fills": lambda: plain(control.audit.fills),
            "exposures": lambda: plain(control.audit.exposures),
            "faults": lambda: plain(
                {"requests": control.faults.all, "events": control.user_streams.faults}
            ),
        }

    def answer(self, request: Request) -> Response:
        """Run the operation or show the view that ``request`` names."""
        name = request.path.removeprefix("/control/")
        if request.method == "GET" and name in self._views:
            return json_response(self._views[name]())
        if request.method != "POST" or name not in OPERATIONS:
            return json_response({"error": f"no operation {name!r}"}, 404)
        try:
            arguments = json.loads(request.body or b"{}", parse_float=Decimal)
            result = getattr(self._control, name)(**arguments)
        except (ApiError, TypeError, ValueError, KeyError, ArithmeticError) as error:
            return json_response({"error": f"{type(error).__name__}: {error}"}, 400)
        return Response(status=200, body=dumps({"result": plain(result)}).encode())

    def state(self) -> Json:
        """Return accounts, open orders and prices."""
        venue = self._control.venue
        return plain(
            {
                "time": venue.clock.now_ms(),
                "accounts": {
                    symbol or "CROSS": account for symbol, account in venue.accounts.items()
                },
                "open_orders": list(venue.open.values()),
                "prices": {symbol: market.last for symbol, market in venue.markets.items()},
                "sockets": {
                    which: len(self._control.sockets(which)) for which in ("market", "user")
                },
                "subscriptions": len(self._control.user_streams.subscriptions),
            }
        )

    def judged(self) -> Json:
        """Return what the audit counts, per pair where it is per pair."""
        audit, venue = self._control.audit, self._control.venue
        return plain(
            {
                "requests": len(audit.requests),
                "fills": len(audit.fills),
                "double_fills": audit.double_fills(),
                "cross_orders": audit.cross_orders(),
                "most_requests_a_second": audit.request_rate(),
                "pairs": {symbol: self._judged_pair(symbol) for symbol in venue.markets},
            }
        )

    def _judged_pair(self, symbol: str) -> Json:
        audit, venue = self._control.audit, self._control.venue
        dust = venue.pairs[symbol].min_notional / venue.market(symbol).last
        return {
            "flips": audit.flips(symbol, dust=dust),
            "core_oversold": audit.oversold(symbol, prefix="robson_core_", dust=dust),
            "seconds_without_stop": audit.seconds_without_stop(symbol, dust=dust),
        }
