"""Canonical JSON of everything that is stored: exact, versioned, one text per value.

Members of the closed unions carry their ``type``, events also their version ``v``; every other
object is known from the field that holds it. Decimals and value objects are canonical text,
times are integers of nanoseconds, keys are sorted, nothing is a float.

Invariants:
    1. ``decode(loads(dumps(x)), type(x)) == x`` for every storable x.
    2. Equal values have equal text, in any process and hash seed.
    3. Unknown keys, types and versions are refused (:class:`UnknownSchema`), never dropped.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeVar

import attrs

from robson_domain import batch, commands, decimals, events, inputs, values
from robson_domain.errors import RobsonError, UnknownSchema

JsonValue = None | bool | int | str | list["JsonValue"] | dict[str, "JsonValue"]
T = TypeVar("T")


def _members(*unions: object) -> dict[str, type]:
    found = [member for union in unions for member in typing.get_args(union)]
    return {member.__name__: member for member in found}


EVENT_TYPES: Final = _members(events.Event)
TAGGED: Final = _members(events.Event, inputs.Input, commands.Command, batch.State)
"""Every class that carries its own name as ``type``."""


def encode(value: object) -> JsonValue:
    """Return ``value`` as JSON values.

    Raises:
        UnknownSchema: For a type that is not storable, a float above all.
    """
    return _encoder(type(value))(value)


def dumps(value: object) -> str:
    """Return the canonical JSON text of ``value``."""
    return canonical(encode(value))


def canonical(value: JsonValue) -> str:
    """Return JSON values as canonical text: sorted keys, no spaces, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def loads(text: str | bytes) -> JsonValue:
    """Return the JSON values of ``text``.

    Raises:
        UnknownSchema: For text that is no JSON, or that holds a binary float.
    """
    try:
        parsed: JsonValue = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise UnknownSchema(f"not canonical JSON: {error}") from None
    return parsed


def decode(value: JsonValue, kind: type[T]) -> T:
    """Return the object of type ``kind`` that ``value`` stands for.

    Raises:
        UnknownSchema: When it does not fit exactly.
    """
    result: T = _checked(_decoder(kind), value)
    return result


def decode_event(value: JsonValue) -> events.Event:
    """Return the event that ``value`` stands for.

    Raises:
        UnknownSchema: For an unknown type or version.
    """
    result: events.Event = _checked(_decode_tagged(EVENT_TYPES), value)
    return result


def decode_tagged(value: JsonValue) -> object:
    """Return the member of one of the closed unions that ``value`` names by its ``type``.

    Raises:
        UnknownSchema: For an unknown type or version.
    """
    return _checked(_decode_tagged(TAGGED), value)


def _checked(decoder: Callable[[Any], Any], value: JsonValue) -> Any:
    try:
        return decoder(value)
    except UnknownSchema:
        raise
    except (RobsonError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise UnknownSchema(f"does not fit: {error}") from None


def _no_float(text: str) -> JsonValue:
    raise UnknownSchema(f"binary float {text[:20]} in stored data")


_ENCODERS: Final[dict[type, Callable[[Any], JsonValue]]] = {}
_DECODERS: Final[dict[Any, Callable[[Any], Any]]] = {}


def _encoder(kind: type) -> Callable[[Any], JsonValue]:
    found = _ENCODERS.get(kind)
    if found is None:
        found = _ENCODERS[kind] = _make_encoder(kind)
    return found


def _decoder(hint: Any) -> Callable[[Any], Any]:
    found = _DECODERS.get(hint)
    if found is None:
        found = _DECODERS[hint] = _make_decoder(hint)
    return found


def _make_encoder(kind: type) -> Callable[[Any], JsonValue]:
    if kind in (bool, int, type(None)):
        return _same
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, str):
        return str
    if issubclass(kind, Decimal):
        return decimals.text
    if issubclass(kind, values._Amount):
        return str
    if hasattr(kind, "_fields"):
        return _encode_fields(kind, kind._fields)
    if issubclass(kind, tuple | list):
        return lambda items: [encode(item) for item in items]
    if attrs.has(kind):
        return _encode_fields(kind, tuple(field.name for field in attrs.fields(kind)))
    raise UnknownSchema(f"{kind.__name__} is not storable")


def _same(value: Any) -> Any:
    return value


def _encode_fields(kind: type, names: tuple[str, ...]) -> Callable[[Any], JsonValue]:
    tags: dict[str, JsonValue] = {}
    if kind.__name__ in TAGGED:
        tags["type"] = kind.__name__
    if kind.__name__ in EVENT_TYPES:
        tags["v"] = getattr(kind, "VERSION")  # noqa: B009 (mypy cannot see it on a bare type)

    def encode_object(value: Any) -> JsonValue:
        body = dict(tags)
        for name in names:
            item = getattr(value, name)
            body[name] = _encoder(type(item))(item)
        return body

    return encode_object


def _make_decoder(hint: Any) -> Callable[[Any], Any]:
    hint = getattr(hint, "__supertype__", hint)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(typing.get_args(hint))
    if origin is tuple:
        return _decode_tuple(typing.get_args(hint))
    if hint in (bool, int, str):
        return _decode_exact(hint)
    if hint is Decimal:
        return _decode_number(decimals.to_decimal)
    if issubclass(hint, values._Amount):
        return _decode_number(hint)
    if issubclass(hint, str | Enum):
        return typing.cast(Callable[[Any], Any], hint)
    return _decode_object(hint)


def _decode_exact(kind: type) -> Callable[[Any], Any]:
    def decode_exact(value: Any) -> Any:
        if type(value) is not kind:
            raise UnknownSchema(f"{value!r:.60} is no {kind.__name__}")
        return value

    return decode_exact


def _decode_number(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decode_number(value: Any) -> Any:
        if type(value) is not str:
            raise UnknownSchema(f"{value!r:.60} is no decimal text")
        return make(value)

    return decode_number


def _decode_tuple(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if arguments[-1] is Ellipsis:
        item = _decoder(arguments[0])
        return lambda values_: tuple(item(value) for value in values_)
    items = [_decoder(argument) for argument in arguments]
    return lambda values_: tuple(item(v) for item, v in zip(items, values_, strict=True))


def _decode_union(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    some = [argument for argument in arguments if argument is not type(None)]
    optional = len(some) < len(arguments)
    if len(some) == 1:
        inner = _decoder(some[0])
    else:
        inner = _decode_tagged({member.__name__: member for member in some})
    return lambda value: None if optional and value is None else inner(value)


def _decode_tagged(members: dict[str, type]) -> Callable[[Any], Any]:
    def decode_tagged_member(value: Any) -> Any:
        name = value.get("type") if isinstance(value, dict) else None
        if name not in members:
            raise UnknownSchema(f"unknown type {name!r:.60}")
        return _decoder(members[name])(value)

    return decode_tagged_member


def _decode_object(kind: type) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(kind)
    if attrs.has(kind):
        names = tuple(field.name for field in attrs.fields(kind))
    else:
        names = kind._fields  # type: ignore[attr-defined]
    tags = {"type"} if kind.__name__ in TAGGED else set()
    version = getattr(kind, "VERSION", None)
    if version is not None:
        tags.add("v")

    def decode_object(value: Any) -> Any:
        if not isinstance(value, dict):
            raise UnknownSchema(f"{kind.__name__}: {value!r:.60} is no object")
        if version is not None and value.get("v") != version:
            raise UnknownSchema(f"{kind.__name__}: version {value.get('v')!r:.20} is not known")
        if unknown := value.keys() - tags - set(names):
            raise UnknownSchema(f"{kind.__name__}: unknown fields {sorted(unknown)}")
        return kind(**{name: _decoder(hints[name])(value[name]) for name in names if name in value})

    return decode_object
