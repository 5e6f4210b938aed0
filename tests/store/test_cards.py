"""Every store passes every card that is for it."""

from __future__ import annotations

import pytest

from robson_domain.testing.store_cards import STORE_CARDS, StoreCard
from tests.store.harnesses import Harness


@pytest.mark.parametrize("card", STORE_CARDS, ids=str)
async def test_card(card: StoreCard, harness: Harness) -> None:
    if card.fits(harness):
        await card.run(harness)


def test_cards_are_numbered_in_order() -> None:
    numbers = [card.number for card in STORE_CARDS]
    assert numbers == sorted(set(numbers))
    assert all(card.title.endswith(".") for card in STORE_CARDS)
