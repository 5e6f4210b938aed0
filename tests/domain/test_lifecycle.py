"""The two lines behind every lifecycle."""

from __future__ import annotations

from enum import StrEnum

import pytest

from robson_domain import IllegalTransition, InvariantError
from robson_domain.lifecycle import next_status


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    OUT = "out"


TABLE = {Light.RED: {"go": Light.GREEN}, Light.GREEN: {"stop": Light.RED}}


def test_status_follows_the_table() -> None:
    assert next_status("light", TABLE, Light.RED, "go") is Light.GREEN


@pytest.mark.parametrize(
    ("status", "event"), [(Light.RED, "stop"), (Light.GREEN, ""), (Light.OUT, "go")]
)
def test_pairs_outside_the_table_are_illegal_and_named(status: Light, event: str) -> None:
    with pytest.raises(IllegalTransition) as illegal:
        next_status("light", TABLE, status, event)
    error = illegal.value
    assert (error.lifecycle, error.status, error.event) == ("light", status.value, event)
    assert str(error) == f"light: {event} is not possible in status {status.value}"
    assert isinstance(error, InvariantError)
    assert error.__cause__ is None, "the missing key says nothing the message does not"
    assert error.__suppress_context__
