"""A refusal that turns out wrong: the order works again and is asked about until it ends."""

from __future__ import annotations

from robson_domain import OrderStatus, QueryOrder, ReportStatus
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
