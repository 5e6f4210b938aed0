"""The limits of the account that the risk gate holds every entry against."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.symbols import Symbol


def _number(value: Decimal | int | str, _: object, field: attrs.Attribute[Any]) -> Decimal:
    return decimals.to_decimal(value, field.name)


def _number_or_off(
    value: Decimal | int | str | None, _: object, field: attrs.Attribute[Any]
) -> Decimal | None:
    return None if value is None else decimals.to_decimal(value, field.name)


def _at_least_one(_: object, field: attrs.Attribute[int], count: int) -> None:
    if count < 1:
        raise ValidationError(field.name, f"{count} must be at least 1")


def _above_zero(_: object, field: attrs.Attribute[Any], number: Decimal | None) -> None:
    if number is not None and number <= 0:
        raise ValidationError(field.name, f"{decimals.text(number)} must be above 0")


def _share(default: str) -> Any:
    return attrs.field(
        default=Decimal(default),
        converter=attrs.Converter(_number, takes_self=True, takes_field=True),
        validator=_above_zero,
    )


def _off() -> Any:
    return attrs.field(
        default=None,
        converter=attrs.Converter(_number_or_off, takes_self=True, takes_field=True),
        validator=_above_zero,
    )


@attrs.frozen(kw_only=True)
class RiskLimits:
    """Limits of the risk gate; all inclusive, none of them zero.

    Attributes:
        max_open_positions: Positions that may own a pair at once, at least 1.
        max_budget_per_symbol_pct: Largest notional in one pair, percent of capital; None = off.
        max_position_size_usd: Largest notional of one position, quote currency; None = off.
        position_cap: Notional above which a position is made smaller instead of being denied, quote
            currency; None = off.
        daily_loss_fraction: Worst-case loss of a UTC day, share of capital.
        total_risk_fraction: Worst-case loss of everything open, share of capital.
        drawdown_fraction: Worst-case fall from peak equity, share of the peak.
        notional_multiple: Largest notional of everything open, multiple of capital.
        entries_per_minute: Entry intents within 60 s, at least 1.
        symbols_allowed: Pairs that may be traded; None = all.
        disaster_stop: How far beyond the trailing stop the stop at the venue rests, share of the
            trailing stop; None = none is placed.

    Raises:
        ValidationError: Naming the field that is not above zero, or no exact number.
    """

    max_open_positions: int = attrs.field(default=5, validator=_at_least_one)
    max_budget_per_symbol_pct: Decimal | None = _off()
    max_position_size_usd: Decimal | None = _off()
    position_cap: Decimal | None = _off()
    daily_loss_fraction: Decimal = _share("0.05")
    total_risk_fraction: Decimal = _share("0.05")
    drawdown_fraction: Decimal = _share("0.2")
    notional_multiple: Decimal = _share("10")
    entries_per_minute: int = attrs.field(default=6, validator=_at_least_one)
    symbols_allowed: tuple[Symbol, ...] | None = None
    disaster_stop: Decimal | None = _off()
