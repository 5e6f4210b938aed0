"""What the account holds: sums and refusals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson_domain import AssetBalance, ValidationError


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
