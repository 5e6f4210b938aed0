"""What an execution adapter promises; ``docs/reference/ports/execution.md`` says why."""

from __future__ import annotations

from typing import Final

from robson_domain.testing import execution_account_cards as account
from robson_domain.testing import execution_doubt_cards as doubt
from robson_domain.testing import execution_fill_cards as fills
from robson_domain.testing import execution_order_cards as orders
from robson_domain.testing import execution_stop_cards as stops
from robson_domain.testing import holdings_cards as holdings
from robson_domain.testing import lending_cards as lending
from robson_domain.testing.conformance import Card, CardFailed
from robson_domain.testing.execution_harness import ExecutionHarness

__all__ = ["EXECUTION_CARDS", "CardFailed", "ExecutionCard", "ExecutionHarness"]

ExecutionCard = Card[ExecutionHarness]

_DECKS: Final = (orders, fills, stops, doubt, account, holdings, lending)

EXECUTION_CARDS: Final[tuple[ExecutionCard, ...]] = tuple(
    sorted((card for deck in _DECKS for card in deck.DECK.cards), key=str)
)
"""Every card, in the order of their numbers."""
