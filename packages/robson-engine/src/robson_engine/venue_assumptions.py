"""What a simulation assumes about its venue, in one value that travels with every result."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import decimals
from robson_domain.errors import ValidationError


def _number(value: Decimal | int | str) -> Decimal:
    return decimals.to_decimal(value)


def _optional(value: Decimal | int | str | None) -> Decimal | None:
    return None if value is None else decimals.to_decimal(value)


@attrs.frozen(kw_only=True)
class VenueAssumptions:
    """How the simulated venue treats orders.

    Attributes:
        taker_fee_rate: Commission of a market order, ratio of the traded amount, [0, 1).
        latency_ns: From sending an order until it may be filled, ns; 0 = filled in the answer.
        commission_received: Commission in the received asset (base on a buy, quote on a sell);
            otherwise always in quote.
        fill_fraction: Largest share of each market trade an order takes, (0, 1]; None = the
            whole order at one trade.
        leverage_max: Largest value of a position ÷ equity of its pair account.
        liquidation_level: Assets ÷ debt at which a real venue would liquidate; reported only.
    """

    taker_fee_rate: Decimal = attrs.field(default=Decimal("0.001"), converter=_number)
    latency_ns: int = 50_000_000
    commission_received: bool = True
    fill_fraction: Decimal | None = attrs.field(default=None, converter=_optional)
    leverage_max: int = 10
    liquidation_level: Decimal = attrs.field(default=Decimal("1.05"), converter=_number)

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.taker_fee_rate < 1:
            raise ValidationError("taker_fee_rate", "must be at least 0 and below 1, e.g. 0.001")
        if self.latency_ns < 0:
            raise ValidationError("latency_ns", "must not be below zero")
        if self.fill_fraction is not None and not 0 < self.fill_fraction <= 1:
            raise ValidationError("fill_fraction", "must be above 0 and at most 1, e.g. 0.1")
        if self.leverage_max < 1:
            raise ValidationError("leverage_max", "must be at least 1")
        if self.liquidation_level <= 1:
            raise ValidationError("liquidation_level", "must be above 1, e.g. 1.05")
