"""What the simulated venue refuses, and what it says about an account. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

import attrs

from robson_domain import decimals
from robson_domain.account import AccountSnapshot
from robson_domain.instrument import Instrument
from robson_domain.ports.execution import NewOrder
from robson_domain.symbols import OrderSide
from robson_domain.values import Notional, Price, Quantity
from robson_engine.venue_assumptions import VenueAssumptions
from robson_engine.venue_book import PairAccount, VenueOrder


class Refusal(NamedTuple):
    """Why an order is not taken: a stable code, and what to change."""

    code: str
    message: str


@attrs.frozen(kw_only=True)
class PairView:
    """All a rule needs to know of a pair.

    Attributes:
        working: Orders accepted and not yet done; what they may still do counts as done.
        price: Last traded price, None before the first trade.
    """

    instrument: Instrument
    account: PairAccount
    working: tuple[VenueOrder, ...]
    price: Price | None
    assumptions: VenueAssumptions


def size_refusal(quantity: Quantity, view: PairView) -> Refusal | None:
    """Return why the venue does not take an order of this size, or None."""
    rules = view.instrument
    if rules.quantity(rules.steps(quantity)) != quantity:
        step = decimals.text(rules.step_size)
        return Refusal("BAD_STEP", f"quantity {quantity} is not a multiple of {step}")
    if not quantity or quantity < rules.quantity_min:
        return Refusal("BELOW_MINIMUM", f"quantity {quantity} is below {rules.quantity_min}")
    if quantity > rules.quantity_max:
        return Refusal("ABOVE_MAXIMUM", f"quantity {quantity} is above {rules.quantity_max}")
    if view.price is not None and quantity * view.price < rules.notional_min:
        value = quantity * view.price
        return Refusal("BELOW_MINIMUM", f"order value {value} is below {rules.notional_min}")
    return None


def _excess_max(view: PairView) -> Decimal:
    """Return from which excess of a cover on more is bought than belongs to paying back.

    Less than one step comes from rounding the cover up, and beside the debt may lie what counts
    as flat: less than one step, or less than the venue takes as an order.
    """
    step, least = view.instrument.step_size, view.instrument.notional_min.value
    dust = decimals.div(least, view.price.value) if view.price else decimals.ZERO
    return decimals.add(step, max(step, dust))


def reduce_refusal(order: NewOrder, view: PairView) -> Refusal | None:
    """Return why a reducing order is not taken, or None: it never borrows.

    Selling is bounded by the base asset held. Covering may exceed what is owed, after
    commission, by rounding and by dust, so that a debt can always be paid back in full although
    a rest of earlier positions lies beside it.
    """
    if order.side is OrderSide.SELL:
        free = decimals.sub(view.account.base, _leaves(view.working, OrderSide.SELL))
        if order.quantity.value > free:
            return Refusal("EXCEEDS_POSITION", f"only {_shown(free)} can be sold")
        return None
    coming = _received(_leaves(view.working, OrderSide.BUY), view)
    owed = decimals.sub(decimals.neg(view.account.base), coming)
    left = decimals.sub(_received(order.quantity.value, view), owed)
    if owed <= 0 or left >= _excess_max(view):
        return Refusal("EXCEEDS_POSITION", f"only {_shown(owed)} is owed")
    return None


def margin_refusal(side: OrderSide, quantity: Quantity, view: PairView) -> Refusal | None:
    """Return why the account cannot carry the position that the order would make, or None.

    The position's value after the order, with everything still working, may be at most
    ``leverage_max`` times the equity, both at the last price. Less of the same is always fine.
    """
    if view.price is None:
        return None
    bought = decimals.sub(
        _leaves(view.working, OrderSide.BUY), _leaves(view.working, OrderSide.SELL)
    )
    before = decimals.add(view.account.base, bought)
    signed = quantity.value if side is OrderSide.BUY else decimals.neg(quantity.value)
    after = decimals.add(before, signed)
    if min(before, decimals.ZERO) <= after <= max(before, decimals.ZERO):
        return None
    value = decimals.mul(decimals.absolute(after), view.price.value)
    if value > _carried(view):
        limit = _shown(_carried(view))
        return Refusal("INSUFFICIENT_MARGIN", f"a position worth {_shown(value)} exceeds {limit}")
    return None


def snapshot(view: PairView, now: int) -> AccountSnapshot:
    """Return the account as the venue reports it at ``now`` (UTC ns)."""
    account, price, assumed = view.account, view.price, view.assumptions
    position = decimals.ZERO
    if price is not None:
        position = decimals.mul(decimals.absolute(account.base), price.value)
    room = max(decimals.ZERO, decimals.sub(_carried(view), position))
    unspent = max(decimals.ZERO, account.quote)
    borrowable = Quantity(0)
    if price is not None:
        borrowable = view.instrument.round_qty_down(decimals.div(room, price.value))
    return AccountSnapshot(
        symbol=account.symbol,
        ts_event=now,
        ts_received=now,
        net_qty=account.base,
        debt_base=account.debt_base,
        debt_quote=account.debt_quote,
        open_orders=len(view.working),
        collateral=Notional(max(decimals.ZERO, account.equity(price))),
        borrowable_base=borrowable,
        borrowable_quote=Notional(max(decimals.ZERO, decimals.sub(room, unspent))),
        taker_fee_rate=assumed.taker_fee_rate,
        commission_in_base=assumed.commission_received,
        leverage_max=assumed.leverage_max,
        liquidation_level=assumed.liquidation_level,
    )


def commission(
    side: OrderSide, quantity: Quantity, price: Price, assumptions: VenueAssumptions
) -> Quantity:
    """Return what a fill costs, in the asset that :func:`commission_asset` names."""
    rate = assumptions.taker_fee_rate
    if pays_base(side, assumptions):
        return Quantity(decimals.mul(quantity.value, rate))
    return Quantity(decimals.mul((quantity * price).value, rate))


def pays_base(side: OrderSide, assumptions: VenueAssumptions) -> bool:
    """Say whether a fill of ``side`` pays its commission in base asset."""
    return assumptions.commission_received and side is OrderSide.BUY


def _carried(view: PairView) -> Decimal:
    """Return the largest position value that the account's equity carries, quote currency."""
    equity = view.account.equity(view.price)
    return decimals.mul(equity, Decimal(view.assumptions.leverage_max))


def _received(quantity: Decimal, view: PairView) -> Decimal:
    """Return what a buy of ``quantity`` adds after commission, base asset."""
    if not pays_base(OrderSide.BUY, view.assumptions):
        return quantity
    kept = decimals.sub(decimals.ONE, view.assumptions.taker_fee_rate)
    return decimals.mul(quantity, kept)


def _leaves(working: Iterable[VenueOrder], side: OrderSide) -> Decimal:
    return decimals.total([order.leaves.value for order in working if order.side is side])


def _shown(number: Decimal) -> str:
    return decimals.text(max(decimals.ZERO, number))
