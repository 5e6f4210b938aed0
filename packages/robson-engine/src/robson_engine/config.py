"""What the person allows, fixed while the daemon runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import Symbol
from robson_domain.identity import CORE_PREFIX

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
RETRY_FIRST_NS: Final = 250_000_000
RETRY_MAX_NS: Final = 5 * SECOND_NS
LEVERAGE_MAX: Final = 10
DISTANCE_MIN: Final = Decimal("0.001")
DISTANCE_MAX: Final = Decimal("0.1")
CLOSED_KEPT: Final = 1_000
"""Closed positions kept in memory so that a late fill finds its position."""


@attrs.frozen(kw_only=True)
class RiskLimits:
    """Limits of the risk gate; all inclusive.

    Attributes:
        max_open_positions: Positions that may own a pair at once.
        max_budget_per_symbol_pct: Largest notional in one pair, percent of capital; None = off.
        max_position_size_usd: Largest notional of one position, quote currency; None = off.
        daily_loss_fraction: Worst-case loss of a UTC day, share of capital.
        total_risk_fraction: Worst-case loss of everything open, share of capital.
        drawdown_fraction: Worst-case fall from peak equity, share of the peak.
        notional_multiple: Largest notional of everything open, multiple of capital.
        entries_per_minute: Entry intents within 60 s.
        symbols_allowed: Pairs that may be traded; None = all.
    """

    max_open_positions: int = 5
    max_budget_per_symbol_pct: Decimal | None = None
    max_position_size_usd: Decimal | None = None
    daily_loss_fraction: Decimal = Decimal("0.05")
    total_risk_fraction: Decimal = Decimal("0.05")
    drawdown_fraction: Decimal = Decimal("0.2")
    notional_multiple: Decimal = Decimal(10)
    entries_per_minute: int = 6
    symbols_allowed: tuple[Symbol, ...] | None = None


@attrs.frozen(kw_only=True)
class EngineConfig:
    """Identity and limits.

    Attributes:
        account: Which account at which venue; part of every client order id.
        epoch: Identity of the database; part of every id.
    """

    account: str
    epoch: str
    limits: RiskLimits = RiskLimits()
    prefix: str = CORE_PREFIX
