"""What ``robson_domain`` exports is a promise: a list in a file, and it only grows."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Final

import robson_domain
from tests.domain.classes import classes

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "public_names" / "robson_domain.txt"


def test_exported_names_are_those_in_the_list() -> None:
    """To add a name, add its line; to remove one is a breaking change and a new version."""
    listed = GOLDEN.read_text(encoding="ascii").splitlines()
    assert listed == sorted(listed)
    assert sorted(robson_domain.__all__) == listed


def test_what_is_listed_is_there() -> None:
    for name in robson_domain.__all__:
        assert hasattr(robson_domain, name)


def test_every_public_class_is_exported() -> None:
    public = {kind.__name__ for kind in classes() if not kind.__name__.startswith("_")}
    assert public <= set(robson_domain.__all__)


def test_every_exported_function_says_what_it_does() -> None:
    for name in robson_domain.__all__:
        value = getattr(robson_domain, name)
        if inspect.isfunction(value):
            assert inspect.getdoc(value)
