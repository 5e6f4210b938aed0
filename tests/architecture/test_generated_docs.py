"""Documentation that can be wrong is compared with what it speaks about."""

from __future__ import annotations

import re
import typing
from pathlib import Path
from typing import Final

import pytest

import robson_domain
from robson_domain import DenialCode, Event, RobsonError, codec, position_lifecycle
from tests.architecture.test_packaging import OWN, declared, distribution
from tests.architecture.tree import MEMBERS, ROOT, member_metadata, root_metadata
from tools import generate_docs

DECISIONS: Final = ROOT / "docs" / "decisions"
SECTIONS: Final = ["Context", "Decision", "Consequences", "Rejected"]
NUMBERED: Final = sorted(DECISIONS.glob("[0-9]*.md"))


def test_generated_pages_are_what_the_sources_say() -> None:
    """When this fails: ``make docs``, look at the difference, and commit it."""
    assert generate_docs.stale() == []


def test_a_stale_page_is_seen_and_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate_docs.main(["--check"], tmp_path) == 1
    assert generate_docs.main([], tmp_path) == 0
    assert generate_docs.main(["--check"], tmp_path) == 0
    page = tmp_path / "docs" / "reference" / "events.md"
    page.write_text(page.read_text(encoding="utf-8") + "by hand\n", encoding="utf-8")
    capsys.readouterr()
    assert generate_docs.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out == "stale: docs/reference/events.md\n"
    generate_docs.main([], tmp_path)
    assert "by hand" not in page.read_text(encoding="utf-8")


def test_every_denial_event_and_error_has_its_row() -> None:
    pages = generate_docs.pages()
    assert all(f"| `{code}` |" in pages["docs/reference/denial-codes.md"] for code in DenialCode)
    for kind in typing.get_args(Event):
        assert (
            f"\n## {kind.__name__}, version {kind.VERSION}\n" in pages["docs/reference/events.md"]
        )
    for error in RobsonError.__subclasses__():
        if error.__module__ == RobsonError.__module__:
            assert f"| `{error.__name__}` |" in pages["docs/reference/errors.md"]


def test_every_field_of_an_event_is_explained() -> None:
    page = generate_docs.pages()["docs/reference/events.md"]
    assert [line for line in page.splitlines() if line.endswith("|  |")] == []


def test_every_pair_of_a_lifecycle_is_shown() -> None:
    page = generate_docs.pages()["docs/reference/lifecycles.md"]
    for lifecycle in generate_docs.LIFECYCLES:
        _, _, part = page.partition(f"\n## {lifecycle.title}\n")
        shown = {
            (status, event, to)
            for status, events, to in re.findall(r"^\| (\w+) \| (.+?) \| (\w+) \|", part, re.M)
            for event in re.findall(r"`(\w+)`", events)
        }
        for status, row in lifecycle.table.items():
            assert {(str(status), event, str(to)) for event, to in row.items()} <= shown


def test_comments_of_a_table_are_found_where_they_stand() -> None:
    source = (
        "from x import S\n"
        "T: Table = {\n"
        "    S.ONE: {\n"
        '        "a": S.ONE,\n'
        "        # Because of this,\n"
        "        # and that.\n"
        '        "b": S.TWO,\n'
        "    },\n"
        "    # The whole row.\n"
        '    S.TWO: {"c": S.ONE},  # beside\n'
        "}\n"
    )
    assert generate_docs.reasons_in(source, "T") == {
        ("ONE", "b"): "Because of this, and that.",
        ("TWO", ""): "The whole row.",
    }
    with pytest.raises(ValueError, match="no table U"):
        generate_docs.reasons_in(source, "U")


def test_every_comment_of_the_position_table_is_shown() -> None:
    source = Path(position_lifecycle.__file__).read_text(encoding="utf-8")
    comments = re.findall(r"^ {8}# (.+)$", source, re.MULTILINE)
    page = generate_docs.pages()["docs/reference/lifecycles.md"]
    assert len(comments) >= 5
    assert [comment for comment in comments if comment not in page] == []


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.stem)
def test_decisions_have_their_four_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.stem[:4]}: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert f"]({path.name})" in (DECISIONS / "README.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.stem[:4]) for path in NUMBERED] == list(range(1, len(NUMBERED) + 1))


def test_every_dependency_has_a_reason_and_every_reason_a_dependency() -> None:
    projects = [member_metadata(package) for package in MEMBERS]
    needs = {need for project in projects for need in declared(project["project"])} - OWN
    needs |= {distribution(need) for need in root_metadata()["dependency-groups"]["dev"]}
    needs |= {distribution(n) for project in projects for n in project["build-system"]["requires"]}
    text = (DECISIONS / "0007-dependencies.md").read_text(encoding="utf-8")
    decision = text.partition("## Decision")[2].partition("## Consequences")[0]
    entries = "\n".join(re.findall(r"^- (.+?):", decision, re.MULTILINE))
    explained = set(re.findall(r"`([a-z][a-z0-9-]+)`", entries))
    explained |= set(re.findall(r"`(types-[a-z]+)` gives", decision))
    assert needs == explained


@pytest.mark.parametrize(
    "path", [*DECISIONS.glob("*.md"), ROOT / "docs" / "glossary.md"], ids=lambda path: path.stem
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).is_file(), target


def test_glossary_names_what_exists() -> None:
    """A code name in the glossary that is no name of the domain misleads."""
    known = set(codec.TAGGED) | set(robson_domain.__all__)
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", text))
    assert named <= known
    assert {"Symbol", "Intent", "Doubt", "TradeTick"} <= named
