"""The page for people says what the detectors do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from robson_engine.detectors import COMMON, DETECTORS, INTERVALS

PAGE = (Path(__file__).parents[3] / "docs" / "detectors.md").read_text(encoding="utf-8")


def _sections() -> dict[str, str]:
    parts = re.split(r"^#{2,3} (.+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_has_its_section_and_example(name: str) -> None:
    section = _sections()[name]
    assert re.search(rf"^robson arm .*--strategy {name}\b", section, re.MULTILINE)
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", section, re.MULTILINE)
    assert rows == [(param.name, param.default) for param in DETECTORS[name].PARAMS]


def test_common_parameters_have_their_defaults() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", _sections()["The technical stop"], re.MULTILINE)
    assert rows == [(param.name, param.default or "not set") for param in COMMON]


def test_every_interval_is_named() -> None:
    named = re.search(r"length of a bar: (.+?) \|", PAGE)
    assert named is not None
    assert re.findall(r"\d+[smh]", named.group(1)) == list(INTERVALS)


def test_the_examples_set_parameters_that_exist() -> None:
    for name, params in re.findall(r"^robson arm .*--strategy (\w+)(.*)$", PAGE, re.MULTILINE):
        known = {param.name: param for param in DETECTORS[name].allowed()}
        for key, text in re.findall(r"--param (\w+)=(\S+)", params):
            known[key].read(text)
