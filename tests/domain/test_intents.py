"""Intents: recorded before the first byte is sent, and moved by what the venue says alone."""

from __future__ import annotations

from typing import Final

import attrs
import pytest

from robson_domain import (
    INTENT_TRANSITIONS,
    IllegalTransition,
    IntentKind,
    IntentStatus,
    Price,
    Quantity,
    ValidationError,
)
from robson_domain.testing import an_intent

S = IntentStatus
EVENTS: Final = ("done", "rejected", "in_doubt", "dead")


@pytest.mark.parametrize("event", [*EVENTS, "", "recorded", "DONE"])
@pytest.mark.parametrize("status", S)
def test_every_pair_is_in_the_table_or_illegal(status: IntentStatus, event: str) -> None:
    row = INTENT_TRANSITIONS[status]
    intent = an_intent(status=status)
    if event in row:
        after = intent.becomes(event)
        assert after.status is row[event]
        assert attrs.evolve(after, status=status) == intent
    else:
        with pytest.raises(IllegalTransition, match="intent: "):
            intent.becomes(event)


def test_every_status_is_reached_from_recorded() -> None:
    reached = {S.RECORDED}
    while more := {to for s in reached for to in INTENT_TRANSITIONS[s].values()} - reached:
        reached |= more
    assert reached == set(S) == set(INTENT_TRANSITIONS)


@pytest.mark.parametrize("status", S)
def test_what_is_resolved_needs_no_asking(status: IntentStatus) -> None:
    assert status.is_resolved is (status not in {S.RECORDED, S.IN_DOUBT})


@pytest.mark.parametrize("status", [status for status in S if status.is_resolved])
def test_what_was_resolved_can_turn_out_done(status: IntentStatus) -> None:
    assert an_intent(status=status).becomes("done").status is S.DONE


def test_only_what_was_executed_against_our_belief_comes_back_into_doubt() -> None:
    back = {s for s in S if s.is_resolved and S.IN_DOUBT in INTENT_TRANSITIONS[s].values()}
    assert back == {S.REJECTED, S.DEAD}


def test_nothing_is_resolved_twice_the_other_way() -> None:
    assert set(INTENT_TRANSITIONS[S.DONE].values()) == {S.DONE}


def test_an_intent_for_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="an intent must be above zero"):
        an_intent(quantity=Quantity(0))


def test_an_order_at_market_has_no_stop_price() -> None:
    assert an_intent().stop_price is None
    assert an_intent(kind=IntentKind.EXIT).stop_price is None
    assert an_intent(kind=IntentKind.VENUE_STOP).stop_price == Price("97.02")


def test_intents_start_recorded() -> None:
    assert an_intent().status is S.RECORDED
    assert an_intent().intent_id == an_intent().reason, "an entry has the id of its signal"
    assert an_intent(kind=IntentKind.EXIT).client_order_id != an_intent().client_order_id
