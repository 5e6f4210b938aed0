"""What can be lost now, in the figures of the risk gate."""

from __future__ import annotations

from decimal import Decimal

from robson_domain import Ledger, Position, RiskLimits, decimals
from robson_engine import Exposure, exposure_of, loss_at_stop
from robsond import dto
from robsond.facade import Facade
from robsond.views import side_of


def risk(facade: Facade) -> dto.RiskReply:
    """Return how much of each limit is used."""
    ledger = facade.ledger()
    limits = ledger.limits
    live = [position for position in facade.positions() if not position.is_closed]
    exposure = exposure_of(ledger, live)
    worst = exposure.loss_at_stop.value
    lost_today = decimals.neg(ledger.realized_on(facade.now()).value)
    return dto.RiskReply(
        daily_loss=_usage(
            decimals.add(worst, lost_today),
            decimals.mul(ledger.capital.value, limits.daily_loss_fraction),
        ),
        total_risk=_usage(worst, decimals.mul(ledger.capital.value, limits.total_risk_fraction)),
        drawdown=_drawdown(ledger, limits, worst),
        notional=_notional(ledger, limits, exposure),
        open_positions=dto.CountView(used=exposure.open_positions, limit=limits.max_open_positions),
        worst_case_loss=str(exposure.loss_at_stop),
        per_position=[_position(position) for position in live],
    )


def _usage(used: Decimal, limit: Decimal) -> dto.UsageView:
    return dto.UsageView(used=decimals.text(used), limit=decimals.text(limit))


def _drawdown(ledger: Ledger, limits: RiskLimits, worst: Decimal) -> dto.UsageView:
    peak = ledger.peak_equity.value
    fallen = decimals.sub(peak, ledger.equity.value)
    return _usage(decimals.add(fallen, worst), decimals.mul(peak, limits.drawdown_fraction))


def _notional(ledger: Ledger, limits: RiskLimits, exposure: Exposure) -> dto.UsageView:
    limit = decimals.mul(ledger.capital.value, limits.notional_multiple)
    return _usage(exposure.notional.value, limit)


def _position(position: Position) -> dto.PositionRiskView:
    return dto.PositionRiskView(
        position_id=position.position_id,
        symbol=str(position.symbol),
        side=side_of(position),
        status=position.status.value,
        open_qty=str(position.open_qty),
        stop=str(position.stop) if position.stop else None,
        loss_at_stop=str(loss_at_stop(position)),
    )
