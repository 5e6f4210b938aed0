"""Tick and step sizes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson_connectors.recording import WELL_KNOWN, infer_sizes, instrument_for
from robson_domain.errors import ValidationError
from robson_domain.symbols import Symbol
from robson_domain.values import Notional

BTC, PEPE = Symbol("BTCUSDT"), Symbol("PEPEUSDT")


def test_well_known_pairs_need_no_sizes() -> None:
    rules = instrument_for(BTC)
    assert (rules.tick_size, rules.step_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert rules.notional_min == Notional(5)
    assert all(found.symbol == symbol for symbol, found in WELL_KNOWN.items())


def test_given_sizes_win() -> None:
    rules = instrument_for(BTC, tick_size="0.1")
    assert (rules.tick_size, rules.step_size) == (Decimal("0.1"), Decimal("0.00001"))
    rules = instrument_for(PEPE, "0.00000001", Decimal(1))
    assert (rules.tick_size, rules.step_size) == (Decimal("0.00000001"), Decimal(1))
    assert instrument_for(Symbol("SOLEUR"), "1", "1").notional_min == Notional(0)


@pytest.mark.parametrize("given", [(None, None), ("0.01", None), (None, "0.01")])
def test_nothing_is_guessed(given: tuple[str | None, str | None]) -> None:
    with pytest.raises(ValidationError, match="pass --tick-size and --step-size"):
        instrument_for(PEPE, *given)


@pytest.mark.parametrize("wrong", ["0", "-1", "x"])
def test_sizes_are_above_zero(wrong: str) -> None:
    with pytest.raises(ValidationError, match="tick_size"):
        instrument_for(PEPE, wrong, "1")


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        (["61837.63000000", "61837.6", "5"], "0.01"),
        (["100", "250"], "1"),
        (["0.00000100"], "0.000001"),
        ([], "1"),
    ],
)
def test_a_hint_for_people(numbers: list[str], size: str) -> None:
    assert infer_sizes(numbers) == Decimal(size)


def test_a_hint_from_what_is_no_number() -> None:
    with pytest.raises(ValidationError):
        infer_sizes(["1.0", "high"])
