"""From the parameters of a new order to a :class:`NewOrder`, refusing what is malformed."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from tests.binance_exchange.model import NewOrder
from tests.binance_exchange.pairs import PRICED_TYPES, STOP_TYPES
from tests.binance_exchange.wire import ZERO, ApiError, Params, illegal, invalid, missing

AMOUNT: Final = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
CLIENT_ID: Final = "^[a-zA-Z0-9-_]{1,36}$"
_AMOUNT: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_CLIENT_ID: Final = re.compile(r"[a-zA-Z0-9\-_]{1,36}")
TYPES: Final = ("LIMIT", "MARKET", "LIMIT_MAKER", *STOP_TYPES)
SIDE_EFFECTS: Final = ("NO_SIDE_EFFECT", "MARGIN_BUY", "AUTO_REPAY", "AUTO_BORROW_REPAY")
DETAILS: Final = ("ACK", "RESULT", "FULL")
DECIMALS: Final = 8
OPTIONAL: Final = (
    "isIsolated",
    "quantity",
    "quoteOrderQty",
    "price",
    "stopPrice",
    "trailingDelta",
    "timeInForce",
    "icebergQty",
    "newClientOrderId",
    "newOrderRespType",
    "sideEffectType",
    "selfTradePreventionMode",
    "autoRepayAtCancel",
)


def decimal_of(params: Params, name: str) -> Decimal | None:
    """Return an amount, None when it was not sent.

    Raises:
        ApiError: -1100 with an exponent or a sign, -1111 beyond eight decimals, -1102 for zero.
    """
    raw = params.get(name)
    if raw is None:
        return None
    if _AMOUNT.fullmatch(raw) is None:
        raise illegal(name, AMOUNT)
    value = Decimal(raw)
    if -int(value.normalize().as_tuple().exponent) > DECIMALS:
        raise ApiError(-1111, f"Parameter '{name}' has too much precision.")
    if value == 0:
        raise missing(name)
    return value


def client_id_of(params: Params, name: str) -> str | None:
    """Return a client order id, None when it was not sent (-1100 for other characters)."""
    raw = params.get(name)
    if raw is not None and _CLIENT_ID.fullmatch(raw) is None:
        raise illegal(name, CLIENT_ID)
    return raw


def _choice(params: Params, name: str, default: str, legal: tuple[str, ...]) -> str:
    value = params.get(name, default)
    if value not in legal:
        raise invalid(name)
    return value


def detail_of(params: Params) -> str:
    """Return ACK, RESULT or FULL: only MARKET and LIMIT tell all without being asked."""
    default = "FULL" if params.get("type") in ("MARKET", "LIMIT") else "ACK"
    return _choice(params, "newOrderRespType", default, DETAILS)


def _check_shape(params: Params, kind: str) -> None:
    priced, stopped = kind in PRICED_TYPES, kind in STOP_TYPES
    for name, needed in (("price", priced), ("stopPrice", stopped)):
        if needed and name not in params:
            raise missing(name)
        if not needed and name in params:
            raise ApiError(-1106, f"Parameter '{name}' sent when not required.")
    timed = kind in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
    if timed and "timeInForce" not in params:
        raise missing("timeInForce")
    if not timed and "timeInForce" in params:
        raise ApiError(-1106, "Parameter 'timeInForce' sent when not required.")
    if params.get("timeInForce", "GTC") not in ("GTC", "IOC", "FOK"):
        raise ApiError(-1115, "Invalid timeInForce.")
    if "trailingDelta" in params or "icebergQty" in params:
        raise ApiError(-1014, "Unsupported order combination.")


def _check_quantity(params: Params, kind: str) -> None:
    if kind != "MARKET":
        if "quoteOrderQty" in params:
            raise ApiError(-1106, "Parameter 'quoteOrderQty' sent when not required.")
        if "quantity" not in params:
            raise missing("quantity")
    elif ("quantity" in params) == ("quoteOrderQty" in params):
        raise ApiError(
            -1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"
        )


def new_order(params: Params, *, isolated: bool, fresh_id: str) -> NewOrder:
    """Return the order that ``params`` describe; ``fresh_id`` serves when they name none.

    Raises:
        ApiError: -1100 to -1130 for what is malformed, missing or too much.
    """
    side, kind = params["side"], params["type"]
    if side not in ("BUY", "SELL"):
        raise ApiError(-1117, "Invalid side.")
    if kind not in TYPES:
        raise ApiError(-1116, "Invalid orderType.")
    _check_shape(params, kind)
    _check_quantity(params, kind)
    repay = params.get("autoRepayAtCancel", "TRUE").upper()
    if repay not in ("TRUE", "FALSE"):
        raise invalid("autoRepayAtCancel")
    return NewOrder(
        symbol=params["symbol"],
        side=side,
        type=kind,
        isolated=isolated,
        client_id=client_id_of(params, "newClientOrderId") or fresh_id,
        quantity=decimal_of(params, "quantity"),
        quote_quantity=decimal_of(params, "quoteOrderQty"),
        price=decimal_of(params, "price"),
        stop_price=decimal_of(params, "stopPrice"),
        time_in_force=params.get("timeInForce", "GTC"),
        iceberg=ZERO,
        side_effect=_choice(params, "sideEffectType", "NO_SIDE_EFFECT", SIDE_EFFECTS),
        auto_repay_at_cancel=repay == "TRUE",
        stp_mode=_choice(
            params,
            "selfTradePreventionMode",
            "EXPIRE_MAKER",
            ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "NONE"),
        ),
    )
