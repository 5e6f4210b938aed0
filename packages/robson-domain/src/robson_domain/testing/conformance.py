"""Conformance cards: what a port promises, as plain async functions anybody can run.

A card is a numbered promise with the code that tries to break it, a plain coroutine over a
small harness, so that any test runner can drive it:

    @pytest.mark.parametrize("card", EXECUTION_CARDS, ids=str)
    async def test_card(card: ExecutionCard, harness: ExecutionHarness) -> None:
        if card.fits(harness.execution.capabilities):
            await card.run(harness)

Which cards apply is decided by what the adapter says of itself
(:class:`~robson_domain.capabilities.Capabilities`), never by a list kept by hand. Numbers are
spaced, so that a promise found later gets its place.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import attrs

from robson_domain.capabilities import Capabilities

H = TypeVar("H")


class CardFailed(AssertionError):
    """An adapter does not keep the promise of a card."""


def _always(_: Capabilities) -> bool:
    return True


@attrs.frozen
class Card(Generic[H]):
    """One promise.

    Attributes:
        id: Stable number, e.g. ``EX-020``.
        title: The promise in one sentence.
        run: Tries to break the promise; raises :class:`CardFailed` when that succeeds.
        fits: Whether an adapter with these capabilities makes the promise at all.
    """

    id: str
    title: str
    run: Callable[[H], Awaitable[None]]
    fits: Callable[[Capabilities], bool] = _always

    def __str__(self) -> str:
        return self.id


class Deck(Generic[H]):
    """Cards of one port, in the order of their numbers."""

    def __init__(self) -> None:
        self._cards: dict[str, Card[H]] = {}

    def card(
        self, number: str, fits: Callable[[Capabilities], bool] = _always
    ) -> Callable[[Callable[[H], Awaitable[None]]], Callable[[H], Awaitable[None]]]:
        """Return a decorator that adds a function as card ``number``, its first line as title."""

        def add(run: Callable[[H], Awaitable[None]]) -> Callable[[H], Awaitable[None]]:
            title = inspect.cleandoc(run.__doc__ or "").partition("\n")[0]
            self._cards[number] = Card(number, title, run, fits)
            return run

        return add

    @property
    def cards(self) -> tuple[Card[H], ...]:
        """All cards, by number."""
        return tuple(self._cards[number] for number in sorted(self._cards))


def holds(condition: object, broken: str) -> None:
    """Go on when ``condition`` is true.

    Raises:
        CardFailed: With ``broken``, what was seen instead of what was promised.
    """
    if not condition:
        raise CardFailed(broken)
