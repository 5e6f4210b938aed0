"""Every intent from its decision to the venue's last word."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from robson_domain import (
    ClientOrderId,
    EntryFilled,
    EntryOrderPlaced,
    Event,
    ExitFilled,
    ExitOrderPlaced,
    Intent,
    IntentId,
    IntentKind,
    IntentStatus,
    OrderInDoubt,
    OrderRejected,
    OrderResolved,
    OrderStatus,
    Quantity,
    ReportStatus,
)
from robson_domain.testing import an_event, an_intent, every_event
from robson_engine import IntentBook
from robson_engine.intent_book import _KEPT_MAX
from tests.engine.world import ENTRY_ID, EXIT_ID, World

I = IntentStatus  # noqa: E741


def entered() -> IntentBook:
    return IntentBook((an_intent(),))


PARTLY = an_event(EntryFilled, order_status=OrderStatus.PARTIALLY_FILLED)


def dead(**facts: Any) -> Event:
    """Return the end of an entry nobody ever confirmed, changed by ``facts``."""
    plain = {
        "client_order_id": ENTRY_ID,
        "order_status": OrderStatus.EXPIRED,
        "filled_qty": Quantity(0),
        "evidence": "dead: nobody knows it",
    }
    return an_event(OrderResolved, **(plain | facts))


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (an_event(EntryFilled), I.DONE),
        (an_event(OrderRejected, client_order_id=ENTRY_ID), I.REJECTED),
        (an_event(OrderInDoubt, client_order_id=ENTRY_ID), I.IN_DOUBT),
        (dead(), I.DEAD),
        (dead(evidence="the venue's answer"), I.DONE),
        (dead(filled_qty=Quantity(1)), I.DONE),
        (dead(order_status=OrderStatus.CANCELED), I.DONE),
        (dead(order_status=OrderStatus.ACCEPTED), None),
        (PARTLY, None),
        (an_event(ExitFilled), None),
    ],
)
def test_every_word_about_an_intent(event: Event, status: IntentStatus | None) -> None:
    book = entered()
    changes = book.changes((event,))
    assert [intent.status for intent in changes] == ([] if status is None else [status])
    found = book.find(ENTRY_ID)
    assert found is not None
    assert found.status is (status or I.RECORDED)
    assert bool(book.unresolved()) is (status in (None, I.IN_DOUBT))


def test_new_intents_are_taken_up() -> None:
    book = IntentBook()
    placed = (an_event(EntryOrderPlaced), an_event(ExitOrderPlaced))
    assert book.changes(placed) == (an_intent(), an_intent(kind=IntentKind.EXIT))
    assert [intent.client_order_id for intent in book.unresolved()] == [ENTRY_ID, EXIT_ID]
    assert book.find(ClientOrderId("x")) is None


def test_the_last_of_several_changes_counts() -> None:
    events = (an_event(EntryOrderPlaced), PARTLY, an_event(EntryFilled))
    changes = IntentBook().changes(events)
    assert [intent.status for intent in changes] == [I.DONE]


def test_what_changes_nothing_is_not_written_again() -> None:
    book = entered()
    assert book.changes((an_event(EntryFilled),)) != ()
    assert book.changes((an_event(EntryFilled),)) == ()
    assert book.changes(every_event()[:4]) == ()


def test_the_venue_may_prove_us_wrong() -> None:
    """Dead, and then filled after all."""
    book = entered()
    book.changes((dead(),))
    assert [intent.status for intent in book.changes((an_event(EntryFilled),))] == [I.DONE]


def test_old_resolved_intents_are_forgotten_unresolved_ones_never() -> None:
    open_intents = [_numbered(n) for n in range(3)]
    book = IntentBook(open_intents)
    done = [attrs.evolve(_numbered(n), status=I.DONE) for n in range(3, _KEPT_MAX + 5)]
    book.changes([an_event(EntryOrderPlaced, intent=intent) for intent in done])
    assert list(book.unresolved()) == open_intents
    kept = [intent for intent in done if book.find(intent.client_order_id)]
    assert kept == done[5:]


def _numbered(n: int) -> Intent:
    return an_intent(client_order_id=ClientOrderId(f"o{n}"), intent_id=IntentId(f"i{n}"))


def test_a_restarted_book_goes_on() -> None:
    world = World().exiting()
    book = IntentBook(world.book.unresolved())
    assert [intent.kind for intent in book.unresolved()] == [IntentKind.EXIT]
    outcome = world.report(
        ReportStatus.FILLED, world.fill(98, 50), order=EXIT_ID, filled_qty=Quantity(50)
    )
    assert [intent.status for intent in book.changes(outcome.events)] == [I.DONE]
    assert book.unresolved() == ()
