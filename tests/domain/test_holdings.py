"""What the account holds: sums and refusals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson_domain import (
    AccountTrade,
    AssetBalance,
    OrderSide,
    RestingKind,
    Symbol,
    ValidationError,
    position_ref,
)
from robson_domain.testing import a_fill


def test_what_is_held_owed_and_left() -> None:
    balance = AssetBalance(asset="BTC", free="0.3", locked="0.2", borrowed="0.7", interest="0.01")
    assert balance.held == Decimal("0.5")
    assert balance.debt == Decimal("0.71")
    assert balance.net == Decimal("-0.21")


@pytest.mark.parametrize("field", ["free", "locked", "borrowed", "interest"])
def test_no_amount_below_zero(field: str) -> None:
    with pytest.raises(ValidationError, match=f"{field}: must not be below zero"):
        AssetBalance(asset="BTC", **{field: Decimal("-0.1")})


def test_no_binary_floats() -> None:
    with pytest.raises(ValidationError, match="amount"):
        AssetBalance(asset="BTC", free=0.1)  # type: ignore[arg-type]


def test_a_position_is_called_by_the_order_that_opened_it() -> None:
    """Golden: core's first fill and the account's own trades must name it alike."""
    pair = Symbol("BTCUSDT")
    trade = AccountTrade(symbol=pair, side=OrderSide.BUY, fill=a_fill(), venue_order_id="4711")
    assert trade.position_ref == position_ref(Symbol("btc/usdt"), "4711") == "BTCUSDT:4711"
    assert position_ref(Symbol("BTCUSDC"), "4711") != trade.position_ref, "ids are per pair"


def test_words_for_resting_orders() -> None:
    assert [kind.value for kind in RestingKind] == [
        *("limit", "stop", "stop_limit", "take_profit", "other"),
    ]
