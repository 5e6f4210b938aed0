"""What exchangeInfo says about a pair: its instrument, order types and filters."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_connectors.binance.fields import (
    Row,
    UnreadableAnswer,
    field,
    flag,
    integer,
    items,
    optional_number,
    optional_text,
    rows,
    text,
)
from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.instrument import UNBOUNDED_QUANTITY, Instrument
from robson_domain.symbols import Symbol
from robson_domain.values import Notional, Quantity

ZERO = decimals.ZERO


@attrs.frozen(kw_only=True)
class Bounds:
    """A grid with ends; a zero anywhere means that there is no such rule."""

    least: Decimal = ZERO
    most: Decimal = ZERO
    step: Decimal = ZERO


@attrs.frozen(kw_only=True)
class ValueBounds:
    """Bounds of an order's value, quote currency; zero means no rule.

    Attributes:
        least_at_market: Whether the lower bound holds for market orders.
        most_at_market: Whether the upper bound does.
    """

    least: Decimal = ZERO
    most: Decimal = ZERO
    least_at_market: bool = False
    most_at_market: bool = False


@attrs.frozen(kw_only=True)
class PriceBand:
    """How far a price may be from the reference, ratios of it; zero means no rule."""

    bid_up: Decimal = ZERO
    bid_down: Decimal = ZERO
    ask_up: Decimal = ZERO
    ask_down: Decimal = ZERO


@attrs.frozen(kw_only=True)
class SymbolRules:
    """Everything an order on the pair is checked against.

    Attributes:
        order_types: Types the pair offers.
        is_trading: Whether the pair is open.
        is_margin: Whether margin accounts may trade it.
        orders_max: Open orders at most, 0 = no rule.
        algo_orders_max: Open orders with a stop price at most, 0 = no rule.
        position_max: Base asset held and ordered at most, zero = no rule.
    """

    instrument: Instrument
    order_types: frozenset[str]
    is_trading: bool
    is_margin: bool
    price: Bounds = Bounds()
    lot: Bounds = Bounds()
    market_lot: Bounds = Bounds()
    values: tuple[ValueBounds, ...] = ()
    bands: tuple[PriceBand, ...] = ()
    orders_max: int = 0
    algo_orders_max: int = 0
    position_max: Decimal = ZERO


def symbol_rules(content: Row, symbol: Symbol) -> SymbolRules | None:
    """Return the rules of ``symbol`` from an exchangeInfo answer, None when it is not there.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    for entry in rows(field(content, "symbols")):
        if text(entry, "symbol") == symbol:
            return _rules(entry, symbol)
    return None


def _rules(entry: Row, symbol: Symbol) -> SymbolRules:
    if (text(entry, "baseAsset"), text(entry, "quoteAsset")) != (symbol.base, symbol.quote):
        raise UnreadableAnswer("base and quote asset are not what the symbol says")
    filters = {text(each, "filterType"): each for each in rows(field(entry, "filters"))}
    lot = _bounds(filters.get("LOT_SIZE"), "minQty", "maxQty", "stepSize")
    market_lot = _bounds(filters.get("MARKET_LOT_SIZE"), "minQty", "maxQty", "stepSize")
    price = _bounds(filters.get("PRICE_FILTER"), "minPrice", "maxPrice", "tickSize")
    values = _values(filters)
    return SymbolRules(
        instrument=_instrument(symbol, price, lot, market_lot, values),
        order_types=frozenset(str(each) for each in items(field(entry, "orderTypes"))),
        is_trading=optional_text(entry, "status") == "TRADING",
        is_margin=flag(entry, "isMarginTradingAllowed"),
        price=price,
        lot=lot,
        market_lot=market_lot,
        values=values,
        bands=_bands(filters),
        orders_max=_count(filters.get("MAX_NUM_ORDERS"), "maxNumOrders"),
        algo_orders_max=_count(filters.get("MAX_NUM_ALGO_ORDERS"), "maxNumAlgoOrders"),
        position_max=optional_number(filters.get("MAX_POSITION", {}), "maxPosition"),
    )


def _bounds(found: Row | None, least: str, most: str, step: str) -> Bounds:
    if found is None:
        return Bounds()
    return Bounds(
        least=optional_number(found, least),
        most=optional_number(found, most),
        step=optional_number(found, step),
    )


def _values(filters: dict[str, Row]) -> tuple[ValueBounds, ...]:
    found = []
    if "NOTIONAL" in filters:
        entry = filters["NOTIONAL"]
        found.append(
            ValueBounds(
                least=optional_number(entry, "minNotional"),
                most=optional_number(entry, "maxNotional"),
                least_at_market=flag(entry, "applyMinToMarket", True),
                most_at_market=flag(entry, "applyMaxToMarket"),
            )
        )
    if "MIN_NOTIONAL" in filters:
        entry = filters["MIN_NOTIONAL"]
        least = optional_number(entry, "minNotional")
        found.append(ValueBounds(least=least, least_at_market=flag(entry, "applyToMarket", True)))
    return tuple(found)


def _bands(filters: dict[str, Row]) -> tuple[PriceBand, ...]:
    found = []
    if "PERCENT_PRICE_BY_SIDE" in filters:
        entry = filters["PERCENT_PRICE_BY_SIDE"]
        found.append(
            PriceBand(
                bid_up=optional_number(entry, "bidMultiplierUp"),
                bid_down=optional_number(entry, "bidMultiplierDown"),
                ask_up=optional_number(entry, "askMultiplierUp"),
                ask_down=optional_number(entry, "askMultiplierDown"),
            )
        )
    if "PERCENT_PRICE" in filters:
        entry = filters["PERCENT_PRICE"]
        up, down = optional_number(entry, "multiplierUp"), optional_number(entry, "multiplierDown")
        found.append(PriceBand(bid_up=up, bid_down=down, ask_up=up, ask_down=down))
    return tuple(found)


def _count(found: Row | None, name: str) -> int:
    return 0 if found is None or name not in found else integer(found, name)


def _instrument(
    symbol: Symbol,
    price: Bounds,
    lot: Bounds,
    market_lot: Bounds,
    values: tuple[ValueBounds, ...],
) -> Instrument:
    """Return what sizing needs: the strictest of the rules that hold for market orders."""
    ends = [bound for bound in (lot.most, market_lot.most) if bound]
    try:
        return Instrument(
            symbol=symbol,
            tick_size=price.step,
            # A step of zero is no rule; the venues that have both make one a multiple.
            step_size=max(lot.step, market_lot.step),
            quantity_min=Quantity(max(lot.least, market_lot.least)),
            quantity_max=Quantity(min(ends)) if ends else UNBOUNDED_QUANTITY,
            notional_min=Notional(
                max([each.least for each in values if each.least_at_market], default=ZERO)
            ),
        )
    except ValidationError as error:
        raise UnreadableAnswer(f"filters: {error.problem}") from None
