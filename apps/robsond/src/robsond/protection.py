"""From settings to what may be risked, and how it is protected."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from robson_domain import Capabilities, RiskLimits, SafetyNetMode, decimals
from robson_exec import ProtectionSettings
from robsond import logs
from robsond.settings import Settings

log = logs.logger(__name__)

_HUNDRED: Final = decimals.to_decimal(100)
_SECOND_NS: Final = 1_000_000_000


def risk_limits(settings: Settings, venue: Capabilities) -> RiskLimits:
    """Return what the account may risk, as the settings want it and the venue can do it.

    Raises:
        ValidationError: For a percent with more digits than a limit can have.
    """
    wanted = settings.limits
    return RiskLimits(
        max_open_positions=wanted.max_open_positions,
        max_budget_per_symbol_pct=wanted.max_budget_per_symbol_pct,
        max_position_size_usd=wanted.max_position_size_usd,
        daily_loss_fraction=_share(wanted.max_daily_loss_percent),
        total_risk_fraction=_share(wanted.max_total_risk_percent),
        drawdown_fraction=_share(wanted.max_drawdown_percent),
        notional_multiple=wanted.max_notional_multiple,
        entries_per_minute=wanted.max_entries_per_minute,
        symbols_allowed=wanted.allowed_symbols or None,
        position_cap=settings.live.position_cap if settings.mode == "live" else None,
        disaster_stop=_disaster_stop(settings, venue),
    )


def _share(percent: Decimal) -> Decimal:
    return decimals.div(percent, _HUNDRED)


def _disaster_stop(settings: Settings, venue: Capabilities) -> Decimal | None:
    percent = settings.protection.disaster_stop
    if settings.mode != "live" or percent is None:
        return None
    if not venue.resting_stops:
        log.warning(
            "no stop order can rest at this venue: while Robson is down nobody watches a stop",
            venue=venue.name,
        )
        return None
    return _share(percent)


def protection(settings: Settings) -> ProtectionSettings:
    """Return how the machine looks after the account.

    Shadow mode sends nothing, so there the Safety Net observes whatever the log says.
    """
    wanted = settings.protection
    named = "observe" if settings.mode == "shadow" else wanted.safety_net
    return ProtectionSettings(
        poll_ns=wanted.polling_interval_seconds * _SECOND_NS,
        cancels_locking_orders=wanted.cancels_locking_orders,
        mode=SafetyNetMode(named) if named else None,
    )
