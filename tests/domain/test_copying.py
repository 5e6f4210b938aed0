"""A copy made from a draft is the copy that ``attrs.evolve`` makes, whatever is changed."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import Instrument, Ledger, Order, Position
from robson_domain.copying import can_be_drafted, completed, evolved
from robson_domain.testing import a_position, an_instrument, strategies
from tests.domain.classes import records

OFTEN = (Position, Ledger, Order)
"""What nearly every event copies."""


@pytest.mark.parametrize("kind", OFTEN, ids=lambda kind: kind.__name__)
def test_what_is_copied_at_every_event_begins_as_a_draft(kind: type) -> None:
    assert can_be_drafted(kind)


@pytest.mark.parametrize(
    "kind", [kind for kind in records() if attrs.has(kind)], ids=lambda kind: kind.__name__
)
@settings(max_examples=20)
@given(data=st.data())
def test_equals_the_plain_copy(kind: Any, data: st.DataObject) -> None:
    one, other = data.draw(strategies.of(kind)), data.draw(strategies.of(kind))
    names = [field.name for field in attrs.fields(kind) if field.init]
    chosen = data.draw(st.sets(st.sampled_from(names))) if names else set()
    changes = {name: getattr(other, name) for name in chosen}
    try:
        plain = attrs.evolve(one, **changes)
    except ValueError:
        return  # fields that do not go together: refused by the class
    copy = evolved(one, **changes)
    assert copy == plain
    assert type(copy) is kind
    assert hash(copy) == hash(plain)
    assert repr(copy) == repr(plain)


def test_what_a_class_checks_is_checked() -> None:
    assert not can_be_drafted(Instrument)
    with pytest.raises(ValueError, match="tick_size"):
        evolved(an_instrument(), tick_size=0)


def test_a_copy_is_locked_and_leaves_the_original_alone() -> None:
    before = a_position()
    shown = repr(before)
    after = evolved(before, sequence=before.sequence + 1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        after.sequence = 0  # type: ignore[misc]
    assert repr(before) == shown
    assert after != before


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(AttributeError):
        evolved(a_position(), unheard=1)


def test_what_nobody_else_holds_is_completed_in_place_and_the_original_never() -> None:
    before = a_position()
    shown = repr(before)
    fresh = evolved(before, mark=before.mark + 1)
    assert completed(fresh, before, sequence=7) is fresh
    assert fresh == attrs.evolve(before, mark=before.mark + 1, sequence=7)
    copy = completed(before, before, sequence=7)
    assert copy == attrs.evolve(before, sequence=7)
    assert copy is not before
    assert repr(before) == shown
