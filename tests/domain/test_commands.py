"""Commands: a closed union of things to do."""

from __future__ import annotations

import typing

from robson_domain import Command, PlaceEntryOrder, PlaceExitOrder, PlaceVenueStop, Reply
from robson_domain.testing import every_command


def test_one_of_each_is_known_to_the_test_kit() -> None:
    assert tuple(type(command) for command in every_command()) == typing.get_args(Command)


def test_orders_are_placed_by_recorded_intents_alone() -> None:
    """A command that carries an intent can be held back until that intent is durable."""
    for command in every_command():
        if isinstance(command, PlaceEntryOrder | PlaceExitOrder | PlaceVenueStop):
            assert command.intent.client_order_id
        else:
            assert not hasattr(command, "quantity")


def test_an_empty_code_means_done() -> None:
    assert Reply(command_id="c").code == ""
    assert Reply(command_id="c").positions == ()
