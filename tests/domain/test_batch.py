"""Batches: all or nothing, and nothing is false."""

from __future__ import annotations

from typing import Any

import pytest

from robson_domain import Batch, Durable, Head
from robson_domain.testing import a_ledger, a_snapshot, an_intent, every_event


def test_an_empty_batch_is_false() -> None:
    assert not Batch()


@pytest.mark.parametrize(
    "part", [{"intents": (an_intent(),)}, {"events": every_event()[:1]}, {"states": (a_ledger(),)}]
)
def test_a_batch_with_anything_to_write_is_true(part: dict[str, Any]) -> None:
    assert Batch(**part)


def test_heads_are_equal_when_all_of_them_is() -> None:
    head = Head(epoch="e", sequence=1, hash="a")
    assert Durable(head=head).head == Head(epoch="e", sequence=1, hash="a")
    others = [
        Head(epoch="f", sequence=1, hash="a"),
        Head(epoch="e", sequence=2, hash="a"),
        Head(epoch="e", sequence=1, hash="b"),
    ]
    assert head not in others


def test_a_snapshot_is_the_state_at_its_sequence() -> None:
    snapshot = a_snapshot()
    assert snapshot.sequence == snapshot.ledger.sequence == 4
    assert [position.has_stop for position in snapshot.positions] == [True]
