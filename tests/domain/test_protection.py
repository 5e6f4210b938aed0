"""What may be done about the person's own holdings: words of the log, and exact numbers."""

from __future__ import annotations

import typing
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_domain import (
    ClearWarning,
    CoreSeen,
    Debt,
    DebtReported,
    ExternalSeen,
    HandOver,
    PairRule,
    PersonCommand,
    PlaceVenueStop,
    Quantity,
    RepayDebt,
    SafetyNetMode,
    SetPairRule,
    SetSafetyNet,
    Symbol,
    ValidationError,
    cause_of,
    times_of,
)
from robson_domain.testing import (
    a_core_seen,
    a_debt,
    a_debt_report,
    an_external_seen,
    an_instrument,
    every_command,
    every_input,
)


def test_words_of_the_log_never_change() -> None:
    """Golden: they stand in logs and settings already written."""
    assert [mode.value for mode in SafetyNetMode] == ["observe", "act"]
    assert [rule.value for rule in PairRule] == ["watch", "adopt", "ignore"]


@pytest.mark.parametrize("value", [0.1, 1.0, True, None, "NaN", Decimal("Infinity"), "", "1e30"])
def test_bare_numbers_are_checked_on_the_way_in(value: Any) -> None:
    """What a venue says of holdings and debt becomes part of the log."""
    repay = next(one for one in every_command() if isinstance(one, RepayDebt))
    for made, fields in (
        (a_core_seen(), ("held", "interest")),
        (a_debt_report(), ("amount", "free", "interest")),
        (a_debt(), ("amount", "free", "interest")),
        (repay, ("amount",)),
    ):
        for field in fields:
            with pytest.raises(ValidationError):
                attrs.evolve(typing.cast(Any, made), **{field: value})


def test_whole_numbers_and_text_become_exact() -> None:
    seen, said, debt = a_core_seen(held="-40.0"), a_debt_report(free=3), a_debt(amount="0.10")
    assert (seen.held, said.free, debt.amount) == (Decimal(-40), Decimal(3), Decimal("0.1"))
    assert isinstance(said.free, Decimal)


def test_a_look_that_says_nothing_finds_nothing_to_guard() -> None:
    """Nothing may be closed because an answer was missing."""
    bare = ExternalSeen(
        instrument=an_instrument(), price=an_external_seen().price, ts_event=1, ts_received=2
    )
    assert (bare.side, bare.entry_price, bare.quantity) == (None, None, Quantity(0))
    assert (bare.excluded, bare.own_stop, bare.guard) == ("", False, "")
    assert bare.symbol == Symbol("BTCUSDT")


def test_what_nobody_explains_has_no_price() -> None:
    fields = attrs.fields(CoreSeen)
    assert (fields.price.default, fields.interest.default, fields.evidence.default) == (
        *(None, Decimal(0), ""),
    )
    assert attrs.fields(DebtReported).free.default == Decimal(0), "unknown is nothing to pay with"


def test_looks_have_the_time_of_the_venue() -> None:
    for entry in (an_external_seen(), a_core_seen(), a_debt_report()):
        assert times_of(entry) == (entry.ts_event, entry.ts_received)
        assert entry.ts_event < entry.ts_received


def test_what_the_person_says_is_answered() -> None:
    said = {SetSafetyNet, SetPairRule, HandOver, ClearWarning}
    assert said <= set(typing.get_args(PersonCommand))
    for entry in every_input():
        if type(entry) in said:
            assert cause_of(entry).startswith("command:command-")


def test_another_robson_is_cleared_without_a_pair() -> None:
    assert ClearWarning(command_id="c", symbol=None, ts_received=1).symbol is None


def test_the_port_and_the_input_tell_the_same_of_a_debt() -> None:
    """Whoever turns one into the other drops nothing."""
    port = {field.name for field in attrs.fields(Debt)}
    assert port | {"position_id"} == {field.name for field in attrs.fields(DebtReported)}


def test_a_venue_stop_is_placed_by_an_intent_that_says_where_it_waits() -> None:
    placed = [one for one in every_command() if isinstance(one, PlaceVenueStop)]
    assert [one.intent.kind.value for one in placed] == ["VENUE_STOP"]
    assert all(one.intent.stop_price for one in placed)
