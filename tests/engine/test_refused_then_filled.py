"""A refusal that turns out wrong: the order works again and is asked about until it ends."""

from __future__ import annotations

from robson_domain import IntentStatus, OrderStatus, Quantity, QueryOrder, ReportStatus
from robson_domain.intents import IntentKind
from tests.engine.world import World, id_of


def test_an_order_that_works_again_is_asked_about() -> None:
    world = World().exiting()
    order_id = id_of(IntentKind.EXIT, 1)
    world.report(ReportStatus.REJECTED, order=order_id)
    outcome = world.report(ReportStatus.PARTIALLY_FILLED, world.fill(98, 20), order=order_id)
    asked = [one.client_order_id for one in outcome.commands if isinstance(one, QueryOrder)]
    assert asked == [order_id]
    order = world.position().exit_order
    assert order is not None
    assert order.status is OrderStatus.PARTIALLY_FILLED


def test_its_intent_is_open_again_until_it_ends() -> None:
    """Else nobody would ask, and after a restart nobody would know that there is a question."""
    world = World().exiting()
    order_id = id_of(IntentKind.EXIT, 1)
    world.report(ReportStatus.REJECTED, order=order_id)
    assert world.book.unresolved() == ()
    world.report(ReportStatus.PARTIALLY_FILLED, world.fill(98, 20), order=order_id)
    (intent,) = world.book.unresolved()
    assert (intent.client_order_id, intent.status) == (order_id, IntentStatus.IN_DOUBT)
    assert world.position().is_unresolved
    world.report(ReportStatus.CANCELED, order=order_id, filled_qty=Quantity(20))
    assert order_id not in {intent.client_order_id for intent in world.book.unresolved()}


def test_an_earlier_exit_that_works_again_is_unresolved() -> None:
    world = World().exiting()
    first = id_of(IntentKind.EXIT, 1)
    world.report(ReportStatus.REJECTED, order=first)
    world.wait(300)
    world.time()
    second = id_of(IntentKind.EXIT, 2)
    world.report(ReportStatus.CANCELED, order=second)
    world.report(ReportStatus.PARTIALLY_FILLED, world.fill(98, 20), order=first)
    assert first in {intent.client_order_id for intent in world.book.unresolved()}
