"""The error tree: sorted by what to do, readable, and the same in another process."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Final

import pytest

from robson_domain import (
    ChainBroken,
    ConfigurationError,
    DefinitiveVenueError,
    DeniedError,
    HeadMismatch,
    IllegalTransition,
    InDoubtError,
    InvariantError,
    RetryableVenueError,
    RobsonError,
    StoreConflict,
    StoreError,
    UnknownSchema,
    ValidationError,
    VenueError,
    errors,
)
from tests.domain.classes import classes

EXAMPLES: Final[tuple[RobsonError, ...]] = (
    RobsonError("r"),
    ValidationError("price", "must be above zero"),
    ConfigurationError("c"),
    InvariantError("i"),
    IllegalTransition("order", "FILLED", "submitted"),
    StoreConflict("s"),
    StoreError("s"),
    ChainBroken(7, "altered"),
    HeadMismatch("h"),
    UnknownSchema("u"),
    DeniedError("STALE_SIGNAL", "too late"),
    VenueError("v", "500"),
    RetryableVenueError("busy", code="429"),
    DefinitiveVenueError("no", code="-2010"),
    InDoubtError("timeout"),
)


def test_every_error_is_shown_here() -> None:
    kinds = {kind for kind in classes() if issubclass(kind, BaseException)}
    assert {type(error) for error in EXAMPLES} == kinds


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_errors_reach_another_process_as_they_are(error: RobsonError) -> None:
    """A sweep runs in worker processes; an error that cannot travel hangs the whole pool."""
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert other.args == error.args
        assert vars(other) == vars(error)


def test_errors_say_what_they_know() -> None:
    texts = [str(error) for error in EXAMPLES if type(error).__init__ is not RobsonError.__init__]
    assert texts == [
        "price: must be above zero",
        "order: submitted is not possible in status FILLED",
        "event 7: altered",
        "too late",
        *("v", "busy", "no", "timeout"),
    ]


def test_venue_errors_carry_the_code_of_the_venue() -> None:
    assert [error.code for error in EXAMPLES if isinstance(error, VenueError)] == [
        *("500", "429", "-2010", ""),
    ]


def test_validation_errors_are_value_errors() -> None:
    """Libraries that convert settings and parameters expect that of a converter."""
    assert issubclass(ValidationError, ValueError)


def test_the_printed_tree_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ([│ ]*)(?:[├└]── )?([A-Z]\w+)(?:\s{2,}.+)?$", line)
        if found is None:
            continue
        depth = (len(found.group(1)) + (4 if "── " in line else 0)) // 4
        drawn[found.group(2)] = path[depth - 1] if depth else "Exception"
        path[depth:] = [found.group(2)]
    real = {
        kind.__name__: kind.__bases__[0].__name__
        for kind in classes()
        if issubclass(kind, BaseException)
    }
    assert drawn == real


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_what_to_do_is_written_down(error: RobsonError) -> None:
    assert (type(error).__doc__ or "").strip()
