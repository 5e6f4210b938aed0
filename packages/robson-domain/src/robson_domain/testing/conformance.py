"""Conformance cards: what a port promises, as plain async functions anybody can run.

A card is a numbered promise with the code that tries to break it, a plain coroutine over a
small harness, so that any test runner can drive it:

    @pytest.mark.parametrize("card", EXECUTION_CARDS, ids=str)
    async def test_card(card: ExecutionCard, harness: ExecutionHarness) -> None:
        if not card.fits(harness.execution.capabilities) or card.excuse(harness):
            pytest.skip(card.excuse(harness) or card.title)
        await card.run(harness)

Which cards apply is decided by what the adapter says of itself
(:class:`~robson_domain.capabilities.Capabilities`), never by a list kept by hand. Some cards need
a venue that can be made to misbehave: an ability of the harness (``execution_abilities``). A
harness has it, or says in ``without`` why it cannot; it does not pass in silence. Numbers are
spaced, so that a promise found later gets its place.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
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
        run: Tries to break the promise; raises :class:`CardFailed` when that succeeds, or when
            the adapter raises what nobody expects. Does nothing for a harness with an excuse.
        fits: Whether an adapter with these capabilities makes the promise at all.
        needs: What the harness must be able to do besides.
    """

    id: str
    title: str
    run: Callable[[H], Awaitable[None]]
    fits: Callable[[Capabilities], bool] = _always
    needs: tuple[type, ...] = ()

    def __str__(self) -> str:
        return self.id

    def excuse(self, harness: H) -> str:
        """Return why ``harness`` leaves this card out, empty when it does not."""
        return _excuse(harness, self.needs)


def _excuse(harness: object, needs: tuple[type, ...]) -> str:
    without: Mapping[type, str] = getattr(harness, "without", {})
    return next((without[each] for each in needs if each in without), "")


def _asking(
    run: Callable[[H], Awaitable[None]], needs: tuple[type, ...]
) -> Callable[[H], Awaitable[None]]:
    """Return ``run`` that asks the harness for what it needs, and tells everything as failure."""

    async def asked(harness: H) -> None:
        if _excuse(harness, needs):
            return
        for each in needs:
            able = isinstance(harness, each)
            holds(able, f"make the harness a {each.__name__}, or say in `without` why it cannot")
        try:
            await run(harness)
        except AssertionError:
            raise
        except Exception as error:
            # What a promise allows to be raised is expected where it is asked for.
            raise CardFailed(f"raised {error!r}") from error

    return asked


class Deck(Generic[H]):
    """Cards of one port, in the order of their numbers."""

    def __init__(self) -> None:
        self._cards: dict[str, Card[H]] = {}

    def card(
        self,
        number: str,
        fits: Callable[[Capabilities], bool] = _always,
        needs: tuple[type, ...] = (),
    ) -> Callable[[Callable[[H], Awaitable[None]]], Callable[[H], Awaitable[None]]]:
        """Return a decorator that adds a function as card ``number``, its first line as title."""

        def add(run: Callable[[H], Awaitable[None]]) -> Callable[[H], Awaitable[None]]:
            title = inspect.cleandoc(run.__doc__ or "").partition("\n")[0]
            self._cards[number] = Card(number, title, _asking(run, needs), fits, needs)
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
