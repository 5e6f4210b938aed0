"""What the venue says about the account, per pair."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import decimals
from robson_domain.symbols import Symbol
from robson_domain.values import Notional, Quantity


@attrs.frozen(kw_only=True)
class AccountSnapshot:
    """State of one pair of the account at one moment.

    Attributes:
        ts_event: Venue time of the snapshot, UTC ns.
        ts_received: Our receive time, UTC ns.
        net_qty: Held minus owed base asset, signed.
        debt_base: Owed base asset with interest.
        debt_quote: Owed quote asset with interest.
        open_orders: Orders working on the pair.
        collateral: What may back new positions on the pair, quote currency.
        borrowable_base: Base asset that can be borrowed now (a short sells it).
        borrowable_quote: Quote asset that can be borrowed now (a long spends it).
        taker_fee_rate: Commission of a market order, ratio of the traded amount.
        commission_in_base: Whether buys pay commission in base (the received) asset.
        leverage_max: Largest notional ÷ collateral the pair's tier allows.
        liquidation_level: Assets ÷ debt at which the venue liquidates (above 1).
        lends: Whether positions on the pair may owe the venue, so that their end is only settled
            when nothing is owed any more.
        reserves: Whether an order that rests to sell keeps what it sells from every other order,
            so that the venue itself cannot sell it twice.
    """

    symbol: Symbol
    ts_event: int
    ts_received: int
    net_qty: Decimal = attrs.field(default=Decimal(0), converter=decimals.exact)
    debt_base: Quantity = Quantity(0)
    debt_quote: Notional = Notional(0)
    open_orders: int = 0
    collateral: Notional = Notional(0)
    borrowable_base: Quantity = Quantity(0)
    borrowable_quote: Notional = Notional(0)
    taker_fee_rate: Decimal = attrs.field(default=Decimal(0), converter=decimals.exact)
    commission_in_base: bool = False
    leverage_max: int = 1
    liquidation_level: Decimal = attrs.field(default=Decimal("1.05"), converter=decimals.exact)
    lends: bool = False
    reserves: bool = False
