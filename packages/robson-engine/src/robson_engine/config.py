"""Identity of the engine, and the numbers of its rules, fixed while the daemon runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import ClientOrderId, IntentKind, PositionId, client_order_id
from robson_domain.identity import CORE_PREFIX, SAFETY_PREFIX

SECOND_NS: Final = 1_000_000_000
SUMMARY_NS: Final = 200_000_000
"""Least input time between two logged summaries of one trailing stop."""
SIGNAL_AGE_MAX_NS: Final = 2 * SECOND_NS
RECEIVE_WINDOW_NS: Final = 3 * SECOND_NS
"""How long the venue may still accept a signed order request."""
DEATH_MARGIN_NS: Final = SECOND_NS
SNAPSHOT_APART_NS: Final = 2 * SECOND_NS
ENTRY_PATIENCE_NS: Final = 60 * SECOND_NS
"""An entry nobody confirms is asked for at least this long before it counts as dead."""
SURE_EXIT_NS: Final = 30 * SECOND_NS
SURE_ENTRY_NS: Final = 120 * SECOND_NS
"""An order the venue still does not know so long after its signature is dead, whatever else has
moved on the account: a deposit or a trade by hand must not hold an exit back for ever."""
RETRY_FIRST_NS: Final = 250_000_000
RETRY_MAX_NS: Final = 5 * SECOND_NS
STOP_MOVE_NS: Final = 5 * SECOND_NS
"""Least time between two moves of the stop at the venue."""
STOP_RETRY_MAX_NS: Final = 60 * SECOND_NS
CANCEL_AGAIN_NS: Final = 2 * SECOND_NS
"""A venue stop that still works so long after it was asked to be canceled is asked again."""
LEAVING_CANCEL_AGAIN_NS: Final = SECOND_NS // 2
"""The same while an exit waits for it."""
REPAYS_MAX: Final = 5
LEVERAGE_MAX: Final = 10
DISTANCE_MIN: Final = Decimal("0.001")
DISTANCE_MAX: Final = Decimal("0.1")
CLOSED_KEPT: Final = 1_000
"""Closed positions kept in memory so that a late fill finds its position."""


@attrs.frozen(kw_only=True)
class EngineConfig:
    """Who decides; what may be risked is in the log, and so in the ledger.

    Attributes:
        account: Which account at which venue; part of every client order id.
        epoch: Identity of the database; part of every id.
        prefix: Of the client order ids of core's orders; guards have their own.
    """

    account: str
    epoch: str
    prefix: str = CORE_PREFIX

    def order_id(
        self, position_id: PositionId, kind: IntentKind, n: int, *, is_guard: bool = False
    ) -> ClientOrderId:
        """Return the client order id of a position's ``n``-th order of a kind."""
        return client_order_id(
            SAFETY_PREFIX if is_guard else self.prefix,
            account=self.account,
            epoch=self.epoch,
            position_id=position_id,
            kind=kind.value,
            n=n,
        )
