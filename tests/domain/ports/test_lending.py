"""Paying back is never repeated in doubt: the debt is asked for instead."""

from __future__ import annotations

from robson_domain import HoldingsPort, LendingPort
from tests.domain.ports.shape import asynchronous, duties


def test_asking_may_be_repeated_and_paying_may_not() -> None:
    said = duties(LendingPort)
    assert "Idempotent." in said["debt"]
    assert "Not idempotent" in said["repay"]
    assert asynchronous(LendingPort) == {"debt", "repay"}


def test_only_paying_can_end_in_doubt() -> None:
    doubtful = {name for name, duty in duties(LendingPort).items() if "InDoubtError" in duty}
    assert doubtful == {"repay"}


def test_hints_wait_for_nobody() -> None:
    """A pushed account update must not queue behind whoever listens."""
    assert "subscribe_hints" not in asynchronous(HoldingsPort)
    assert "does not block" in duties(HoldingsPort)["subscribe_hints"]
