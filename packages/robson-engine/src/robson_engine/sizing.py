"""The golden rule: quantity = risk budget ÷ stop distance, costs included, capped by leverage.

``q = round_qty_down(min(R ÷ (D + f·P + f·(P ∓ D)), leverage·capital ÷ P))``, and no more than the
person's own cap ÷ P where there is one. The division is an exact integer division by the step, so
one step more would break the budget or a cap.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import (
    Instrument,
    Money,
    Price,
    PriceDelta,
    Quantity,
    Side,
    ValidationError,
    decimals,
)


@attrs.frozen(kw_only=True)
class SizingRequest:
    """What the rule needs.

    Attributes:
        risk_amount: R, most that may be lost, quote currency.
        capital: Amount the leverage cap refers to, quote currency.
        price: P, price of the signal.
        distance: D, exact.
        fee_rate: f, taker commission, ratio; 0 gives the golden rule.
        leverage: Cap of notional ÷ capital.
        notional_max: Cap of the value at P, quote currency; None = none.
    """

    instrument: Instrument
    side: Side
    risk_amount: Money
    capital: Money
    price: Price
    distance: PriceDelta
    fee_rate: Decimal = Decimal(0)
    leverage: int = 10
    notional_max: Decimal | None = None

    def __attrs_post_init__(self) -> None:
        if self.distance.value <= 0:
            raise ValidationError("stop_distance", "must be above zero")
        if not 0 <= self.fee_rate < 1:
            raise ValidationError("fee_rate", "must be at least 0 and below 1")

    @property
    def stop(self) -> Price:
        """P ∓ D, the exact level at which the budget is spent."""
        if self.side is Side.LONG:
            return self.price.minus(self.distance)
        return self.price.plus(self.distance)

    @property
    def round_trip_cost(self) -> Decimal:
        """Commission of entry and exit per unit: f·P + f·(P ∓ D), quote currency."""
        both = decimals.add(self.price.value, self.stop.value)
        return decimals.mul(self.fee_rate, both)

    @property
    def loss_per_unit(self) -> Decimal:
        """D + round trip cost, quote currency per unit of base."""
        return decimals.add(self.distance.value, self.round_trip_cost)


def size_position(request: SizingRequest) -> Quantity:
    """Return the quantity to enter with; zero when the budget does not buy one step."""
    instrument = request.instrument
    step = instrument.step_size
    by_risk = decimals.floor_div(
        request.risk_amount.value, decimals.mul(request.loss_per_unit, step)
    )
    spendable = decimals.mul(request.capital.value, Decimal(request.leverage))
    if request.notional_max is not None:
        spendable = min(spendable, request.notional_max)
    by_leverage = decimals.floor_div(spendable, decimals.mul(request.price.value, step))
    quantity = instrument.quantity(min(by_risk, by_leverage))
    return min(quantity, instrument.round_qty_down(instrument.quantity_max.value))


def loss_of(request: SizingRequest, quantity: Quantity) -> Money:
    """Return what ``quantity`` loses between P and P ∓ D with commissions, quote currency."""
    return Money(decimals.mul(quantity.value, request.loss_per_unit))
