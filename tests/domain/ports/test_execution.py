"""Sending is the one thing that is never repeated; all questions may be."""

from __future__ import annotations

from robson_domain import ExecutionPort
from robson_domain.testing import a_new_order, an_intent
from tests.domain.ports.shape import asynchronous, duties


def test_only_sending_may_not_be_repeated() -> None:
    """Reading the duties is how an adapter's author learns it."""
    said = duties(ExecutionPort)
    assert "Not idempotent" in said["submit"]
    for name in asynchronous(ExecutionPort) - {"submit"}:
        assert "idempotent" in said[name].lower(), name


def test_sending_and_canceling_may_end_in_doubt() -> None:
    said = duties(ExecutionPort)
    doubtful = {name for name, duty in said.items() if "InDoubtError" in duty}
    assert doubtful == {"submit", "cancel"}


def test_no_answer_is_never_an_empty_answer() -> None:
    said = duties(ExecutionPort)
    for name in ("open_orders", "fills_since"):
        assert "never an empty tuple instead" in said[name]


def test_an_order_is_sent_as_it_was_recorded() -> None:
    order, intent = a_new_order(), an_intent()
    assert (order.client_order_id, order.symbol, order.side, order.quantity) == (
        *(intent.client_order_id, intent.symbol, intent.side, intent.quantity),
    )
    assert order.stop_price is intent.stop_price is None
