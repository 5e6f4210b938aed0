"""The trading rules as stories: what goes in, and all that must come out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.golden import cases_of, missing
from tests.engine.stories import Teller

FILES = ("trailing.json", "exits.json", "late_and_latch.json", "doubt.json", "commands.json")
STORIES = [case for name in FILES for case in cases_of(name)]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["name"])
def test_story(story: dict[str, Any]) -> None:
    assert Teller(story).run() == []


def test_names_are_unique() -> None:
    names = [story["name"] for story in STORIES]
    assert len(names) == len(set(names))


def test_a_wrong_expectation_is_found() -> None:
    actual = {"a": "1", "b": [{"c": "2"}]}
    assert missing({"a": "1", "b": [{}]}, actual) == []
    assert missing({"b": [{"c": "3"}]}, actual, "x") == ["x.b[0].c: expected '3', got '2'"]
    assert missing({"b": []}, actual, "x") != []
    assert missing({"d": None}, actual, "x") == ["x.d: expected None, got '(nothing)'"]
