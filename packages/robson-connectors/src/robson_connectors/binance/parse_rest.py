"""From answers to the domain's words; pure. Nothing here trusts a field it has not looked at."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeVar

import attrs

from robson_connectors.binance.fields import (
    MILLISECOND_NS,
    Json,
    Row,
    UnreadableAnswer,
    exact,
    field,
    flag,
    instant,
    integer,
    items,
    number,
    optional_number,
    optional_text,
    row,
    rows,
    text,
    whole,
)
from robson_connectors.grids import Grids
from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.holdings import (
    AccountTrade,
    RestingKind,
    RestingOrder,
)
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, PriceOrigin, TradeTick
from robson_domain.orders import Fill, LiquiditySide
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Price, Quantity

T = TypeVar("T")

STATUSES: Final[dict[str, ReportStatus]] = {
    "NEW": ReportStatus.ACCEPTED,
    "PENDING_NEW": ReportStatus.ACCEPTED,
    "PARTIALLY_FILLED": ReportStatus.PARTIALLY_FILLED,
    "FILLED": ReportStatus.FILLED,
    "CANCELED": ReportStatus.CANCELED,
    "PENDING_CANCEL": ReportStatus.ACCEPTED,
    "REJECTED": ReportStatus.REJECTED,
    "EXPIRED": ReportStatus.EXPIRED,
    "EXPIRED_IN_MATCH": ReportStatus.EXPIRED,
}
_KINDS: Final[dict[str, RestingKind]] = {
    "LIMIT": RestingKind.LIMIT,
    "LIMIT_MAKER": RestingKind.LIMIT,
    "STOP_LOSS": RestingKind.STOP,
    "STOP_LOSS_LIMIT": RestingKind.STOP_LIMIT,
    "TAKE_PROFIT": RestingKind.TAKE_PROFIT,
    "TAKE_PROFIT_LIMIT": RestingKind.TAKE_PROFIT,
}


def made(build: Callable[[], T]) -> T:
    """Return what ``build`` makes; a value that may not exist makes the answer unreadable."""
    try:
        return build()
    except ValidationError as error:
        raise UnreadableAnswer(f"{error.field} is out of range") from None


def side_of(source: Row) -> OrderSide:
    """Return the side of an order.

    Raises:
        UnreadableAnswer: When it is none.
    """
    name = text(source, "side")
    if name not in (OrderSide.BUY, OrderSide.SELL):
        raise UnreadableAnswer("side is neither BUY nor SELL")
    return OrderSide(name)


def price_of(source: Row, name: str) -> Price | None:
    """Return a price; zero, as the venue writes "none", and a missing one are None."""
    value = optional_number(source, name)
    return made(lambda: Price(value)) if value else None


# --------------------------------------------------------------------------------- orders


@attrs.frozen(kw_only=True)
class OrderState:
    """An order as an answer tells it, whichever answer it was.

    Attributes:
        fills: Executions in the answer itself; only a full answer to a send has them.
        borrowed: What was borrowed for it, None when nothing was.
    """

    symbol: Symbol
    client_order_id: ClientOrderId
    venue_order_id: str
    status: ReportStatus
    filled_qty: Quantity
    fills: tuple[Fill, ...]
    ts_event: int
    borrowed: Decimal | None = None

    def report(self, ts_event: int, ts_received: int, ts_signed: int = 0) -> OrderReport:
        """Return it as a report made at these times, UTC ns."""
        return OrderReport(
            client_order_id=self.client_order_id,
            symbol=self.symbol,
            status=self.status,
            ts_event=ts_event,
            ts_received=ts_received,
            filled_qty=self.filled_qty,
            fills=self.fills,
            venue_order_id=self.venue_order_id,
            ts_signed=ts_signed,
        )


def order_state(content: Json, symbol: Symbol) -> OrderState:
    """Return the order in an answer to a send, a question or a cancel.

    Raises:
        UnreadableAnswer: When the answer is not as documented, or about another pair.
    """
    source = row(content)
    if text(source, "symbol") != symbol:
        raise UnreadableAnswer("it is about another pair")
    # In the answer to a cancel, clientOrderId names the cancel itself.
    name = "origClientOrderId" if source.get("origClientOrderId") else "clientOrderId"
    filled = optional_number(source, "executedQty")
    borrowed = optional_number(source, "marginBuyBorrowAmount")
    return OrderState(
        symbol=symbol,
        client_order_id=ClientOrderId(text(source, name)),
        venue_order_id=text(source, "orderId"),
        status=_status(source),
        filled_qty=made(lambda: Quantity(filled)),
        fills=_fills(source),
        ts_event=instant(source, "transactTime", "updateTime", "time"),
        borrowed=borrowed or None,
    )


def _status(source: Row) -> ReportStatus:
    # The shortest answer to a send acknowledges and says no more.
    name = text(source, "status") if "status" in source else "NEW"
    if name not in STATUSES:
        raise UnreadableAnswer("an order status nobody has documented")
    return STATUSES[name]


def _fills(source: Row) -> tuple[Fill, ...]:
    """Return the executions with their ids; those without one are asked for afterwards."""
    at = instant(source, "transactTime")
    return tuple(
        _fill(each, text(each, "tradeId"), at)
        for each in rows(source.get("fills") or [])
        if each.get("tradeId") is not None
    )


def _fill(source: Row, trade_id: str, ts_event: int) -> Fill:
    # A rebate is no cost; our ledger has no negative commissions.
    commission = max(decimals.ZERO, optional_number(source, "commission"))
    is_maker = flag(source, "isMaker")
    return made(
        lambda: Fill(
            trade_id=TradeId(trade_id),
            price=Price(number(source, "price")),
            quantity=Quantity(number(source, "qty")),
            commission=Quantity(commission),
            commission_asset=optional_text(source, "commissionAsset"),
            liquidity=LiquiditySide.MAKER if is_maker else LiquiditySide.TAKER,
            ts_event=ts_event,
        )
    )


def account_trades(content: Json, symbol: Symbol) -> tuple[AccountTrade, ...]:
    """Return the account's executions on ``symbol``, in trade-id order, without order ids of ours.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    found = [
        (integer(each, "id"), _account_trade(each, symbol))
        for each in rows(content)
        if text(each, "symbol") == symbol
    ]
    return tuple(trade for _, trade in sorted(found, key=lambda pair: pair[0]))


def _account_trade(source: Row, symbol: Symbol) -> AccountTrade:
    is_buyer = field(source, "isBuyer")
    if not isinstance(is_buyer, bool):
        raise UnreadableAnswer("isBuyer is neither true nor false")
    return AccountTrade(
        symbol=symbol,
        side=OrderSide.BUY if is_buyer else OrderSide.SELL,
        fill=_fill(source, text(source, "id"), instant(source, "time")),
        venue_order_id=text(source, "orderId"),
    )


def open_order_rows(content: Json, symbol: Symbol) -> tuple[Row, ...]:
    """Return the open orders of ``symbol`` as the venue tells them, oldest first.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    found = [each for each in rows(content) if text(each, "symbol") == symbol]
    return tuple(sorted(found, key=lambda each: (instant(each, "time"), integer(each, "orderId"))))


def resting_order(source: Row, symbol: Symbol) -> RestingOrder:
    """Return one open order as what rests on the pair.

    Raises:
        UnreadableAnswer: When it is not as documented.
    """
    filled = optional_number(source, "executedQty")
    leaves = decimals.sub(number(source, "origQty"), filled)
    return made(
        lambda: RestingOrder(
            symbol=symbol,
            client_order_id=ClientOrderId(text(source, "clientOrderId")),
            venue_order_id=text(source, "orderId"),
            side=side_of(source),
            kind=_KINDS.get(text(source, "type"), RestingKind.OTHER),
            leaves_qty=Quantity(max(decimals.ZERO, leaves)),
            price=price_of(source, "price"),
            stop_price=price_of(source, "stopPrice"),
            ts_event=instant(source, "time"),
        )
    )


# --------------------------------------------------------------------------------- market


def bars(content: Json, symbol: Symbol, interval: int) -> tuple[Bar, ...]:
    """Return klines of ``interval`` ns as bars, in the order given.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    return tuple(_bar(items(each), symbol, interval) for each in items(content))


def _bar(values: list[Json], symbol: Symbol, interval: int) -> Bar:
    if len(values) < 6:
        raise UnreadableAnswer("a kline with fewer than six values")
    opened = whole(values[0], "open time") * MILLISECOND_NS
    prices = [exact(value, "kline") for value in values[1:6]]
    return made(
        lambda: Bar(
            symbol=symbol,
            ts_open=opened,
            interval=interval,
            open=Price(prices[0]),
            high=Price(prices[1]),
            low=Price(prices[2]),
            close=Price(prices[3]),
            volume=Quantity(prices[4]),
        )
    )


def trade_ticks(content: Json, instrument: Instrument, ts_received: int) -> tuple[TradeTick, ...]:
    """Return aggregated trades as back-filled ticks, in trade-id order.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    # As on the stream: a finer price than was known of counts as the nearest known one.
    grids = Grids(instrument, on_rounded=lambda _: None)
    found = [_tick(each, grids, ts_received) for each in rows(content)]
    return tuple(sorted(found, key=lambda tick: tick.trade_id))


def _tick(source: Row, grids: Grids, ts_received: int) -> TradeTick:
    price, quantity = number(source, "p"), number(source, "q")
    return made(
        lambda: TradeTick(
            symbol=grids.symbol,
            ticks=grids.ticks(decimals.text(price)),
            trade_id=integer(source, "a"),
            ts_event=instant(source, "T"),
            ts_received=ts_received,
            steps=grids.quantity.count(decimals.text(quantity)),
            origin=PriceOrigin.GAP,
        )
    )


def last_price(content: Json) -> Price:
    """Return the price of a ticker.

    Raises:
        UnreadableAnswer: When the answer is not as documented.
    """
    value = number(row(content), "price")
    return made(lambda: Price(value))
