"""Random histories never break what must always hold."""

from __future__ import annotations

from hypothesis import given, settings

from tests.engine.histories import Actor, History, histories, hold_at_the_end
from tests.engine.venue_script import LATE
from tests.engine.world import state_text


@settings(max_examples=120)
@given(histories())
def test_whatever_happens_it_ends_flat_and_the_books_agree(history: History) -> None:
    actor = Actor(history).run()
    actor.settle()
    hold_at_the_end(actor)


@settings(max_examples=80)
@given(histories(50, LATE))
def test_fills_of_what_was_thought_dead_are_told_and_booked(history: History) -> None:
    actor = Actor(history).run()
    actor.settle()
    hold_at_the_end(actor)


@settings(max_examples=40)
@given(histories(50, LATE))
def test_replay_is_identical_byte_for_byte(history: History) -> None:
    world = Actor(history).run().world
    assert state_text(world.restored().state) == state_text(world.state)


@settings(max_examples=30)
@given(histories())
def test_the_same_inputs_give_the_same_log(history: History) -> None:
    assert Actor(history).run().world.log() == Actor(history).run().world.log()
