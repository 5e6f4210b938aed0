"""An account snapshot holds exact numbers or does not exist."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson_domain import AccountSnapshot, Notional, Quantity, Symbol, ValidationError
from robson_domain.testing import an_account


@pytest.mark.parametrize("field", ["net_qty", "taker_fee_rate", "liquidation_level"])
@pytest.mark.parametrize("value", [0.1, 1.0, True, None, "NaN", Decimal("Infinity"), "", "1e30"])
def test_bare_numbers_are_checked_on_the_way_in(field: str, value: Any) -> None:
    """What a venue sends becomes part of the log; a number that cannot be stored must not."""
    with pytest.raises(ValidationError):
        an_account(**{field: value})


def test_whole_numbers_and_text_become_exact() -> None:
    account = an_account(net_qty=-3, taker_fee_rate="0.00100")
    assert (account.net_qty, account.taker_fee_rate) == (Decimal(-3), Decimal("0.001"))
    assert isinstance(account.net_qty, Decimal)


def test_nothing_known_is_nothing_held_and_nothing_lent() -> None:
    """Missing answers must never look like room for a position."""
    bare = AccountSnapshot(symbol=Symbol("BTCUSDT"), ts_event=1, ts_received=2)
    assert (bare.collateral, bare.borrowable_quote, bare.debt_quote) == (Notional(0),) * 3
    assert (bare.borrowable_base, bare.debt_base) == (Quantity(0),) * 2
    assert (bare.leverage_max, bare.open_orders) == (1, 0)
    assert not bare.lends
    assert bare.liquidation_level == Decimal("1.05")
