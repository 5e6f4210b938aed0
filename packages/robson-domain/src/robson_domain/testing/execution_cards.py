"""What an execution adapter promises; ``docs/reference/ports/execution.md`` says why."""

from __future__ import annotations

from typing import Final

from robson_domain.testing import execution_fill_cards as fills
from robson_domain.testing import execution_order_cards as orders
from robson_domain.testing import execution_stop_cards as stops
from robson_domain.testing.conformance import Card, CardFailed
from robson_domain.testing.execution_harness import ExecutionHarness

__all__ = ["EXECUTION_CARDS", "CardFailed", "ExecutionCard", "ExecutionHarness"]

ExecutionCard = Card[ExecutionHarness]

EXECUTION_CARDS: Final[tuple[ExecutionCard, ...]] = tuple(
    sorted((*orders.DECK.cards, *fills.DECK.cards, *stops.DECK.cards), key=str)
)
"""Every card, in the order of their numbers."""
