"""The pages about the ports say what the cards say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from robson_domain.capabilities import Capabilities
from robson_domain.testing import execution_abilities as abilities
from robson_domain.testing.execution_cards import EXECUTION_CARDS
from robson_domain.testing.market_cards import MARKET_CARDS
from tests.architecture.tree import ROOT

NEEDS = {
    "all": {},
    "can short": {"can_short": False},
    "reports pushed": {"reports_pushed": False},
    "back-fill": {"has_backfill": False},
    "history": {"has_history": False},
}


ABILITIES = {
    abilities.LossyHarness: "lost answers",
    abilities.FailingHarness: "failing questions",
    abilities.LateHarness: "late orders",
    abilities.PartialHarness: "parts",
    abilities.PushHarness: "pushes",
    abilities.DisturbedHarness: "disturbed pushes",
    abilities.LinkHarness: "a link to cut",
    abilities.PersonHarness: "a person",
    abilities.PairsHarness: "two pairs",
    abilities.SecretHarness: "secrets",
    abilities.HoldingsHarness: "holdings",
    abilities.LendingHarness: "lending",
}


def _needs(card: Any) -> str:
    able = Capabilities(name="able")
    if not card.fits(able) and card.fits(Capabilities(name="able", resting_stops=True)):
        return "resting stops"
    if not card.fits(able):
        unable = Capabilities(name="unable", has_backfill=False)
        return "no back-fill" if card.fits(unable) else "no history"
    for name, lacking in NEEDS.items():
        if not card.fits(Capabilities(name="x", **lacking)):  # type: ignore[arg-type]
            return name
    return "all"


def _row(card: Any) -> tuple[str, str, str]:
    needs = [_needs(card), *(ABILITIES[each] for each in card.needs)]
    return str(card), ", ".join(needs).removeprefix("all, "), card.title


@pytest.mark.parametrize(
    ("page", "cards"), [("execution.md", EXECUTION_CARDS), ("market_data.md", MARKET_CARDS)]
)
def test_page_lists_every_card(page: str, cards: tuple[Any, ...]) -> None:
    text = (ROOT / "docs" / "reference" / "ports" / page).read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ([A-Z]{2}-\d{3}) \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", text, re.MULTILINE
    )
    assert rows == [_row(card) for card in cards]


def test_page_describes_every_ability() -> None:
    text = (ROOT / "docs" / "reference" / "ports" / "execution.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+Harness)` \| ([^|]+) \|", text, re.MULTILINE))
    assert rows == {each.__name__: name for each, name in ABILITIES.items()}
