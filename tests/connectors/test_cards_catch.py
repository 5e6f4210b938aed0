"""A card that no bug can fail promises nothing: each planted bug is caught by the card for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from robson_connectors.memory import MemoryConnector
from robson_connectors.paper import PaperConnector
from robson_domain.testing.conformance import CardFailed
from robson_domain.testing.execution_cards import EXECUTION_CARDS
from robson_domain.testing.market_cards import MARKET_CARDS
from tests.connectors import (
    buggy_account,
    buggy_answers,
    buggy_execution,
    buggy_holdings,
    buggy_lending,
    buggy_links,
    buggy_market,
    buggy_stops,
)
from tests.connectors.harnesses import WITH_STOPS, Harness, MemoryHarness, PaperHarness

BUGS: Final[dict[type, set[str]]] = {
    buggy_execution.FillsAgainWhenAsked: {"EX-020", "EX-060"},
    buggy_execution.ForgetsFillsWhenAsked: {"EX-020", "EX-140"},
    buggy_execution.TellsOnlyTheLastFill: {"EX-020"},
    buggy_execution.ShortsAreLong: {"EX-040"},
    buggy_execution.LongsAreShort: {"EX-030", "EX-040"},
    buggy_execution.HidesDebt: {"EX-040"},
    buggy_execution.CachesTheAccount: {"EX-030", "EX-150"},
    buggy_execution.CachesWithFreshTimes: {"EX-030", "EX-150"},
    buggy_execution.AcknowledgesBeforeWriting: {"EX-200"},
    buggy_execution.ReportsBeforeWriting: {"EX-200"},
    buggy_execution.SwallowsRefusals: {"EX-070", "EX-080", "EX-090", "EX-220"},
    buggy_execution.RaisesRefusals: {"EX-070"},
    buggy_execution.RoundsWhatDoesNotFit: {"EX-070"},
    buggy_execution.BorrowsToReduce: {"EX-090"},
    buggy_execution.ForgetsCommission: {"EX-120"},
    buggy_execution.CommissionInTheWrongAsset: {"EX-120"},
    buggy_execution.ListsTheNamedFillAgain: {"EX-130"},
    buggy_execution.ListsFillsBackwards: {"EX-130"},
    buggy_execution.NeverListsOrders: {"EX-160"},
    buggy_execution.CancelsWhatIsDone: {"EX-170"},
    buggy_execution.RaisesForUnknownIds: {"EX-050"},
    buggy_execution.DropsEveryOtherPush: {"EX-140"},
    buggy_execution.PushesWrongQuantities: {"EX-140"},
    buggy_execution.ForgetsSigningTime: {"EX-240"},
    buggy_execution.CutsLongIds: {"EX-190"},
    buggy_market.BackfillsUnordered: {"MD-070"},
    buggy_market.BackfillsTwice: {"MD-070"},
    buggy_market.BackfillsFromTheMark: {"MD-070", "MD-090"},
    buggy_market.BackfillsOnePage: {"MD-070", "MD-080"},
    buggy_market.BackfillsAsLive: {"MD-070"},
    buggy_market.ShowsTheFormingBar: {"MD-100"},
    buggy_market.BarsNewestFirst: {"MD-100"},
    buggy_market.BarsMixUpHighAndLow: {"MD-110"},
    buggy_market.BarsWithoutVolume: {"MD-120"},
    buggy_market.NeverSaysItIsUp: {"MD-040"},
    buggy_market.KeepsTheFirstSubscriber: {"MD-050"},
    buggy_market.IgnoresUnsubscribing: {"MD-060"},
    buggy_market.RepeatsTrades: {"MD-030"},
    buggy_market.InventsPairs: {"MD-020"},
    buggy_market.ClosesOnce: {"EX-230", "MD-150"},
    buggy_market.GoesOnAfterClosing: {"MD-150"},
    buggy_execution.TakesShortIdsOnly: {"EX-010"},
    buggy_execution.KeepsQuoteDebt: {"EX-100"},
    buggy_execution.CoversNotAStepMore: {"EX-110"},
    buggy_execution.ClaimsToDeduplicate: {"EX-180"},
    buggy_execution.DeduplicatesSecretly: {"EX-180"},
    buggy_execution.ForgetsWhenCanceled: {"EX-210"},
    buggy_market.MixesUpPairs: {"MD-010"},
    buggy_market.ChangesItsMind: {"MD-025"},
    buggy_market.GivesEveryBar: {"MD-130"},
    buggy_market.HidesThatItCannotBackfill: {"MD-095"},
    buggy_market.HidesItsHistory: {"MD-140"},
    buggy_stops.ExecutesStopsAtOnce: {"EX-250", "EX-260", "EX-270", "EX-310"},
    buggy_stops.NeverListsStops: {"EX-250"},
    buggy_stops.ForgetsTheVenuesName: {"EX-250"},
    buggy_stops.ExecutesUnderAnotherId: {"EX-260"},
    buggy_stops.KeepsWhatWasCanceled: {"EX-270"},
    buggy_stops.HoldsWhatWasCanceled: {"EX-270"},
    buggy_stops.StopsOpen: {"EX-280"},
    buggy_stops.DeniesThatItReserves: {"EX-285"},
    buggy_stops.ReachedStopsRest: {"EX-290"},
    buggy_stops.CancelsExecutedStops: {"EX-300"},
    buggy_stops.StopsOfShortsFall: {"EX-310"},
    buggy_stops.RoundsStopPrices: {"EX-315"},
    buggy_stops.KeepsExecutedStopsToItself: {"EX-317"},
    buggy_answers.AnswersFilledAtOnce: {"EX-025"},
    buggy_answers.AnswersWithEverythingTwice: {"EX-025"},
    buggy_account.CollateralInBase: {"EX-035"},
    buggy_account.CollateralIsWhatIsBought: {"EX-035"},
    buggy_answers.CoversTooMuch: {"EX-095"},
    buggy_answers.TakesWhateverSize: {"EX-097"},
    buggy_account.PushesAfterTheEnd: {"EX-485"},
    buggy_account.LendsNothing: {"EX-040", "EX-490"},
    buggy_account.ForgetsQuoteCommission: {"EX-490"},
    buggy_holdings.LocksNothing: {"HO-045"},
    buggy_holdings.StopsHaveNoPrice: {"HO-045"},
    buggy_links.FetchedLongAgo: {"MD-070"},
    buggy_account.AnnouncesPercent: {"EX-120"},
    buggy_account.CommissionOfTheQuantity: {"EX-120"},
    buggy_account.EveryoneMakes: {"EX-120"},
    buggy_account.ListsOnlyWhatItSaw: {"EX-200"},
    buggy_account.NamesOnlyWhatItSent: {"EX-200"},
    buggy_links.RulesOfAnotherStep: {"MD-010"},
    buggy_answers.SendsAgainInDoubt: {"EX-320"},
    buggy_answers.SendsAgainAndSaysNothing: {"EX-320"},
    buggy_answers.DoubtIsARefusal: {"EX-320"},
    buggy_answers.DoubtIsRetryable: {"EX-320"},
    buggy_answers.DoubtIsAccepted: {"EX-320"},
    buggy_answers.CancelsInDoubtAreDone: {"EX-330"},
    buggy_answers.SendsAgainWhenTurnedAway: {"EX-340"},
    buggy_answers.TurnedAwayIsRefused: {"EX-340"},
    buggy_answers.NoAnswerIsNotFound: {"EX-350"},
    buggy_answers.NoAnswerIsNoOrders: {"EX-350"},
    buggy_answers.NoAnswerIsNoFills: {"EX-350"},
    buggy_answers.NoAnswerIsAnEmptyAccount: {"EX-350"},
    buggy_answers.NoAnswerIsDefinitive: {"EX-350"},
    buggy_answers.FindsByTheBeginning: {"EX-360"},
    buggy_answers.AnswersForTheLastOrder: {"EX-360"},
    buggy_answers.RemembersThatNothingWasThere: {"EX-370"},
    buggy_answers.CancelsWhatIsNotThere: {"EX-370"},
    buggy_answers.NotShownIsNeverThere: {"EX-380"},
    buggy_answers.PrintsItsKey: {"EX-390"},
    buggy_answers.RaisesItsKey: {"EX-390"},
    buggy_answers.RaisesItsKeyBehind: {"EX-390"},
    buggy_account.StampsOnce: {"EX-400"},
    buggy_account.StampsAhead: {"EX-400"},
    buggy_account.FillTimesInMilliseconds: {"EX-410"},
    buggy_account.AccountTimesInMicroseconds: {"EX-410"},
    buggy_account.ReadsCommissionAsFloat: {"EX-420"},
    buggy_account.ReadsPricesAsFloat: {"EX-420"},
    buggy_account.TellsValuesForPrices: {"EX-420"},
    buggy_account.PartsAreTheWhole: {"EX-430"},
    buggy_account.PartsAreNothing: {"EX-430"},
    buggy_account.CanceledIsNothingFilled: {"EX-430"},
    buggy_account.PushesDifferences: {"EX-440"},
    buggy_account.NumbersRepeatedReports: {"EX-440"},
    buggy_account.LosesFillsWhileCut: {"EX-450"},
    buggy_account.RepeatsFillsAfterACut: {"EX-450"},
    buggy_account.ShowsOnlyItsOwnOrders: {"EX-460"},
    buggy_account.CountsOnlyItsOwnOrders: {"EX-460"},
    buggy_account.ListsWhatWasCanceled: {"EX-460"},
    buggy_account.ListsOnlyItsOwnFills: {"EX-470"},
    buggy_account.TakesEveryFillForItsOwn: {"EX-470"},
    buggy_account.EverythingIsOnePair: {"EX-480"},
    buggy_account.SendsToTheFirstPair: {"EX-480"},
    buggy_account.HidesBorrowedMoney: {"EX-490"},
    buggy_account.OwesForEver: {"EX-490"},
    buggy_holdings.HoldsNothing: {"HO-010"},
    buggy_holdings.SwapsTheAssets: {"HO-010"},
    buggy_holdings.HidesWhatIsBorrowed: {"HO-020"},
    buggy_holdings.EverythingWasBought: {"HO-030"},
    buggy_holdings.HidesThePerson: {"HO-040"},
    buggy_holdings.FailedPairsAreNone: {"HO-050"},
    buggy_holdings.FailedPairIsEmpty: {"HO-050"},
    buggy_holdings.UnknownPairIsEmpty: {"HO-060"},
    buggy_holdings.NeverHints: {"HO-070"},
    buggy_lending.LongsOweBase: {"LE-010"},
    buggy_lending.RepaysEverything: {"LE-020"},
    buggy_lending.SwallowsRefusedRepayments: {"LE-030"},
    buggy_lending.RepaysAgainInDoubt: {"LE-040"},
    buggy_lending.NoAnswerIsNoDebt: {"LE-050"},
    buggy_lending.UnknownPairsOweNothing: {"LE-050"},
    buggy_links.HidesTheCut: {"MD-160"},
    buggy_links.StaysDown: {"MD-160"},
    buggy_links.RepeatsTheLastTrade: {"MD-170"},
    buggy_links.ForgetsTheGap: {"MD-170"},
    buggy_links.NamesEveryPairTheFirst: {"MD-180"},
    buggy_links.LeavesEveryPair: {"MD-180"},
    buggy_links.NoAnswerIsNoTrades: {"MD-190"},
    buggy_links.NoAnswerIsNoBars: {"MD-190"},
    buggy_links.TradeTimesInMilliseconds: {"MD-200"},
    buggy_links.ReceivesWhenItHappened: {"MD-200"},
}
MODULES: Final = (
    buggy_execution,
    buggy_market,
    buggy_stops,
    buggy_answers,
    buggy_account,
    buggy_holdings,
    buggy_lending,
    buggy_links,
)
CARDS: Final[tuple[Any, ...]] = (*EXECUTION_CARDS, *MARKET_CARDS)


def _harness(bug: Any, path: Path) -> Harness:
    if issubclass(bug, MemoryConnector):
        return MemoryHarness(bug, capabilities=WITH_STOPS)
    # In parts, so that an order has several executions.
    return PaperHarness(str(path / "ledger.db"), bug, fill_fraction="0.9")


async def _fails(card: Any, harness: Harness) -> bool:
    try:
        await card.run(harness)
    except CardFailed:
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
            assert not card.excuse(harness), f"{card} is left out"
            assert await _fails(card, harness), f"{card} lets it pass"


def test_every_bug_is_tried() -> None:
    written = {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    }
    assert written == set(BUGS)


def test_every_card_catches_something() -> None:
    assert set().union(*BUGS.values()) == {str(card) for card in CARDS}


@pytest.mark.parametrize("deck", [EXECUTION_CARDS, MARKET_CARDS])
def test_cards_have_their_number_and_a_title(deck: tuple[Any, ...]) -> None:
    numbers = [str(card) for card in deck]
    assert numbers == sorted(set(numbers))
    assert all(card.title.endswith(".") for card in deck)
