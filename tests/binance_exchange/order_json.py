"""Orders in the shapes of the REST answers."""

from __future__ import annotations

from decimal import Decimal

from tests.binance_exchange.model import Fill, Order
from tests.binance_exchange.wire import Json, amount


def _price(value: Decimal | None) -> str:
    return amount(value or Decimal(0))


def queried(order: Order) -> Json:
    """Return ``order`` as the query, the open orders and all orders give it."""
    ask = order.ask
    return {
        "clientOrderId": ask.client_id,
        "cummulativeQuoteQty": amount(order.quote_executed),
        "executedQty": amount(order.executed),
        "icebergQty": amount(ask.iceberg),
        "isWorking": order.working,
        "orderId": order.id,
        "origQty": amount(order.quantity),
        "price": _price(ask.price),
        "side": ask.side,
        "status": order.status,
        "stopPrice": _price(ask.stop_price),
        "symbol": ask.symbol,
        "isIsolated": ask.isolated,
        "time": order.time,
        "timeInForce": ask.time_in_force,
        "type": ask.type,
        "selfTradePreventionMode": ask.stp_mode,
        "updateTime": order.updated,
    }


def placed(order: Order, detail: str) -> Json:
    """Return the answer to a new order: ``detail`` is ACK, RESULT or FULL."""
    ask = order.ask
    found = {
        "symbol": ask.symbol,
        "orderId": order.id,
        "clientOrderId": ask.client_id,
        "transactTime": order.updated,
        "isIsolated": ask.isolated,
    }
    if detail == "ACK":
        return found
    found |= {
        "price": _price(ask.price),
        "origQty": amount(order.quantity),
        "executedQty": amount(order.executed),
        "cummulativeQuoteQty": amount(order.quote_executed),
        "status": order.status,
        "timeInForce": ask.time_in_force,
        "type": ask.type,
        "side": ask.side,
        "selfTradePreventionMode": ask.stp_mode,
    }
    if detail == "FULL":
        if order.borrowed:
            found["marginBuyBorrowAmount"] = _number(order.borrowed)
            found["marginBuyBorrowAsset"] = order.borrow_asset
        found["fills"] = [_filled(fill) for fill in order.fills]
    return found


def _number(value: Decimal) -> Json:
    """Return a JSON number: this one amount is not a string in the order's answer."""
    return int(value) if value == value.to_integral_value() else float(value)


def _filled(fill: Fill) -> Json:
    return {
        "price": amount(fill.price),
        "qty": amount(fill.quantity),
        "commission": amount(fill.commission),
        "commissionAsset": fill.commission_asset,
        "tradeId": fill.trade_id,
    }


def canceled(order: Order, cancel_id: str) -> Json:
    """Return the answer to a cancel; its order id is a string."""
    ask = order.ask
    return {
        "symbol": ask.symbol,
        "isIsolated": ask.isolated,
        "orderId": str(order.id),
        "origClientOrderId": ask.client_id,
        "clientOrderId": cancel_id,
        "price": _price(ask.price),
        "origQty": amount(order.quantity),
        "executedQty": amount(order.executed),
        "cummulativeQuoteQty": amount(order.quote_executed),
        "status": order.status,
        "timeInForce": ask.time_in_force,
        "type": ask.type,
        "side": ask.side,
    }


def swept(order: Order, cancel_id: str) -> Json:
    """Return one item of the answer to cancel-all."""
    return canceled(order, cancel_id) | {
        "orderId": order.id,
        "orderListId": -1,
        "selfTradePreventionMode": order.ask.stp_mode,
    }


def traded(fill: Fill) -> Json:
    """Return ``fill`` as ``myTrades`` gives it."""
    return {
        "commission": amount(fill.commission),
        "commissionAsset": fill.commission_asset,
        "id": fill.trade_id,
        "isBestMatch": True,
        "isBuyer": fill.side == "BUY",
        "isMaker": fill.maker,
        "orderId": fill.order_id,
        "price": amount(fill.price),
        "qty": amount(fill.quantity),
        "symbol": fill.symbol,
        "isIsolated": fill.isolated,
        "time": fill.time,
    }
