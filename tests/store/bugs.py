"""Every planted bug with the card that must catch it; no card is without one."""

from __future__ import annotations

from typing import Final

from tests.store import bugs_of_protection as protection
from tests.store import bugs_of_recovery as recovery
from tests.store import bugs_of_states as states
from tests.store import bugs_of_the_log as log
from tests.store.kept_store import KeptStore

BUGS: Final[tuple[tuple[type[KeptStore], int], ...]] = (
    (log.CountsFromOne, 10),
    (log.SharesItsEpoch, 20),
    (log.ForgetsThePredecessor, 30),
    (log.DropsTheInput, 40),
    (log.IgnoresTheLimit, 50),
    (log.TidiesItsRows, 60),
    (log.AcceptsGaps, 70),
    (log.CutsLongBatches, 80),
    (log.FindsNobodysEvents, 90),
    (log.AppendsAnything, 100),
    (log.LeavesStatesForLater, 110),
    (log.KeepsEventsOfRefusedBatches, 120),
    (log.KeepsStatesOfRefusedBatches, 120),
    (log.GivesUpAfterARefusal, 130),
    (log.CountsEmptyBatches, 140),
    (log.OnlySaysItIsInline, 150),
    (states.ForgetsIntents, 200),
    (states.RefusesRepetition, 210),
    (states.RewritesDecisions, 220),
    (states.LooksAtIdsAlone, 220),
    (states.LooksAtTheDatabaseAlone, 230),
    (states.AllowsAnyStep, 240),
    (states.AllowsAnyBeginning, 250),
    (states.TakesDoubtForAnAnswer, 260),
    (states.MixesUpAges, 260),
    (states.TakesResultsBack, 270),
    (protection.DropsStopPrices, 280),
    (protection.TakesStopsForExits, 280),
    (protection.MovesStops, 280),
    (states.ReturnsStalePositions, 300),
    (states.ListsTheClosed, 310),
    (states.SortsByName, 310),
    (states.ConfusesSides, 320),
    (protection.TakesGuardsForCoreBySide, 322),
    (protection.TakesGuardsForCoreByName, 322),
    (protection.HidesGuards, 322),
    (protection.OnceAGuardAlwaysAGuard, 324),
    (protection.FindsTheClosedByName, 326),
    (protection.FindsTheNameless, 326),
    (protection.FindsOneOfEachName, 326),
    (protection.FindsPartsOfNames, 326),
    (protection.RemembersTheFirstName, 326),
    (protection.CutsNames, 328),
    (states.ForgetsPastExits, 330),
    (protection.ForgetsStops, 335),
    (protection.ForgetsPastStops, 335),
    (states.WaitsForTheDead, 340),
    (states.RoundsNumbers, 350),
    (states.CleansTexts, 360),
    (recovery.ForgetsDetectors, 400),
    (recovery.KeepsDetectors, 410),
    (recovery.WakesDetectors, 410),
    (recovery.ReplaysEverything, 420),
    (recovery.TrustsTheOldestSnapshot, 420),
    (recovery.TakesSnapshotsAnywhere, 430),
    (recovery.LosesTheLastEvent, 500),
    (recovery.NamesItselfAnew, 500),
    (recovery.LosesStatesInACrash, 510),
    (recovery.BeginsAnewAfterACrash, 520),
    (recovery.ForgetsDecisionsInACrash, 530),
    (recovery.WritesWhenClosed, 540),
)
"""Each with the card that is there for it."""
