"""Reading events of older versions: brought up to date on the way in, never rewritten.

A new layout of an event gets a new ``VERSION`` and one entry here that turns the JSON of the
version before into it. Rows stay as they were written, so their hashes keep fitting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from robson_domain import Event, UnknownSchema
from robson_domain.codec import JsonValue, decode_event, loads

Body = dict[str, JsonValue]
Upcaster = Callable[[Body], Body]

UPCASTERS: Final[dict[tuple[str, int], Upcaster]] = {}
"""From (event type, version) to a function that returns the next version's JSON."""


def read_event(sequence: int, text: str) -> Event:
    """Return the event whose stored text is ``text``.

    Raises:
        UnknownSchema: For a type or version nobody knows; ``sequence`` names the row.
    """
    try:
        return decode_event(upcast(loads(text)))
    except UnknownSchema as error:
        raise UnknownSchema(f"event {sequence}: {error}") from None


def upcast(value: JsonValue) -> JsonValue:
    """Return ``value`` in the newest version this build can reach from it."""
    while isinstance(value, dict):
        name, version = value.get("type"), value.get("v")
        if not isinstance(name, str) or type(version) is not int:
            return value
        step = UPCASTERS.get((name, version))
        if step is None:
            return value
        value = step(value)
    return value
