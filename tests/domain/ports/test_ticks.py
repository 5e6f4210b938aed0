"""Recorded trades are kept once each, and read back in the order of their ids."""

from __future__ import annotations

from robson_domain import TickStore
from tests.domain.ports.shape import duties


def test_the_duties_say_what_a_replay_rests_on() -> None:
    said = duties(TickStore)
    assert "Idempotent per trade id" in said["append"]
    assert "in trade-id order" in said["scan"]
