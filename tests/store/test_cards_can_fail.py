"""The cards catch every planted bug, and no card is idle."""

from __future__ import annotations

import pytest

from robson_domain import StoreError
from robson_domain.testing.store_cards import STORE_CARDS, CardFailed, StoreCard
from tests.store.bugs import BUGS
from tests.store.kept_store import KeptHarness, KeptStore

_CARDS = {card.number: card for card in STORE_CARDS}


@pytest.mark.parametrize("card", STORE_CARDS, ids=str)
async def test_store_without_a_bug_passes(card: StoreCard) -> None:
    """Else a failure below would say nothing."""
    await card.run(KeptHarness(KeptStore))


@pytest.mark.parametrize(("bug", "number"), BUGS, ids=lambda value: getattr(value, "__name__", ""))
async def test_bug_is_caught(bug: type[KeptStore], number: int) -> None:
    with pytest.raises((CardFailed, StoreError)):
        await _CARDS[number].run(KeptHarness(bug))


def test_every_card_catches_something() -> None:
    assert {number for _, number in BUGS} == set(_CARDS)
