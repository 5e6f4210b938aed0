"""The ledger: days are UTC days, and equity is what was put in plus what came out."""

from __future__ import annotations

import typing
from typing import Any

import pytest
from hypothesis import given

from robson_domain import (
    DAY_NS,
    Ledger,
    Money,
    PairRule,
    RiskLimits,
    SafetyNetMode,
    Symbol,
    codec,
)
from robson_domain.testing import a_ledger, strategies

MIDNIGHT = 20_000 * DAY_NS


def test_opening_has_nothing_realized() -> None:
    ledger = Ledger.opening(Money(10_000))
    assert ledger.equity == ledger.peak_equity == ledger.capital == Money(10_000)
    assert ledger.realized_on(0) == Money(0)
    assert (ledger.entries, ledger.sequence) == ((), 0)


def test_opening_has_the_plain_limits_unless_others_are_given() -> None:
    assert Ledger.opening(Money(1)).limits == RiskLimits()
    one = RiskLimits(max_open_positions=1)
    assert Ledger.opening(Money(1), one).limits == one


def test_a_ledger_stored_before_limits_were_logged_has_the_plain_ones() -> None:
    stored = typing.cast(dict[str, Any], codec.encode(a_ledger()))
    del stored["limits"]
    assert codec.decode(stored, Ledger) == a_ledger()


def test_a_ledger_stored_before_the_safety_net_only_observes() -> None:
    stored = typing.cast(dict[str, Any], codec.encode(a_ledger()))
    for name in ("safety_net", "rules", "quarantined", "another_robson"):
        del stored[name]
    assert codec.decode(stored, Ledger) == a_ledger()
    assert a_ledger().safety_net is SafetyNetMode.OBSERVE


def test_a_pair_without_a_rule_is_watched() -> None:
    rules = ((Symbol("BTCUSDT"), PairRule.ADOPT), (Symbol("ETHUSDT"), PairRule.IGNORE))
    ledger = a_ledger(rules=rules)
    assert ledger.rule_of(Symbol("BTCUSDT")) is PairRule.ADOPT
    assert ledger.rule_of(Symbol("ETHUSDT")) is PairRule.IGNORE
    assert ledger.rule_of(Symbol("SOLUSDT")) is PairRule.WATCH
    assert a_ledger().rule_of(Symbol("BTCUSDT")) is PairRule.WATCH


@given(strategies.money(), strategies.money())
def test_equity_is_capital_plus_what_was_realized(capital: Money, realized: Money) -> None:
    assert Ledger(capital=capital, peak_equity=capital, realized_total=realized).equity == (
        capital + realized
    )


@pytest.mark.parametrize(
    ("ts", "realized"),
    [
        (MIDNIGHT - 1, 0),
        (MIDNIGHT, -75),
        (MIDNIGHT + 1, -75),
        (MIDNIGHT + DAY_NS - 1, -75),
        (MIDNIGHT + DAY_NS, 0),
        (0, 0),
    ],
)
def test_a_day_begins_and_ends_at_midnight_utc(ts: int, realized: int) -> None:
    ledger = a_ledger(day=20_000, realized_today=Money(-75), realized_total=Money(-300))
    assert ledger.realized_on(ts) == Money(realized)


def test_a_day_has_its_nanoseconds() -> None:
    assert DAY_NS == 24 * 60 * 60 * 10**9
