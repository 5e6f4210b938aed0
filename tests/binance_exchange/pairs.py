"""What a pair is: its filters, tiers and rates, and the checks that the filters mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from tests.binance_exchange.wire import ZERO, ApiError, Json, amount, filter_failure

STOP_TYPES: Final = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
PRICED_TYPES: Final = ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
INDEX_BAND: Final = Decimal("0.15")
OFFERED: Final = ("LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
"""Order types of a pair by default: in captures, market stops are the exception."""


@attrs.frozen(kw_only=True)
class Pair:
    """One pair. Amounts are in base (``*_qty``) or quote (``*_notional``, prices)."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    max_qty: Decimal = Decimal(9000)
    market_max_qty: Decimal = Decimal(150)
    min_notional: Decimal = Decimal(5)
    max_notional: Decimal = Decimal(9_000_000)
    multiplier_up: Decimal = Decimal(5)
    multiplier_down: Decimal = Decimal("0.2")
    order_types: tuple[str, ...] = OFFERED
    margin_allowed: bool = True
    status: str = "TRADING"
    max_orders: int = 200
    max_algo_orders: int = 5
    leverage: Decimal = Decimal(10)
    initial_ratio: Decimal = Decimal("1.111")
    liquidation_ratio: Decimal = Decimal("1.05")
    base_daily_interest: Decimal = Decimal("0.00026125")
    quote_daily_interest: Decimal = Decimal("0.000475")
    base_borrow_limit: Decimal = Decimal(9)
    quote_borrow_limit: Decimal = Decimal(70_000)

    def daily_interest(self, asset: str) -> Decimal:
        """Return the daily rate of ``asset`` in this pair."""
        return self.base_daily_interest if asset == self.base else self.quote_daily_interest

    def borrow_limit(self, asset: str) -> Decimal:
        """Return the most of ``asset`` the tier lends."""
        return self.base_borrow_limit if asset == self.base else self.quote_borrow_limit

    def info(self) -> Json:
        """Return the pair as in ``exchangeInfo``."""
        return {
            "symbol": self.symbol,
            "status": self.status,
            "baseAsset": self.base,
            "baseAssetPrecision": 8,
            "quoteAsset": self.quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": list(self.order_types),
            "icebergAllowed": True,
            "ocoAllowed": True,
            "otoAllowed": True,
            "quoteOrderQtyMarketAllowed": True,
            "allowTrailingStop": True,
            "cancelReplaceAllowed": True,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": self.margin_allowed,
            "filters": self.filters(),
            "permissions": [],
            "permissionSets": [["SPOT", "MARGIN"]],
            "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
            "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
        }

    def filters(self) -> list[Json]:
        """Return the filters; ``MARKET_LOT_SIZE`` carries zeros, as the real one does."""
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": amount(self.tick),
                "maxPrice": "1000000.00000000",
                "tickSize": amount(self.tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": amount(self.min_qty),
                "maxQty": amount(self.max_qty),
                "stepSize": amount(self.step),
            },
            {"filterType": "ICEBERG_PARTS", "limit": 10},
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": amount(ZERO),
                "maxQty": amount(self.market_max_qty),
                "stepSize": amount(ZERO),
            },
            {
                "filterType": "TRAILING_DELTA",
                "minTrailingAboveDelta": 10,
                "maxTrailingAboveDelta": 2000,
                "minTrailingBelowDelta": 10,
                "maxTrailingBelowDelta": 2000,
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(self.multiplier_up),
                "bidMultiplierDown": str(self.multiplier_down),
                "askMultiplierUp": str(self.multiplier_up),
                "askMultiplierDown": str(self.multiplier_down),
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": amount(self.min_notional),
                "applyMinToMarket": True,
                "maxNotional": amount(self.max_notional),
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": self.max_orders},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": self.max_algo_orders},
        ]

    def check_price(self, price: Decimal) -> None:
        """Refuse a price off the grid."""
        if price < self.tick or price > 1_000_000 or price % self.tick != 0:
            raise filter_failure("PRICE_FILTER")

    def check_band(self, price: Decimal, average: Decimal) -> None:
        """Refuse a price far from the average of the last minutes, or from the index."""
        low, high = average * self.multiplier_down, average * self.multiplier_up
        if not low <= price <= high:
            raise filter_failure("PERCENT_PRICE_BY_SIDE")

    def check_index(self, price: Decimal, index: Decimal) -> None:
        """Refuse a limit price more than 15 % off the index: margin alone has this rule."""
        if abs(price - index) > index * INDEX_BAND:
            raise ApiError(-3064, "The limit price exceeds 15% of the index price.")

    def check_quantity(self, quantity: Decimal, *, market: bool) -> None:
        """Refuse a quantity off the grid or out of range."""
        if not self.min_qty <= quantity <= self.max_qty or quantity % self.step != 0:
            raise filter_failure("LOT_SIZE")
        if market and quantity > self.market_max_qty:
            raise filter_failure("MARKET_LOT_SIZE")

    def check_notional(self, value: Decimal, *, market: bool, code: int = -1013) -> None:
        """Refuse an order worth too little, or too much when it carries a price."""
        if value < self.min_notional or (not market and value > self.max_notional):
            raise ApiError(code, "Filter failure: NOTIONAL")


def default_pairs() -> tuple[Pair, ...]:
    """Return two pairs in the shape of the two most traded ones."""
    return (
        Pair(
            symbol="BTCUSDT",
            base="BTC",
            quote="USDT",
            tick=Decimal("0.01"),
            step=Decimal("0.00001"),
            min_qty=Decimal("0.00001"),
        ),
        Pair(
            symbol="ETHUSDT",
            base="ETH",
            quote="USDT",
            tick=Decimal("0.01"),
            step=Decimal("0.0001"),
            min_qty=Decimal("0.0001"),
            market_max_qty=Decimal(3000),
            base_borrow_limit=Decimal(150),
            base_daily_interest=Decimal("0.0002"),
        ),
    )
