"""Denials: every code has a meaning, and the list is the documentation's source."""

from __future__ import annotations

import re

import pytest

from robson_domain import DENIAL_MEANINGS, Denial, DenialCode

PROMISED = [
    *("DISTANCE_OUT_OF_RANGE", "SIGNAL_MISMATCH", "SIGNAL_ALREADY_USED", "STALE_SIGNAL"),
    *("ANOTHER_ROBSON", "PAIR_QUARANTINED"),
    *("PRICE_MOVED", "COSTS_EAT_RISK", "TOO_SMALL_TO_EXIT", "LIQUIDATION_BEFORE_STOP"),
    *("COLLATERAL_SHORT", "BORROW_SHORT", "PAIR_NOT_FLAT"),
]


def test_every_code_means_something() -> None:
    assert list(DENIAL_MEANINGS) == list(DenialCode)
    assert len(set(DENIAL_MEANINGS.values())) == len(DenialCode)


@pytest.mark.parametrize("code", DenialCode)
def test_codes_are_written_as_they_are_named(code: DenialCode) -> None:
    assert code.value == code.name
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", code)
    meaning = DENIAL_MEANINGS[code]
    assert meaning == meaning.strip().rstrip(".")


def test_promised_codes_are_there_in_the_order_they_are_checked() -> None:
    assert [code.value for code in DenialCode][: len(PROMISED)] == PROMISED


def test_a_denial_is_a_code_and_a_sentence() -> None:
    denial = Denial(DenialCode.STALE_SIGNAL, "2.1 s passed")
    assert (denial.code, denial.message) == ("STALE_SIGNAL", "2.1 s passed")
