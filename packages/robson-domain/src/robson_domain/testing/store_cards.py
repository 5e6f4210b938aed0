"""What every store must do, one numbered card each; ``docs/reference/ports/store.md`` says why.

A card is a plain coroutine over a small harness, so that any test runner can drive it:

    @pytest.mark.parametrize("card", STORE_CARDS, ids=str)
    async def test_card(card: StoreCard, harness: StoreHarness) -> None:
        if card.fits(harness):
            await card.run(harness)

The harness says what the store can do; a card that needs more is not for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Final

from robson_domain.testing import store_log_cards as log
from robson_domain.testing import store_protection_cards as protection
from robson_domain.testing import store_recovery_cards as recovery
from robson_domain.testing import store_state_cards as states
from robson_domain.testing.conformance import CardFailed
from robson_domain.testing.store_harness import StoreCard, StoreHarness

__all__ = ["STORE_CARDS", "CardFailed", "StoreCard", "StoreHarness"]


def _card(run: Callable[[StoreHarness], Awaitable[None]], **fields: bool) -> StoreCard:
    number = getattr(run, "__name__", "").split("_")[1]
    return StoreCard(
        number=int(number), title=inspect.cleandoc(run.__doc__ or ""), run=run, **fields
    )


STORE_CARDS: Final = (
    _card(log.st_010_a_new_store_is_empty),
    _card(log.st_020_every_store_has_its_own_epoch),
    _card(log.st_030_submit_returns_the_head_with_the_batch),
    _card(log.st_040_every_type_of_event_reads_back_equal),
    _card(log.st_050_events_are_read_in_part),
    _card(log.st_060_rows_are_the_canonical_text_and_its_chain),
    _card(log.st_070_a_gap_is_refused),
    _card(log.st_080_many_events_in_one_batch),
    _card(log.st_090_events_are_found_by_position),
    _card(log.st_100_one_event_is_appended),
    _card(log.st_110_a_batch_is_written_as_a_whole),
    _card(log.st_120_a_refused_batch_leaves_nothing),
    _card(log.st_130_a_refused_batch_does_no_harm),
    _card(log.st_140_an_empty_batch_changes_nothing),
    _card(log.st_150_inline_means_without_yielding),
    _card(states.st_200_an_intent_reads_back_equal),
    _card(states.st_210_the_same_intent_twice_changes_nothing),
    _card(states.st_220_a_decision_is_never_rewritten),
    _card(states.st_230_rivals_in_one_batch_are_refused),
    _card(states.st_240_intents_follow_their_lifecycle),
    _card(states.st_250_an_intent_begins_recorded),
    _card(states.st_260_unresolved_intents_are_found_oldest_first),
    _card(states.st_270_an_intent_is_recorded_and_completed),
    _card(protection.st_280_a_stop_at_the_venue_is_a_decision_of_its_own),
    _card(states.st_300_the_last_state_of_a_position_wins),
    _card(states.st_310_active_positions_come_in_order_of_arming),
    _card(states.st_320_active_positions_are_found_by_pair_and_side),
    _card(protection.st_322_guards_are_none_of_core_s),
    _card(protection.st_324_a_guard_handed_over_is_core_s_from_then_on),
    _card(protection.st_326_positions_are_found_by_their_name_at_the_venue),
    _card(protection.st_328_names_of_the_venue_are_any_text),
    _card(states.st_330_orders_follow_their_positions),
    _card(protection.st_335_stops_at_the_venue_follow_their_positions),
    _card(states.st_340_an_order_is_saved_alone),
    _card(states.st_350_numbers_stay_exact),
    _card(states.st_360_texts_stay_as_they_are),
    _card(recovery.st_400_waiting_detectors_are_recovered),
    _card(recovery.st_410_a_detector_ends_with_its_waiting),
    _card(recovery.st_420_recovery_starts_at_the_last_snapshot),
    _card(recovery.st_430_a_snapshot_has_its_place_in_the_log),
    _card(recovery.st_500_everything_is_there_after_closing, needs_survival=True),
    _card(recovery.st_510_everything_is_there_after_a_crash, needs_survival=True),
    _card(recovery.st_520_the_log_goes_on_after_a_crash, needs_survival=True),
    _card(recovery.st_530_decisions_are_known_after_a_crash, needs_survival=True),
    _card(recovery.st_540_a_closed_store_takes_nothing),
)
