"""What an order looks like on the wire, and what it borrows or repays; pure.

Invariants:
    1. Every order names the isolated account; without that word it would trade another one.
    2. An order that reduces never borrows.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from robson_connectors.binance.filters import (
    MARKET,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    Draft,
    Refusal,
)
from robson_connectors.binance.rules import SymbolRules
from robson_connectors.binance.signing import Params
from robson_domain import decimals
from robson_domain.holdings import PairBalances
from robson_domain.instrument import Instrument
from robson_domain.ports.execution import NewOrder
from robson_domain.symbols import OrderSide, Side
from robson_domain.values import Price

NO_SIDE_EFFECT: Final = "NO_SIDE_EFFECT"
MARGIN_BUY: Final = "MARGIN_BUY"
AUTO_REPAY: Final = "AUTO_REPAY"
ROOM: Final = Decimal("1.02")
"""An entry borrows unless the free balance is this much above its value at the index price."""


def entry_effect(order: NewOrder, pair: PairBalances) -> str:
    """Return the side effect of an entry: it borrows only when the free balance may not do."""
    if order.side is OrderSide.SELL:
        return NO_SIDE_EFFECT if pair.base.free >= order.quantity.value else MARGIN_BUY
    if pair.index_price is None:
        return MARGIN_BUY
    value = (order.quantity * pair.index_price).value
    return NO_SIDE_EFFECT if pair.quote.free >= decimals.mul(value, ROOM) else MARGIN_BUY


def exit_effect(order: NewOrder, pair: PairBalances | None) -> str:
    """Return the side effect of an exit: it repays unless there is known to be no debt."""
    if pair is None:
        return AUTO_REPAY
    received = pair.quote if order.side is OrderSide.SELL else pair.base
    return AUTO_REPAY if received.debt else NO_SIDE_EFFECT


def cover_refusal(
    order: NewOrder, pair: PairBalances, instrument: Instrument, fee_in_base: Decimal
) -> Refusal | None:
    """Return why buying back is not sent, or None: more than is owed would open a long.

    What is held beside the debt has been bought back already: the person may have done that
    without repaying. Rounding up and dust may exceed it.

    Args:
        fee_in_base: Ratio of the bought amount that the venue keeps.
    """
    owed = decimals.sub(pair.base.debt, pair.base.held)
    if owed <= 0:
        return Refusal("NOTHING_TO_REDUCE", f"no {pair.base.asset} is owed")
    received = decimals.mul(order.quantity.value, decimals.sub(decimals.ONE, fee_in_base))
    step, dust = instrument.step_size, decimals.ZERO
    if pair.index_price is not None:
        dust = decimals.div(instrument.notional_min.value, pair.index_price.value)
    if decimals.sub(received, owed) < decimals.add(step, max(step, dust)):
        return None
    text = f"only {decimals.text(owed)} {pair.base.asset} is owed"
    return Refusal("EXCEEDS_POSITION", text)


def market_params(order: NewOrder, effect: str) -> Params:
    """Return the parameters of a market order."""
    return _params(order, (("type", MARKET), *_quantity(order)), effect)


def market_draft(order: NewOrder) -> Draft:
    """Return a market order as the filters look at it."""
    return Draft(side=order.side, kind=MARKET, quantity=order.quantity.value)


def stop_draft(order: NewOrder, stop: Price, rules: SymbolRules, beyond: Decimal) -> Draft:
    """Return the order that rests at ``stop``: at market where offered, else a limit beyond it.

    Args:
        beyond: How far beyond the stop the limit is, ratio of the stop.
    """
    instrument = rules.instrument
    # On the grid towards the market, as every stop is: never looser than what was decided.
    side = Side.LONG if order.side is OrderSide.SELL else Side.SHORT
    at = instrument.round_stop_tighter(stop, side)
    if STOP_LOSS in rules.order_types:
        kind, limit = STOP_LOSS, None
    else:
        kind, limit = STOP_LOSS_LIMIT, _limit(at, side, instrument, beyond)
    return Draft(
        side=order.side,
        kind=kind,
        quantity=order.quantity.value,
        price=limit,
        stop_price=at.value,
    )


def _limit(stop: Price, side: Side, instrument: Instrument, beyond: Decimal) -> Decimal:
    away = decimals.mul(stop.value, beyond)
    if side is Side.LONG:
        ticks = decimals.floor_div(decimals.sub(stop.value, away), instrument.tick_size)
    else:
        ticks = decimals.ceil_div(decimals.add(stop.value, away), instrument.tick_size)
    return instrument.price(max(1, ticks)).value


def stop_params(order: NewOrder, draft: Draft, effect: str) -> Params:
    """Return the parameters of a resting stop."""
    assert draft.stop_price is not None
    prices = [("stopPrice", decimals.text(draft.stop_price))]
    if draft.price is not None:
        prices = [
            ("timeInForce", "GTC"),
            ("price", decimals.text(draft.price)),
            *prices,
        ]
    return _params(order, (("type", draft.kind), *_quantity(order), *prices), effect)


def _quantity(order: NewOrder) -> Params:
    return (("quantity", str(order.quantity)),)


def _params(order: NewOrder, what: Params, effect: str) -> Params:
    return (
        ("symbol", order.symbol),
        ("isIsolated", "TRUE"),
        ("side", order.side.value),
        *what,
        ("newClientOrderId", order.client_order_id),
        ("newOrderRespType", "FULL"),
        ("sideEffectType", effect),
    )
