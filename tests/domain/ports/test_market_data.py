"""Prices arrive by callback, without a queue or a task in between."""

from __future__ import annotations

from robson_domain import MarketDataPort
from tests.domain.ports.shape import asynchronous, duties


def test_subscribing_waits_for_nothing() -> None:
    """An adapter that must await here would let the first trades pass unseen."""
    assert {"subscribe", "unsubscribe"}.isdisjoint(asynchronous(MarketDataPort))


def test_every_question_may_be_repeated() -> None:
    said = duties(MarketDataPort)
    for name in asynchronous(MarketDataPort):
        assert "idempotent" in said[name].lower(), name
