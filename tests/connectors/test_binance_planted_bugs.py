"""Bugs that this venue invites are planted one by one, and each is caught by the card for it.

The general suite catches those that show on a venue in good order. For the others there are the
cards of ``binance/promises.py``, which need one that loses answers or pushes reports.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from robson_connectors.binance import trades
from robson_domain.errors import VenueError
from robson_domain.testing.conformance import Card, CardFailed
from robson_domain.testing.execution_cards import EXECUTION_CARDS
from tests.binance_exchange import running_exchange
from tests.connectors.binance import planted_bugs as bugs
from tests.connectors.binance.promises import PROMISES, prepared
from tests.connectors.binance.test_connector import Harness

ALL: Final[tuple[Card[Any], ...]] = (*EXECUTION_CARDS, *PROMISES)
CARDS: Final = {str(card): card for card in ALL}
BY_THE_GENERAL_CARDS: Final[dict[bugs.Bug, tuple[str, ...]]] = {
    bugs.forgets_the_isolated_account: ("EX-030",),
    bugs.exits_borrow: ("EX-090", "EX-280"),
    bugs.exits_of_shorts_leave_the_debt: ("EX-110", "EX-310"),
    bugs.not_found_is_dead: ("EX-050",),
    bugs.gone_is_canceled: ("EX-170", "EX-300"),
    bugs.lists_nothing: ("EX-250", "BN-040"),
    bugs.a_reached_stop_is_any_refusal: ("EX-290",),
    bugs.reads_one_page: ("EX-130",),
    bugs.pages_overlap: ("EX-020", "EX-130"),
    bugs.base_commission_is_ignored: ("EX-030", "EX-120"),
    bugs.the_account_is_cached: ("EX-030", "EX-150"),
    bugs.stamps_with_its_own_clock: ("EX-020",),
}
BY_PROMISES: Final[dict[bugs.Bug, tuple[str, ...]]] = {
    bugs.sends_again: ("BN-010",),
    bugs.a_server_error_is_a_refusal: ("BN-010",),
    bugs.a_duplicate_is_a_refusal: ("BN-020",),
    bugs.failed_lists_are_empty: ("BN-030",),
    bugs.everything_is_about_the_first_pair: ("BN-050",),
    bugs.pushes_the_sum_for_the_fill: ("BN-050",),
    bugs.exits_of_longs_leave_the_debt: ("BN-060",),
    bugs.stamps_once: ("BN-070",),
}
BUGS: Final = {**BY_THE_GENERAL_CARDS, **BY_PROMISES}
PLANTED: Final = [(bug, number) for bug, numbers in BUGS.items() for number in numbers]


@asynccontextmanager
async def connected() -> AsyncIterator[Harness]:
    async with running_exchange() as exchange:
        harness = Harness(prepared(exchange))
        try:
            await harness.start()
            yield harness
        finally:
            await harness.end()


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
        with pytest.raises((CardFailed, VenueError)):
            await CARDS[number].run(harness)


def test_every_bug_is_tried() -> None:
    written = {
        value
        for value in vars(bugs).values()
        if callable(value) and getattr(value, "__annotations__", {}).get("patch") == "Patch"
    }
    assert written == set(BUGS)


def test_every_promise_catches_something() -> None:
    assert {str(card) for card in PROMISES} <= {number for _, number in PLANTED}
