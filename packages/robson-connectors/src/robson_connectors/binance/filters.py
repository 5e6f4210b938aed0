"""Every filter of the venue, checked before sending, with a code and a sentence of our own.

The venue would refuse as well; but it names the filter alone, and a refusal there costs a
request and an alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

import attrs

from robson_connectors.binance.rules import Bounds, PriceBand, SymbolRules, ValueBounds
from robson_domain import decimals
from robson_domain.symbols import OrderSide

MARKET: Final = "MARKET"
STOP_LOSS: Final = "STOP_LOSS"
STOP_LOSS_LIMIT: Final = "STOP_LOSS_LIMIT"
ALGO_TYPES: Final = frozenset({STOP_LOSS, STOP_LOSS_LIMIT, "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
INDEX_BAND: Final = Decimal("0.15")
"""How far a limit may be from the index price, ratio of it."""
_AT_MARKET: Final = frozenset({MARKET, STOP_LOSS, "TAKE_PROFIT"})


@attrs.frozen
class Refusal:
    """Why an order is not sent: a code to act on and a sentence with the figures."""

    code: str
    message: str


@attrs.frozen(kw_only=True)
class Draft:
    """An order as it would be sent.

    Attributes:
        kind: The venue's word for its type.
        price: Limit price, None without one.
        stop_price: What arms it, None without one.
    """

    side: OrderSide
    kind: str
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None


@attrs.frozen(kw_only=True)
class Surroundings:
    """What is known beside the order; a None is not checked against.

    Attributes:
        reference: About the venue's average price.
        index: What margin is valued at; limits far from it are refused (-3064).
        slack: Ratio by which value and price may miss a bound before we refuse: our reference is
            not the venue's, and an exit must not fail on the difference.
        orders: Open orders on the pair.
        algo_orders: Those of them with a stop price.
        base_held: Base asset held and being bought.
    """

    reference: Decimal | None = None
    index: Decimal | None = None
    slack: Decimal = decimals.ZERO
    orders: int | None = None
    algo_orders: int | None = None
    base_held: Decimal | None = None


Check = Callable[[SymbolRules, Draft, Surroundings], Iterator[Refusal]]


def refusal(rules: SymbolRules, draft: Draft, around: Surroundings) -> Refusal | None:
    """Return the first reason why the venue would not take ``draft``, or None."""
    for check in CHECKS:
        for found in check(rules, draft, around):
            return found
    return None


def _shown(number: Decimal) -> str:
    return decimals.text(number)


def _pair(rules: SymbolRules, draft: Draft, _: Surroundings) -> Iterator[Refusal]:
    symbol = rules.instrument.symbol
    if not rules.is_trading:
        yield Refusal("PAIR_HALTED", f"{symbol} is not trading now")
    if not rules.is_margin:
        yield Refusal("PAIR_WITHOUT_MARGIN", f"{symbol} is not traded on margin")
    if draft.kind not in rules.order_types:
        yield Refusal("ORDER_TYPE_UNAVAILABLE", f"{symbol} takes no {draft.kind} orders")


def _quantity(rules: SymbolRules, draft: Draft, _: Surroundings) -> Iterator[Refusal]:
    lots = [rules.lot, rules.market_lot] if draft.kind in _AT_MARKET else [rules.lot]
    for lot in lots:
        yield from _on_grid("QUANTITY", draft.quantity, lot)


def _prices(rules: SymbolRules, draft: Draft, _: Surroundings) -> Iterator[Refusal]:
    for price in (draft.price, draft.stop_price):
        if price is not None:
            yield from _on_grid("PRICE", price, rules.price)


def _on_grid(what: str, number: Decimal, bounds: Bounds) -> Iterator[Refusal]:
    name = what.lower()
    if number < bounds.least or number <= 0:
        text = f"{name} {_shown(number)} is below the minimum {_shown(bounds.least)}"
        yield Refusal(f"{what}_BELOW_MIN", text)
    if bounds.most and number > bounds.most:
        text = f"{name} {_shown(number)} is above the maximum {_shown(bounds.most)}"
        yield Refusal(f"{what}_ABOVE_MAX", text)
    if (
        bounds.step
        and decimals.mul(bounds.step, Decimal(decimals.floor_div(number, bounds.step))) != number
    ):
        text = f"{name} {_shown(number)} is not a multiple of {_shown(bounds.step)}"
        yield Refusal(f"{what}_OFF_GRID", text)


def _value(rules: SymbolRules, draft: Draft, around: Surroundings) -> Iterator[Refusal]:
    price = draft.price or draft.stop_price or around.reference
    if price is None:
        return
    value = decimals.mul(draft.quantity, price)
    for bounds in rules.values:
        yield from _within(value, bounds, draft.kind in _AT_MARKET, around.slack)


def _within(
    value: Decimal, bounds: ValueBounds, at_market: bool, slack: Decimal
) -> Iterator[Refusal]:
    more = decimals.mul(value, decimals.add(decimals.ONE, slack))
    less = decimals.mul(value, decimals.sub(decimals.ONE, slack))
    about = _shown(decimals.rounded(value, 8))
    if (bounds.least_at_market or not at_market) and more < bounds.least:
        text = f"worth {about}, the least is {_shown(bounds.least)}"
        yield Refusal("NOTIONAL_BELOW_MIN", text)
    if bounds.most and (bounds.most_at_market or not at_market) and less > bounds.most:
        text = f"worth {about}, the most is {_shown(bounds.most)}"
        yield Refusal("NOTIONAL_ABOVE_MAX", text)


def _bands(rules: SymbolRules, draft: Draft, around: Surroundings) -> Iterator[Refusal]:
    if draft.price is None or around.reference is None:
        return
    for band in rules.bands:
        low, high = _edges(band, draft.side, around.reference)
        below = low and decimals.mul(draft.price, decimals.add(decimals.ONE, around.slack)) < low
        above = high and decimals.mul(draft.price, decimals.sub(decimals.ONE, around.slack)) > high
        if below or above:
            text = f"price {_shown(draft.price)} is too far from {_shown(around.reference)}"
            yield Refusal("PRICE_OUT_OF_BAND", text)


def _index(rules: SymbolRules, draft: Draft, around: Surroundings) -> Iterator[Refusal]:
    if draft.price is None or around.index is None:
        return
    far = decimals.mul(around.index, INDEX_BAND)
    if decimals.absolute(decimals.sub(draft.price, around.index)) > far:
        text = f"limit {_shown(draft.price)} is over 15 % off the index {_shown(around.index)}"
        yield Refusal("PRICE_FAR_FROM_INDEX", text)


def _edges(band: PriceBand, side: OrderSide, reference: Decimal) -> tuple[Decimal, Decimal]:
    is_bid = side is OrderSide.BUY
    down, up = (band.bid_down, band.bid_up) if is_bid else (band.ask_down, band.ask_up)
    return decimals.mul(reference, down), decimals.mul(reference, up)


def _counts(rules: SymbolRules, draft: Draft, around: Surroundings) -> Iterator[Refusal]:
    rests = draft.kind != MARKET
    if rests and rules.orders_max and (around.orders or 0) >= rules.orders_max:
        yield Refusal("TOO_MANY_ORDERS", f"{around.orders} orders are open already")
    is_algo = draft.kind in ALGO_TYPES
    if is_algo and rules.algo_orders_max and (around.algo_orders or 0) >= rules.algo_orders_max:
        yield Refusal("TOO_MANY_STOPS", f"{around.algo_orders} stop orders are open already")


def _position(rules: SymbolRules, draft: Draft, around: Surroundings) -> Iterator[Refusal]:
    if draft.side is OrderSide.SELL or not rules.position_max or around.base_held is None:
        return
    after = decimals.add(around.base_held, draft.quantity)
    if after > rules.position_max:
        text = f"{_shown(after)} would be held, the most is {_shown(rules.position_max)}"
        yield Refusal("POSITION_ABOVE_MAX", text)


CHECKS: Final[tuple[Check, ...]] = (
    _pair, _quantity, _prices, _value, _bands, _index, _counts, _position,
)  # fmt: skip
