"""A tradable contract and its named roundings.

The only module that rounds prices and quantities. A rounding has a direction and a name:
entries down (never more risk than budgeted), covering a short up (never a rest of debt),
stops tighter (never looser than distance).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.symbols import Side, Symbol
from robson_domain.values import Notional, Price, PriceDelta, Quantity

_BOUND: Final = Decimal(10**decimals.INTEGER_DIGITS_MAX)
UNBOUNDED_QUANTITY: Final = Quantity(10**15)


def _tick_size(value: Decimal | int | str) -> Decimal:
    return decimals.to_decimal(value, "tick_size")


def _step_size(value: Decimal | int | str) -> Decimal:
    return decimals.to_decimal(value, "step_size")


def _positive(_: object, attribute: attrs.Attribute[Decimal], value: Decimal) -> None:
    if value <= 0:
        raise ValidationError(attribute.name, "must be above zero")


@attrs.frozen(kw_only=True)
class Instrument:
    """What the venue says about a pair.

    Attributes:
        symbol: The pair.
        tick_size: Smallest price change, quote currency.
        step_size: Smallest quantity change, base asset.
        quantity_min: Smallest order quantity, base asset.
        quantity_max: Largest market order quantity, base asset.
        notional_min: Smallest order value, quote currency.
    """

    symbol: Symbol
    tick_size: Decimal = attrs.field(converter=_tick_size, validator=_positive)
    step_size: Decimal = attrs.field(converter=_step_size, validator=_positive)
    quantity_min: Quantity = Quantity(0)
    quantity_max: Quantity = UNBOUNDED_QUANTITY
    notional_min: Notional = Notional(0)

    def ticks(self, price: Price) -> int:
        """Return ``price`` in whole ticks.

        Raises:
            ValidationError: When the price is not a multiple of the tick size.
        """
        quotient, rest = decimals.CONTEXT.divmod(price.value, self.tick_size)
        if rest:
            raise ValidationError(
                "price", f"{price} is not a multiple of tick size {decimals.text(self.tick_size)}"
            )
        return int(quotient)

    def whole_ticks(self, distance: PriceDelta) -> int:
        """Return how many whole ticks fit into ``distance`` (≥ 0), a rest dropped.

        For a stop this equals rounding the exact stop tighter: ``best - floor(D / tick)`` ticks.
        """
        return decimals.floor_div(distance.value, self.tick_size)

    def price(self, ticks: int) -> Price:
        """Return the price of ``ticks`` whole ticks (at least one)."""
        number = decimals.mul(self.tick_size, ticks)
        # A whole multiple has no more digits after the point than the checked tick size.
        if decimals.ZERO < number < _BOUND:
            return Price._known(number)
        return Price(number)

    def steps(self, quantity: Quantity) -> int:
        """Return ``quantity`` in whole steps, a rest dropped."""
        return decimals.floor_div(quantity.value, self.step_size)

    def quantity(self, steps: int) -> Quantity:
        """Return the quantity of ``steps`` whole steps."""
        number = decimals.mul(self.step_size, steps)
        if decimals.ZERO < number < _BOUND:  # as in price
            return Quantity._known(number)
        return Quantity(number)

    def round_qty_down(self, amount: Decimal) -> Quantity:
        """Return the largest multiple of the step size that is not above ``amount`` (≥ 0)."""
        return self.quantity(decimals.floor_div(amount, self.step_size))

    def round_qty_up(self, amount: Decimal) -> Quantity:
        """Return the smallest multiple of the step size that is not below ``amount`` (≥ 0)."""
        return self.quantity(decimals.ceil_div(amount, self.step_size))

    def round_stop_tighter(self, price: Price, side: Side) -> Price:
        """Return ``price`` on the tick grid, towards the market: long up, short down.

        A short's stop below one tick is held at one tick; there is no tighter price.
        """
        if side is Side.LONG:
            return self.price(decimals.ceil_div(price.value, self.tick_size))
        return self.price(max(1, decimals.floor_div(price.value, self.tick_size)))

    def is_tradable(self, quantity: Quantity, price: Price) -> bool:
        """Say whether the venue takes a market order of ``quantity`` at about ``price``."""
        if not quantity or quantity < self.quantity_min:
            return False
        return quantity * price >= self.notional_min
