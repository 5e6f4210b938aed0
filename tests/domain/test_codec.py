"""Canonical JSON: every value has one text, and only that value reads back from it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import (
    DetectorSpec,
    Fill,
    Head,
    Instrument,
    Intent,
    Ledger,
    Money,
    Panic,
    PositionErrored,
    Price,
    PriceOrigin,
    Quantity,
    Reply,
    RiskConfig,
    Side,
    Symbol,
    TimePassed,
    TradeTick,
    TrailingStopUpdated,
    UnknownSchema,
    codec,
)
from robson_domain.testing import (
    a_fill,
    a_position,
    a_risk,
    a_tick,
    an_account,
    an_event,
    an_instrument,
    an_intent,
    an_order,
    every_command,
    every_event,
    every_input,
    every_state,
    strategies,
)
from tests.domain.classes import classes, records

JSON: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), strategies.texts()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
ONE_OF_EACH: Final = (*every_event(), *every_input(), *every_command(), *every_state())


def _named(value: object) -> str:
    return type(value).__name__


def _round_trip(value: Any) -> None:
    text = codec.dumps(value)
    back = codec.decode(codec.loads(text), type(value))
    assert back == value
    assert type(back) is type(value)
    assert codec.dumps(back) == text


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_record_reads_back(kind: type, data: st.DataObject) -> None:
    _round_trip(data.draw(strategies.of(kind)))


@pytest.mark.parametrize(
    "kind", [k for k in classes() if issubclass(k, Enum)], ids=lambda kind: kind.__name__
)
def test_every_enum_reads_back(kind: type[Enum]) -> None:
    for member in kind:
        assert codec.decode(codec.encode(member), kind) is member


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_text_written_at_once_is_that_of_the_values(kind: type, data: st.DataObject) -> None:
    """The writer is a shortcut past JSON values and the JSON encoder, to the same bytes."""
    value = data.draw(strategies.of(kind))
    assert codec.dumps(value) == codec.canonical(codec.encode(value))


@pytest.mark.parametrize("field", ["mark", "cause_id", "best"])
def test_the_short_way_of_a_summary_refuses_what_the_general_way_does(field: str) -> None:
    event = an_event(TrailingStopUpdated, **{field: 0.5})
    with pytest.raises(UnknownSchema, match="float is not storable"):
        codec.dumps(event)


@given(strategies.texts(), st.booleans(), st.integers(), st.integers(-99, 99).map(Decimal))
def test_plain_values_are_written_as_they_are_encoded(
    text: str, flag: bool, number: int, amount: Decimal
) -> None:
    for value in (text, flag, number, amount, None, [text, flag], (number, [amount]), Side.LONG):
        assert codec.dumps(value) == codec.canonical(codec.encode(value))


@pytest.mark.parametrize("value", [0.5, {"a": 1}, [0.5]])
def test_what_is_not_storable_is_not_encoded_either(value: object) -> None:
    with pytest.raises(UnknownSchema, match="is not storable"):
        codec.encode(value)


@given(strategies.any_event())
def test_events_read_back_by_their_own_name(event: Any) -> None:
    assert codec.decode_event(codec.loads(codec.dumps(event))) == event


@pytest.mark.parametrize("value", ONE_OF_EACH, ids=_named)
def test_members_of_the_unions_name_themselves(value: Any) -> None:
    encoded = codec.encode(value)
    assert isinstance(encoded, dict)
    assert encoded["type"] == type(value).__name__
    assert codec.decode_tagged(encoded) == value


def test_events_and_nothing_else_carry_a_version() -> None:
    for value in ONE_OF_EACH:
        encoded = codec.encode(value)
        assert isinstance(encoded, dict)
        assert encoded.get("v") == (1 if value in every_event() else None)


@given(strategies.batches(), strategies.texts())
def test_text_is_ascii_sorted_and_without_spaces(batch: Any, text: str) -> None:
    for value in (batch, Reply(command_id=text)):
        written = codec.dumps(value)
        assert written == json.dumps(json.loads(written), sort_keys=True, separators=(",", ":"))
        assert written.isascii()


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (a_risk(risk_percent="1.0"), a_risk(risk_percent=Decimal("1.00"))),
        (a_risk(capital=Money("10000.0")), a_risk(capital=Money("1e4"))),
        (an_account(net_qty="-0"), an_account(net_qty=0)),
        (an_instrument(tick_size="0.010"), an_instrument(tick_size=Decimal("1e-2"))),
        (a_fill(price=Price("100.000")), a_fill(price=Price(100))),
        (a_position(dust=Decimal("-0.0")), a_position(dust=Decimal(0))),
        (a_tick(origin=PriceOrigin.GAP), a_tick(origin=1)),
        (an_order(symbol=Symbol("btc/usdt")), an_order(symbol=Symbol("BTCUSDT"))),
    ],
    ids=["percent", "money", "zero", "tick", "price", "dust", "origin", "symbol"],
)
def test_equal_values_have_equal_text(one: object, same: object) -> None:
    assert one == same
    assert codec.dumps(one) == codec.dumps(same)


def test_text_is_the_same_in_every_process() -> None:
    """Sets and hashes differ between processes; what is stored may not."""
    program = (
        "from robson_domain import codec\n"
        "from robson_domain.testing import *\n"
        "for value in (*every_event(), *every_input(), *every_command(), *every_state()):\n"
        "    print(codec.dumps(value))\n"
    )
    expected = "\n".join(map(codec.dumps, ONE_OF_EACH)) + "\n"
    for seed in ("0", "1", "4242"):
        found = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout == expected


@pytest.mark.parametrize("value", [0.5, float("nan"), 1j, b"x", {"a": 1}, {1}, object(), [0.5]])
def test_what_is_not_storable_is_refused(value: object) -> None:
    with pytest.raises(UnknownSchema, match="is not storable"):
        codec.dumps(value)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "1E+20", "1E-41"])
def test_numbers_that_would_not_read_back_are_not_stored(number: str) -> None:
    """A log that holds one of them could never be opened again."""
    with pytest.raises(UnknownSchema, match="not storable"):
        codec.dumps(a_position(dust=Decimal(number)))


def _with(value: object, **changes: Any) -> Any:
    encoded = codec.encode(value)
    assert isinstance(encoded, dict)
    return {**encoded, **changes}


def _without(value: object, name: str) -> Any:
    return {key: item for key, item in _with(value).items() if key != name}


ERRORED: Final = an_event(PositionErrored)


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        *((type(value), _with(value, unheard=1)) for value in ONE_OF_EACH),
        *((type(value), _with(value, type="Unheard")) for value in ONE_OF_EACH),
        *((type(value), _with(value, type=None)) for value in ONE_OF_EACH),
        *((type(value), _without(value, "type")) for value in ONE_OF_EACH),
        *((type(value), _with(value, v=2)) for value in every_event()),
        *((type(value), _with(value, v=True)) for value in every_event()),
        *((type(value), _with(value, v="1")) for value in every_event()),
        *((type(value), _without(value, "v")) for value in every_event()),
        *((type(value), _without(value, "sequence")) for value in every_event()),
        (PositionErrored, _with(ERRORED, sequence=True)),
        (PositionErrored, _with(ERRORED, sequence="16")),
        (PositionErrored, _with(ERRORED, problem=None)),
        (PositionErrored, _with(ERRORED, problem=["a"])),
        (PositionErrored, _with(ERRORED, input=_with(a_fill()))),
        (PositionErrored, _with(ERRORED, input=[])),
        (TimePassed, _with(Panic(command_id="c", ts_received=1))),
        (TimePassed, []),
        (Fill, _with(a_fill(), price=100)),
        (Fill, _with(a_fill(), price="0")),
        (Fill, _with(a_fill(), price="NaN")),
        (Fill, _with(a_fill(), price=None)),
        (Fill, _with(a_fill(), quantity="0")),
        (Fill, _with(a_fill(), liquidity="BOTH")),
        (Fill, _with(a_fill(), liquidity=1)),
        (Fill, _with(a_fill(), v=1)),
        (Intent, _with(an_intent(), type="Intent")),
        (Instrument, _with(an_instrument(), tick_size="0")),
        (Instrument, _with(an_instrument(), symbol="NOPAIR")),
        (RiskConfig, _with(a_risk(), risk_percent="101")),
        (RiskConfig, _without(a_risk(), "capital")),
        (Reply, _with(Reply(command_id="c"), positions="ab")),
        (Reply, _with(Reply(command_id="c"), positions={"ab": 1})),
        (DetectorSpec, {"name": "ma", "params": "ab"}),
        (DetectorSpec, {"name": "ma", "params": {"ab": 1}}),
        (DetectorSpec, {"name": "ma", "params": [["a"]]}),
        (DetectorSpec, {"name": "ma", "params": [["a", "b", "c"]]}),
        (DetectorSpec, {"name": "ma", "params": ["ab"]}),
        (Ledger, _with(every_state()[1], entries=[1, "2"])),
        (TradeTick, _with(a_tick(), origin=True)),
        (TradeTick, _with(a_tick(), origin=9)),
        (TradeTick, _without(a_tick(), "ticks")),
        (Head, None),
        (Head, "head"),
    ],
)
def test_what_does_not_fit_exactly_is_refused(kind: type[Any], stored: Any) -> None:
    with pytest.raises(UnknownSchema):
        codec.decode(stored, kind)


@pytest.mark.parametrize(
    "stored",
    [
        *(None, 1, "PositionArmed", [], {}, {"type": []}, {"type": {}}, {"type": None}),
        *({"type": "position_armed"}, {"type": "_Event", "v": 1}, {"type": "RobsonError"}),
    ],
)
def test_unknown_types_are_refused(stored: Any) -> None:
    with pytest.raises(UnknownSchema, match=r"unknown type|does not fit"):
        codec.decode_event(stored)
    with pytest.raises(UnknownSchema, match=r"unknown type|does not fit"):
        codec.decode_tagged(stored)


@pytest.mark.parametrize("value", [*every_input(), *every_command(), *every_state()], ids=_named)
def test_only_events_are_read_as_events(value: object) -> None:
    with pytest.raises(UnknownSchema, match="unknown type"):
        codec.decode_event(codec.encode(value))


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", '{"a":1', "nul", "1 2", "'a'", '"\n"', "\ufeff1", b"\xff", b'"\xc3"'),
        *("1.0", "1e5", "-0.5", "[1.5]", "NaN", "-Infinity", "Infinity", '{"a":1E3}'),
        *("9" * 5_000, "[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000),
    ],
    ids=range(22),
)
def test_text_that_is_no_canonical_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(UnknownSchema):
        codec.loads(text)


def test_refused_floats_are_named() -> None:
    with pytest.raises(UnknownSchema, match=r"binary float 0\.1 in stored data"):
        codec.loads('{"price":0.1}')


@given(st.integers(-(10**4_000), 10**4_000))
def test_integers_of_any_size_are_integers(number: int) -> None:
    assert codec.loads(str(number)) == number
    assert codec.decode(number, int) == number


@pytest.mark.parametrize("kind", [Ledger, Head, int, Price, tuple[str, ...], Side])
def test_deep_nesting_is_refused_not_followed(kind: Any) -> None:
    """The reader's own stack must not be what breaks, wherever in it the depth is reached."""
    for depth in (10, 500, *range(800, 1_000, 3)):
        try:
            parsed = codec.loads("[" * depth + "]" * depth)
        except UnknownSchema:
            continue
        with pytest.raises(UnknownSchema, match="a list is no"):
            codec.decode([parsed] if kind == tuple[str, ...] else parsed, kind)


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(stored=JSON)
def test_any_json_is_refused_or_read(kind: type, stored: Any) -> None:
    back: object = None
    with contextlib.suppress(UnknownSchema):
        back = codec.decode(stored, kind)
    assert back is None or type(back) is kind


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = []
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        inner = [place for key, item in items for place in _places(item, (*at, key))]
    return [at, *inner]


def _replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = _replaced(copy[at[0]], at[1:], new)
    return copy


@pytest.mark.parametrize("event", every_event(), ids=_named)
@settings(max_examples=60)
@given(data=st.data())
def test_spoiled_events_are_refused_or_read_as_they_stand(event: Any, data: st.DataObject) -> None:
    """Nothing inside may be dropped or turned into something else on the way."""
    stored = codec.encode(event)
    place = data.draw(st.sampled_from(_places(stored)))
    spoiled = _replaced(stored, place, data.draw(JSON))
    try:
        back = codec.decode_event(spoiled)
    except UnknownSchema:
        return
    kept = codec.decode_event(codec.loads(codec.canonical(codec.encode(back))))
    assert kept == back
    if back == event:
        assert codec.canonical(spoiled) == codec.canonical(stored)


def test_half_characters_of_a_venue_are_kept() -> None:
    reply = Reply(command_id="c", message="cut \ud83d")
    assert codec.dumps(reply).encode() == (
        b'{"code":"","command_id":"c","message":"cut \\ud83d","positions":[],"type":"Reply"}'
    )
    _round_trip(reply)


def test_values_have_their_canonical_text() -> None:
    assert codec.dumps((Price("1.50"), Quantity(0), Side.LONG, None, True, 3)) == (
        '["1.5","0","LONG",null,true,3]'
    )


def test_every_member_of_the_unions_is_known_by_its_name() -> None:
    members = {type(value).__name__: type(value) for value in ONE_OF_EACH}
    assert members == codec.TAGGED
    assert set(codec.EVENT_TYPES) == {type(event).__name__ for event in every_event()}
