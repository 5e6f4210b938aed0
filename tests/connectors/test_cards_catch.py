"""A card that no bug can fail promises nothing: each planted bug is caught by the card for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from robson_connectors.memory import MemoryConnector
from robson_connectors.paper import PaperConnector
from robson_domain.errors import VenueError
from robson_domain.testing.conformance import CardFailed
from robson_domain.testing.execution_cards import EXECUTION_CARDS
from robson_domain.testing.market_cards import MARKET_CARDS
from tests.connectors import buggy
from tests.connectors.harnesses import Harness, MemoryHarness, PaperHarness

BUGS: Final[dict[type, set[str]]] = {
    buggy.FillsAgainWhenAsked: {"EX-020", "EX-060"},
    buggy.ForgetsFillsWhenAsked: {"EX-020", "EX-140"},
    buggy.TellsOnlyTheLastFill: {"EX-020"},
    buggy.ShortsAreLong: {"EX-040"},
    buggy.LongsAreShort: {"EX-030", "EX-040"},
    buggy.HidesDebt: {"EX-040"},
    buggy.CachesTheAccount: {"EX-030", "EX-150"},
    buggy.CachesWithFreshTimes: {"EX-030", "EX-150"},
    buggy.AcknowledgesBeforeWriting: {"EX-200"},
    buggy.ReportsBeforeWriting: {"EX-200"},
    buggy.SwallowsRefusals: {"EX-070", "EX-080", "EX-090", "EX-220"},
    buggy.RaisesRefusals: {"EX-070"},
    buggy.RoundsWhatDoesNotFit: {"EX-070"},
    buggy.BorrowsToReduce: {"EX-090"},
    buggy.ForgetsCommission: {"EX-120"},
    buggy.CommissionInTheWrongAsset: {"EX-120"},
    buggy.ListsTheNamedFillAgain: {"EX-130"},
    buggy.ListsFillsBackwards: {"EX-130"},
    buggy.NeverListsOrders: {"EX-160"},
    buggy.CancelsWhatIsDone: {"EX-170"},
    buggy.RaisesForUnknownIds: {"EX-050"},
    buggy.DropsEveryOtherPush: {"EX-140"},
    buggy.PushesWrongQuantities: {"EX-140"},
    buggy.ForgetsSigningTime: {"EX-240"},
    buggy.CutsLongIds: {"EX-190"},
    buggy.BackfillsUnordered: {"MD-070"},
    buggy.BackfillsTwice: {"MD-070"},
    buggy.BackfillsFromTheMark: {"MD-070", "MD-090"},
    buggy.BackfillsOnePage: {"MD-070", "MD-080"},
    buggy.BackfillsAsLive: {"MD-070"},
    buggy.ShowsTheFormingBar: {"MD-100"},
    buggy.BarsNewestFirst: {"MD-100"},
    buggy.BarsMixUpHighAndLow: {"MD-110"},
    buggy.BarsWithoutVolume: {"MD-120"},
    buggy.NeverSaysItIsUp: {"MD-040"},
    buggy.KeepsTheFirstSubscriber: {"MD-050"},
    buggy.IgnoresUnsubscribing: {"MD-060"},
    buggy.RepeatsTrades: {"MD-030"},
    buggy.InventsPairs: {"MD-020"},
    buggy.ClosesOnce: {"EX-230", "MD-150"},
    buggy.GoesOnAfterClosing: {"MD-150"},
    buggy.TakesShortIdsOnly: {"EX-010"},
    buggy.KeepsQuoteDebt: {"EX-100"},
    buggy.CoversNotAStepMore: {"EX-110"},
    buggy.ClaimsToDeduplicate: {"EX-180"},
    buggy.DeduplicatesSecretly: {"EX-180"},
    buggy.ForgetsWhenCanceled: {"EX-210"},
    buggy.MixesUpPairs: {"MD-010"},
    buggy.ChangesItsMind: {"MD-025"},
    buggy.GivesEveryBar: {"MD-130"},
    buggy.HidesThatItCannotBackfill: {"MD-095"},
    buggy.HidesItsHistory: {"MD-140"},
}
CARDS: Final[tuple[Any, ...]] = (*EXECUTION_CARDS, *MARKET_CARDS)


def _harness(bug: Any, path: Path) -> Harness:
    if issubclass(bug, MemoryConnector):
        return MemoryHarness(bug)
    # In parts, so that an order has several executions.
    return PaperHarness(str(path / "ledger.db"), bug, fill_fraction="0.9")


async def _fails(card: Any, harness: Harness) -> bool:
    try:
        await card.run(harness)
    except (CardFailed, VenueError):
        return True
    finally:
        paper = getattr(harness, "paper", None)
        await harness.close() if paper is None else await PaperConnector.close(paper)
    return False


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
async def test_bug_is_caught(bug: type, tmp_path: Path) -> None:
    for card in CARDS:
        if str(card) in BUGS[bug]:
            folder = tmp_path / str(card)
            folder.mkdir()
            harness = _harness(bug, folder)
            assert card.fits(harness.execution.capabilities)
            assert await _fails(card, harness), f"{card} lets it pass"


def test_every_bug_is_tried() -> None:
    written = {
        value
        for value in vars(buggy).values()
        if isinstance(value, type) and value.__module__ == buggy.__name__
    }
    assert written == set(BUGS)


def test_every_card_catches_something() -> None:
    assert set().union(*BUGS.values()) == {str(card) for card in CARDS}


@pytest.mark.parametrize("deck", [EXECUTION_CARDS, MARKET_CARDS])
def test_cards_have_their_number_and_a_title(deck: tuple[Any, ...]) -> None:
    numbers = [str(card) for card in deck]
    assert numbers == sorted(set(numbers))
    assert all(card.title.endswith(".") for card in deck)
