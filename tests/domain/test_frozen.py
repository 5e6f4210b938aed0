"""Nothing in the domain can be changed after it was made, and nothing can be added to it."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain.testing import strategies
from tests.domain.classes import classes, modules, records


def test_the_search_finds_the_domain() -> None:
    """A search that finds nothing would pass every test here."""
    assert len(modules()) >= 30
    assert len(records()) >= 60
    assert {"Price", "Position", "TradeTick", "EntryFilled", "StoredEvent"} <= {
        kind.__name__ for kind in records()
    }


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
@settings(max_examples=3)
@given(data=st.data())
def test_no_field_can_be_set_or_added(kind: Any, data: st.DataObject) -> None:
    value = data.draw(strategies.of(kind))
    before = repr(value)
    names = [f.name for f in attrs.fields(kind)] if attrs.has(kind) else kind._fields
    for name in (*names, "brand_new"):
        with pytest.raises(AttributeError):
            setattr(value, name, None)
        with pytest.raises(AttributeError):
            delattr(value, name)
    assert repr(value) == before


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
@settings(max_examples=3)
@given(data=st.data())
def test_values_have_slots_and_a_hash(kind: Any, data: st.DataObject) -> None:
    value = data.draw(strategies.of(kind))
    assert not hasattr(value, "__dict__")
    assert hash(value) == hash(value)
    assert value == copy.copy(value)


@pytest.mark.parametrize(
    "kind", [kind for kind in records() if attrs.has(kind)], ids=lambda kind: kind.__name__
)
def test_many_fields_are_named_by_the_caller(kind: type[Any]) -> None:
    """Six numbers in a row get swapped."""
    given = [field for field in attrs.fields(kind) if field.init]
    if len(given) > 2:
        assert all(field.kw_only for field in given)


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_every_class_says_what_it_is(kind: type[Any]) -> None:
    if not kind.__name__.startswith("_Amount"):
        assert inspect.cleandoc(kind.__doc__ or "").strip()
