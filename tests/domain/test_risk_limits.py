"""Limits of the risk gate: exact, above zero, refused by name."""

from __future__ import annotations

import typing
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from robson_domain import RiskLimits, Symbol, ValidationError, codec
from robson_domain.testing import strategies

SHARES = ("daily_loss_fraction", "total_risk_fraction", "drawdown_fraction", "notional_multiple")
OFF = ("max_budget_per_symbol_pct", "max_position_size_usd", "disaster_stop")
COUNTS = ("max_open_positions", "entries_per_minute")


def limits(field: str, value: Any) -> RiskLimits:
    return RiskLimits(**typing.cast(Any, {field: value}))


@pytest.mark.parametrize("field", [*SHARES, *OFF])
@pytest.mark.parametrize("value", ["0", "-1", "NaN", "", 0.5, True])
def test_what_is_no_exact_number_above_zero_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        limits(field, value)
    assert refused.value.field == field


@pytest.mark.parametrize("field", COUNTS)
@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused_by_name(field: str, count: int) -> None:
    with pytest.raises(ValidationError) as refused:
        limits(field, count)
    assert refused.value.field == field


@pytest.mark.parametrize("field", [*SHARES, *OFF])
def test_numbers_are_exact_whatever_they_were_written_as(field: str) -> None:
    """A multiple of the whole is allowed: it is how research lifts a limit."""
    for value in ("0.00000001", 3, Decimal("100.50")):
        found = getattr(limits(field, value), field)
        assert isinstance(found, Decimal)
        assert found == Decimal(value)


def test_what_may_be_off_is_off() -> None:
    plain = RiskLimits()
    assert [getattr(plain, field) for field in OFF] == [None] * len(OFF)
    assert plain.symbols_allowed is None
    assert all(getattr(limits(field, 1), field) == 1 for field in COUNTS)


@given(strategies.risk_limits())
def test_limits_read_back_equal(drawn: RiskLimits) -> None:
    assert codec.decode(codec.loads(codec.dumps(drawn)), RiskLimits) == drawn


def test_equal_limits_have_equal_text() -> None:
    one = RiskLimits(drawdown_fraction=Decimal("0.10"), symbols_allowed=(Symbol("BTCUSDT"),))
    other = RiskLimits(drawdown_fraction=Decimal("0.1"), symbols_allowed=(Symbol("BTCUSDT"),))
    assert one == other
    assert codec.dumps(one) == codec.dumps(other)
