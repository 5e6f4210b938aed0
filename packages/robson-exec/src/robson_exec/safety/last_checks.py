"""The last check before something is sent that would reduce core's position.

Where somebody else has traded on the pair the quantity may not be core's any more, and an exit
would sell what lies there beside it, a deposit perhaps. That somebody traded the venue says at
once; what it took from core is believed after two looks. Meanwhile nothing goes out that trades by
hand have overtaken.

Invariants:
    1. A check is over in :data:`LAST_CHECK_NS`, and what it cannot find out lets the order go.
    2. Only executions that are all known by name withhold an order.
    3. Where nobody else traded since the start, or since a check found nothing, nothing is asked.
"""

from __future__ import annotations

from collections.abc import Callable

from robson_domain import Intent, IntentKind, OrderReport, Symbol
from robson_domain.identity import CORE_PREFIX, SAFETY_PREFIX
from robson_exec.limits import LAST_CHECK_NS
from robson_exec.safety.net_parts import NetParts

_CHECKED = frozenset({IntentKind.EXIT, IntentKind.VENUE_STOP})
_OURS = (CORE_PREFIX, SAFETY_PREFIX)


class LastChecks:
    """Checks orders of pairs on which somebody else may have traded.

    Args:
        look: Finds out for certain what is core's of a pair.
    """

    def __init__(self, parts: NetParts, look: Callable[[Symbol], None]) -> None:
        self._parts = parts
        self._look = look
        # Nobody listened while the process was down.
        live = parts.books.state.live.values()
        self._restless = {position.symbol for position in live if position.owns_pair}

    def hear(self, report: OrderReport) -> None:
        """Take note of what the venue says of somebody else's order."""
        if report.filled_qty and not report.client_order_id.startswith(_OURS):
            self._restless.add(report.symbol)

    async def objection(self, intent: Intent) -> str:
        """Return why an order must not be sent, empty when it may."""
        symbol = intent.symbol
        if symbol not in self._restless or intent.kind not in _CHECKED:
            return ""
        self._restless.discard(symbol)  # what is heard meanwhile counts anew
        found = ""
        try:
            async with self._parts.supervisor.deadline(self._parts.clock.now_ns() + LAST_CHECK_NS):
                found = await self._found(intent)
        except Exception:
            self._restless.add(symbol)
        if found:
            self._restless.add(symbol)
            self._look(symbol)
        return found

    async def _found(self, intent: Intent) -> str:
        parts = self._parts
        position = parts.books.state.live.get(intent.position_id)
        if position is None or position.is_guard:
            return ""
        snapshot = await parts.reader.fresh(intent.symbol)
        closed = parts.sync.closed_by_hand(position, snapshot)
        if closed is None or intent.quantity.value <= closed.held:
            return ""
        return closed.evidence
