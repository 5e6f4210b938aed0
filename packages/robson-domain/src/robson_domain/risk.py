"""How much may be lost, and over which distance."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.symbols import Side
from robson_domain.values import Money, Price, PriceDelta

RISK_PERCENT_MAX: Final = Decimal(5)
"""Above this a typed phrase is asked for; see the ``arm`` command."""
_HUNDRED: Final = Decimal(100)


def _risk_percent(value: Decimal | int | str) -> Decimal:
    return decimals.to_decimal(value, "risk_percent")


def _drawdown_percent(value: Decimal | int | str) -> Decimal:
    return decimals.to_decimal(value, "max_drawdown_percent")


def _at_most_hundred(_: object, field: attrs.Attribute[Decimal], number: Decimal) -> None:
    if not 0 < number <= _HUNDRED:
        raise ValidationError(
            field.name, f"{decimals.text(number)} must be above 0 and at most 100"
        )


@attrs.frozen(kw_only=True)
class RiskConfig:
    """The person's own limits for one position.

    Attributes:
        capital: Amount that risk percents refer to, quote currency, above zero.
        risk_percent: Share of capital that one position may lose, percent.
        max_drawdown_percent: Fall from the equity peak at which entries stop, percent.
    """

    capital: Money = attrs.field()
    risk_percent: Decimal = attrs.field(
        default=Decimal(1), converter=_risk_percent, validator=_at_most_hundred
    )
    max_drawdown_percent: Decimal = attrs.field(
        default=Decimal(20), converter=_drawdown_percent, validator=_at_most_hundred
    )

    @capital.validator
    def _capital_above_zero(self, _: object, capital: Money) -> None:
        if capital.value <= 0:
            raise ValidationError("capital", f"{capital} must be above zero")

    def __attrs_post_init__(self) -> None:
        # An amount that cannot exist is refused where the limits are set, not where they are used.
        _ = self.risk_amount

    @property
    def risk_fraction(self) -> Decimal:
        """Share of capital at risk, a ratio (0.01 = 1 %)."""
        return decimals.div(self.risk_percent, _HUNDRED)

    @property
    def risk_amount(self) -> Money:
        """Most that one position may lose, quote currency: capital × risk fraction."""
        return Money(decimals.div(decimals.mul(self.capital.value, self.risk_percent), _HUNDRED))


@attrs.frozen(kw_only=True)
class TechnicalStopDistance:
    """Distance between the entry price and the level that proves the idea wrong.

    Raises:
        ValidationError: When the stop is not on the losing side of the entry.
    """

    entry_price: Price
    technical_stop: Price
    side: Side

    def __attrs_post_init__(self) -> None:
        if self.distance.value <= 0:
            where = "below" if self.side is Side.LONG else "above"
            raise ValidationError(
                "technical_stop",
                f"{self.technical_stop} must be {where} the entry price {self.entry_price}",
            )

    @property
    def distance(self) -> PriceDelta:
        """D, exact and unrounded, quote currency per unit."""
        if self.side is Side.LONG:
            return self.entry_price - self.technical_stop
        return self.technical_stop - self.entry_price

    @property
    def fraction(self) -> Decimal:
        """D as a share of the entry price, a ratio."""
        return decimals.div(self.distance.value, self.entry_price.value)

    def is_within(self, fraction_min: Decimal, fraction_max: Decimal) -> bool:
        """Say whether D lies between two shares of the entry price, inclusive and exact."""
        low = decimals.mul(self.entry_price.value, fraction_min)
        high = decimals.mul(self.entry_price.value, fraction_max)
        return low <= self.distance.value <= high
