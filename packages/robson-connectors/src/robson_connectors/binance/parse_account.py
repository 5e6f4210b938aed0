"""From answers about the account to the domain's words; pure."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_connectors.binance.fields import (
    Json,
    Row,
    field,
    flag,
    instant,
    integer,
    number,
    optional_number,
    optional_text,
    row,
    rows,
    text,
)
from robson_connectors.binance.parse_rest import made, price_of, side_of
from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.holdings import AssetBalance, PairBalances
from robson_domain.symbols import OrderSide, Symbol


def pair_balances(entry: Json, ts_event: int, ts_received: int) -> PairBalances | None:
    """Return one pair of the isolated account; None when Robson has no name for the pair.

    Raises:
        UnreadableAnswer: When it is not as documented.
    """
    source = row(entry)
    base, quote = row(field(source, "baseAsset")), row(field(source, "quoteAsset"))
    symbol = _symbol(text(source, "symbol"), text(base, "asset"), text(quote, "asset"))
    if symbol is None:
        return None
    level = optional_number(source, "marginLevel")
    return PairBalances(
        symbol=symbol,
        base=_balance(base),
        quote=_balance(quote),
        index_price=price_of(source, "indexPrice"),
        liquidation_price=price_of(source, "liquidatePrice"),
        margin_level=level or None,
        is_tradable=flag(source, "enabled", True) and flag(source, "tradeEnabled", True),
        ts_event=ts_event,
        ts_received=ts_received,
    )


def _symbol(name: str, base: str, quote: str) -> Symbol | None:
    try:
        symbol = Symbol(name)
    except ValidationError:
        return None
    return symbol if (symbol.base, symbol.quote) == (base, quote) else None


def _balance(source: Row) -> AssetBalance:
    return made(
        lambda: AssetBalance(
            asset=text(source, "asset"),
            free=number(source, "free"),
            locked=number(source, "locked"),
            borrowed=number(source, "borrowed"),
            interest=number(source, "interest"),
        )
    )


@attrs.frozen
class Tier:
    """One tier of a pair's leverage.

    Attributes:
        level: 1 for the smallest positions.
        leverage: Largest notional ÷ collateral.
        liquidation_level: Assets ÷ debt at which the venue liquidates.
    """

    level: int
    leverage: Decimal
    liquidation_level: Decimal
    base_max: Decimal
    quote_max: Decimal


def tiers(content: Json) -> tuple[Tier, ...]:
    """Return the tiers, lowest first.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    found = [
        Tier(
            integer(each, "tier"),
            number(each, "effectiveMultiple"),
            number(each, "liquidationRiskRatio"),
            number(each, "baseAssetMaxBorrowable"),
            number(each, "quoteAssetMaxBorrowable"),
        )
        for each in rows(content)
    ]
    return tuple(sorted(found, key=lambda tier: tier.level))


@attrs.frozen
class PairData:
    """Leverage of a pair and what may be borrowed, by asset."""

    leverage: Decimal
    daily_interest: dict[str, Decimal]
    borrow_limit: dict[str, Decimal]


def pair_data(content: Json, symbol: Symbol) -> PairData | None:
    """Return the terms of ``symbol``, None when it is not among them.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    for each in rows(content):
        if text(each, "symbol") == symbol:
            coins = rows(field(each, "data"))
            return PairData(
                number(each, "leverage"),
                {text(coin, "coin"): number(coin, "dailyInterest") for coin in coins},
                {text(coin, "coin"): number(coin, "borrowLimit") for coin in coins},
            )
    return None


def max_borrowable(content: Json) -> Decimal:
    """Return what can be borrowed now, never below zero.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    return max(decimals.ZERO, number(row(content), "amount"))


@attrs.frozen(kw_only=True)
class KeyRights:
    """What the key may do."""

    is_ip_restricted: bool
    can_withdraw: bool
    can_transfer: bool
    can_read: bool
    can_trade: bool
    can_borrow: bool
    expires_at: int


def key_rights(content: Json) -> KeyRights:
    """Return the rights of the key.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    source = row(content)
    # A right that is not mentioned counts as given where it endangers, as missing where needed.
    transfers = ("permitsUniversalTransfer", "enableInternalTransfer")
    return KeyRights(
        is_ip_restricted=flag(source, "ipRestrict"),
        can_withdraw=flag(source, "enableWithdrawals", True),
        can_transfer=any(flag(source, name, True) for name in transfers),
        can_read=flag(source, "enableReading"),
        can_trade=flag(source, "enableSpotAndMarginTrading"),
        can_borrow=flag(source, "enableMargin"),
        expires_at=instant(source, "tradingAuthorityExpirationTime"),
    )


@attrs.frozen(kw_only=True)
class Liquidation:
    """A position the venue closed by force."""

    venue_order_id: str
    side: OrderSide
    quantity: Decimal
    average_price: Decimal
    ts_event: int


def liquidations(content: Json, symbol: Symbol) -> tuple[Liquidation, ...]:
    """Return the forced liquidations of ``symbol``, oldest first.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    found = [
        Liquidation(
            venue_order_id=text(each, "orderId"),
            side=side_of(each),
            quantity=number(each, "executedQty"),
            average_price=number(each, "avgPrice"),
            ts_event=instant(each, "updatedTime"),
        )
        for each in rows(field(row(content), "rows"))
        if text(each, "symbol") == symbol
    ]
    return tuple(sorted(found, key=lambda each: each.ts_event))


@attrs.frozen(kw_only=True)
class InterestCharge:
    """Interest the venue booked."""

    asset: str
    amount: Decimal
    kind: str
    ts_event: int


def interest(content: Json) -> tuple[InterestCharge, ...]:
    """Return the charges, oldest first.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    found = [
        InterestCharge(
            asset=text(each, "asset"),
            amount=number(each, "interest"),
            kind=optional_text(each, "type"),
            # The venue spells it this way; both spellings are read.
            ts_event=instant(each, "interestAccuredTime", "interestAccruedTime"),
        )
        for each in rows(field(row(content), "rows"))
    ]
    return tuple(sorted(found, key=lambda each: each.ts_event))
