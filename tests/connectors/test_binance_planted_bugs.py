"""Bugs that this venue invites are planted one by one, and each is caught by the card for it.

The cards are the kit's: the harness has an exchange that loses answers, pushes reports and lets a
person trade, so nothing of this venue needs a card of its own.
"""

from __future__ import annotations

from typing import Final

import pytest

from robson_connectors.binance import trades
from robson_domain.testing.conformance import CardFailed
from robson_domain.testing.execution_cards import EXECUTION_CARDS, ExecutionCard
from tests.connectors.binance import planted_bugs as bugs
from tests.connectors.binance.harness import connected

CARDS: Final[dict[str, ExecutionCard]] = {str(card): card for card in EXECUTION_CARDS}
BUGS: Final[dict[bugs.Bug, tuple[str, ...]]] = {
    bugs.forgets_the_isolated_account: ("EX-030",),
    bugs.exits_borrow: ("EX-090", "EX-280"),
    bugs.exits_of_shorts_leave_the_debt: ("EX-110", "EX-310"),
    bugs.exits_of_longs_leave_the_debt: ("EX-490",),
    bugs.not_found_is_dead: ("EX-050", "EX-370"),
    bugs.gone_is_canceled: ("EX-170", "EX-300"),
    bugs.lists_nothing: ("EX-250", "EX-460"),
    bugs.a_reached_stop_is_any_refusal: ("EX-290",),
    bugs.reads_one_page: ("EX-130",),
    bugs.pages_overlap: ("EX-020", "EX-130"),
    bugs.base_commission_is_ignored: ("EX-030", "EX-120"),
    bugs.the_account_is_cached: ("EX-030", "EX-150"),
    bugs.stamps_with_its_own_clock: ("EX-020",),
    bugs.stamps_once: ("EX-400",),
    bugs.asks_for_no_names: ("EX-200",),
    bugs.sends_again: ("EX-320",),
    bugs.a_server_error_is_a_refusal: ("EX-320",),
    bugs.a_duplicate_is_a_refusal: ("EX-320",),
    bugs.failed_lists_are_empty: ("EX-350",),
    bugs.everything_is_about_the_first_pair: ("EX-480",),
    bugs.pushes_the_sum_for_the_fill: ("EX-140",),
}
PLANTED: Final = [(bug, number) for bug, numbers in BUGS.items() for number in numbers]


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trades, "PAGE", bugs.PAGE)


@pytest.mark.parametrize("number", sorted({number for _, number in PLANTED}))
async def test_the_connector_as_it_is_passes(number: str) -> None:
    async with connected() as harness:
        await CARDS[number].run(harness)


@pytest.mark.parametrize(
    ("bug", "number"), PLANTED, ids=lambda each: getattr(each, "__name__", each)
)
async def test_bug_is_caught(bug: bugs.Bug, number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    async with connected() as harness:
        with pytest.raises(CardFailed):
            await CARDS[number].run(harness)


def test_every_bug_is_tried() -> None:
    written = {
        value
        for value in vars(bugs).values()
        if callable(value) and getattr(value, "__annotations__", {}).get("patch") == "Patch"
    }
    assert written == set(BUGS)
