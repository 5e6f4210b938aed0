"""Every parser reads what is documented, and survives what is not.

Over REST nothing comes out of a parser but its result or :class:`UnreadableAnswer`; over streams
nothing is raised at all. Tried by breaking a documented message somewhere, deep inside or as a
text, with values that break readers.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_connectors.binance.fields import UnreadableAnswer, parsed
from robson_connectors.binance.parse_stream import Malformed, Quote
from robson_connectors.binance.parse_user import Pushed
from robson_domain.holdings import PairBalances
from robson_domain.market import TradeTick
from robson_domain.reports import OrderReport, ReportStatus
from tests.connectors.binance.documented import (
    MARKET,
    REST,
    USER,
    market,
    pushed,
    user,
)
from tests.connectors.binance.rest.kit import BTC, NOW

HOSTILE: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 10**30, -(10**18), 1.5, 1e300, "", " ", "0", "-0", "-1", "1e5",
    "1E400", "0.000000000000000000000000000001", "NaN", "Infinity", "-inf", "１２", "½", "0x10",
    "1_000", "TRUE", "null", "\x00", "\ud83d\ude00", "\u202e", "A" * 5_000, "9" * 400, [], {},
    [[]], [None], {"": None}, {"e": "executionReport"}, {"code": -1121, "msg": "no"},
)  # fmt: skip
JSON: Final = st.recursive(
    st.sampled_from(HOSTILE) | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
Path = tuple[Any, ...]


def places(content: Any, here: Path = ()) -> Iterator[Path]:
    """Yield the way to every value in ``content``."""
    yield here
    if isinstance(content, dict):
        for name, value in content.items():
            yield from places(value, (*here, name))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from places(value, (*here, index))


def changed(content: Any, way: Path, value: Any, *, drop: bool = False) -> Any:
    """Return ``content`` with the value at ``way`` replaced or left out."""
    if not way:
        return value
    copied = copy.deepcopy(content)
    inner = copied
    for step in way[:-1]:
        inner = inner[step]
    if drop:
        del inner[way[-1]]
    else:
        inner[way[-1]] = value
    return copied


def wire(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def rest(name: str, body: bytes) -> object:
    """Return what the parser makes of ``body``; None when it says that it cannot read it."""
    with contextlib.suppress(UnreadableAnswer):
        return REST[name].read(parsed(body))
    return None


# ----------------------------------------------------------------------------- as documented


@pytest.mark.parametrize("name", REST)
def test_what_is_documented_is_read(name: str) -> None:
    found = REST[name].read(parsed(wire(REST[name].content)))
    assert found not in (None, REST[name].empty)


@pytest.mark.parametrize("name", MARKET)
def test_what_the_market_streams_say_is_read(name: str) -> None:
    assert not isinstance(market(wire(MARKET[name])), Malformed)


@pytest.mark.parametrize("name", USER)
def test_what_the_user_stream_says_is_read(name: str) -> None:
    found = user(wire(USER[name]))
    assert not isinstance(found, Malformed)
    assert not (isinstance(found, Pushed) and isinstance(found.event, Malformed))


def test_some_of_it_value_by_value() -> None:
    pair = rest("pair", wire(REST["pair"].content))
    assert isinstance(pair, PairBalances)
    assert (pair.base.held, pair.base.debt) == (Decimal("0.5"), Decimal("0.10000012"))
    assert (str(pair.liquidation_price), pair.margin_level) == ("71234.5", Decimal("2.31"))
    tick = market(wire(MARKET["aggregate"]))
    assert isinstance(tick, TradeTick)
    assert (tick.symbol, tick.ticks, tick.trade_id, tick.ts_event) == (BTC, 6_000_001, 26129, NOW)
    said = user(wire(USER["canceled"]))
    assert isinstance(said, Pushed)
    assert isinstance(said.event, OrderReport)
    about = (said.subscription, said.event.client_order_id, said.event.status)
    assert about == (3, "x", ReportStatus.CANCELED)


# ------------------------------------------------------------------------------ broken places


@pytest.mark.parametrize("name", REST)
def test_no_value_anywhere_breaks_a_reader(name: str) -> None:
    """Every place with every hostile value: nothing escapes."""
    content = REST[name].content
    for way in places(content):
        for value in HOSTILE:
            rest(name, wire(changed(content, way, value)))
        if way:
            rest(name, wire(changed(content, way, None, drop=True)))


@pytest.mark.parametrize(("frames", "read"), [(MARKET, market), (USER, user)])
def test_no_value_anywhere_breaks_a_stream(frames: dict[str, Any], read: Any) -> None:
    for content in frames.values():
        for way in places(content):
            for value in HOSTILE:
                read(wire(changed(content, way, value)))
            if way:
                read(wire(changed(content, way, None, drop=True)))


@given(data=st.data())
@settings(max_examples=300)
def test_two_broken_places_break_nothing(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(REST)))
    content = REST[name].content
    for _ in range(2):
        way = data.draw(st.sampled_from(list(places(content))))
        content = changed(content, way, data.draw(JSON))
    rest(name, wire(content))


@given(data=st.data())
@settings(max_examples=300)
def test_two_broken_places_break_no_stream(data: st.DataObject) -> None:
    frames, read = data.draw(st.sampled_from([(MARKET, market), (USER, user)]))
    content = frames[data.draw(st.sampled_from(sorted(frames)))]
    for _ in range(2):
        way = data.draw(st.sampled_from(list(places(content))))
        content = changed(content, way, data.draw(JSON))
    read(wire(content))


@given(data=st.data())
@settings(max_examples=300)
def test_a_damaged_text_breaks_nothing(data: st.DataObject) -> None:
    """Cut off, doubled, or with other bytes in the middle."""
    every = [*(each.content for each in REST.values()), *MARKET.values(), *USER.values()]
    body = wire(data.draw(st.sampled_from(every)))
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, len(body)))
    damaged = body[:start] + data.draw(st.binary(max_size=6)) + body[end:]
    market(damaged)
    user(damaged)
    for name in REST:
        rest(name, damaged)


@pytest.mark.parametrize("name", MARKET)
def test_a_frame_that_is_no_text_is_malformed(name: str) -> None:
    """In a name that nobody reads it changes nothing; anywhere else it is no trade and no quote."""
    body = wire(MARKET[name])
    whole = market(body)
    for at in range(len(body)):
        found = market(body[:at] + b"\x80" + body[at:])
        assert found == whole or not isinstance(found, TradeTick | Quote)


# -------------------------------------------------------------------------- what must not pass


IDS: Final[tuple[tuple[str, str], ...]] = (
    ("sent", "orderId"),
    ("sent", "clientOrderId"),
    ("trades", "orderId"),
)
VALUES: Final[tuple[tuple[str, str], ...]] = (
    ("sent", "symbol"), ("sent", "status"), ("sent", "executedQty"), ("trades", "id"),
    ("trades", "price"), ("trades", "qty"), ("trades", "isBuyer"), ("pair", "symbol"),
    ("pair", "free"), ("pair", "borrowed"), ("tiers", "liquidationRiskRatio"),
    ("interest", "interest"), ("liquidations", "side"), ("borrowable", "amount"),
)  # fmt: skip
NO_IDS: Final[tuple[Any, ...]] = ([], {}, True, 1.5)
NO_VALUES: Final[tuple[Any, ...]] = ([], {}, "½", "NaN", "12px")


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        *((*which, value) for which in IDS for value in NO_IDS),
        *((*which, value) for which in VALUES for value in NO_VALUES),
    ],
)
def test_what_a_decision_rests_on_is_never_made_up(name: str, field: str, value: Any) -> None:
    """A field that counts is there and right, or the whole answer counts as none."""
    content = REST[name].content
    way = next(way for way in places(content) if way[-1:] == (field,))
    assert rest(name, wire(changed(content, way, value))) in (None, ())


def test_a_report_about_no_pair_is_none() -> None:
    event = USER["execution"]["event"]
    for field in ("s", "c", "X", "z", "i", "L", "t"):
        found = user(wire(pushed(changed(event, (field,), None))))
        assert isinstance(found, Pushed)
        assert isinstance(found.event, Malformed), field
        assert attrs.asdict(found)["subscription"] == 3
