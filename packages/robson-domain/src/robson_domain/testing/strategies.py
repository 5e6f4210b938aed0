"""Hypothesis strategies of every public type.

``of(kind)`` draws any value of a class, union or value object by the types of its fields, so a new
field is drawn without a line here; classes whose fields depend on each other have their own entry.
Numbers are made from text, never computed: what is drawn is the same in any decimal context.
"""

from __future__ import annotations

import string
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Final, TypeVar

import attrs
from hypothesis import strategies as st

from robson_domain import commands, events, inputs
from robson_domain.batch import Batch, State
from robson_domain.event_base import BaseAccountEvent
from robson_domain.holdings import AssetBalance
from robson_domain.identity import NO_POSITION
from robson_domain.instrument import Instrument
from robson_domain.intents import Intent
from robson_domain.market import Bar, TradeTick
from robson_domain.orders import Fill, Order
from robson_domain.position import Position
from robson_domain.risk import RiskConfig, TechnicalStopDistance
from robson_domain.risk_limits import RiskLimits
from robson_domain.signals import DetectorSignal
from robson_domain.symbols import Side, Symbol
from robson_domain.values import Money, Notional, Price, PriceDelta, Quantity

T = TypeVar("T")

SYMBOLS: Final = tuple(
    map(Symbol, ("BTCUSDT", "ETHUSDC", "ETHBTC", "SOLEUR", "DOGEUSDT", "XRPBRL"))
)
TICK_SIZES: Final = tuple(map(Decimal, ("0.00000001", "0.0001", "0.01", "0.05", "0.25", "1", "10")))
STEP_SIZES: Final = tuple(map(Decimal, ("0.00000001", "0.00001", "0.001", "0.1", "1", "3", "100")))
TS_MAX: Final = 2**62
"""UTC ns in the year 2116."""


def numbers(
    low: int = -(10**12), high: int = 10**12, places: int = 8
) -> st.SearchStrategy[Decimal]:
    """Draw exact numbers ``n / 10**p`` with ``low`` ≤ n ≤ ``high`` and 0 ≤ p ≤ ``places``.

    Equal numbers are drawn in different forms (``1``, ``1.0``, ``1.00``).
    """
    return st.builds(
        lambda n, p: Decimal(f"{n}E-{p}"), st.integers(low, high), st.integers(0, places)
    )


def prices() -> st.SearchStrategy[Price]:
    """Draw prices from 0.00000001 to a billion."""
    return numbers(1, 10**9).map(Price)


def price_deltas() -> st.SearchStrategy[PriceDelta]:
    """Draw price differences of either sign."""
    return numbers().map(PriceDelta)


def quantities(low: int = 0) -> st.SearchStrategy[Quantity]:
    """Draw quantities up to ten billion; with ``low=1`` never zero.

    Any of them at any of :func:`prices` is a value that can exist.
    """
    return numbers(low, 10**10).map(Quantity)


def money() -> st.SearchStrategy[Money]:
    """Draw amounts of quote currency of either sign."""
    return numbers().map(Money)


def notionals() -> st.SearchStrategy[Notional]:
    """Draw values that are not below zero."""
    return numbers(0).map(Notional)


def symbols() -> st.SearchStrategy[Symbol]:
    """Draw pairs with bases and quotes of different length."""
    return st.sampled_from(SYMBOLS)


def sides() -> st.SearchStrategy[Side]:
    """Draw long or short."""
    return st.sampled_from(Side)


def timestamps() -> st.SearchStrategy[int]:
    """Draw UTC times, ns."""
    return st.integers(0, TS_MAX)


def ids() -> st.SearchStrategy[str]:
    """Draw what the ``Ids`` port may return."""
    return st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=36)


def texts() -> st.SearchStrategy[str]:
    """Draw any text a venue may send, halves of characters included."""
    return st.text(st.characters(exclude_categories=()), max_size=20)


def instruments() -> st.SearchStrategy[Instrument]:
    """Draw instruments whose tick and step sizes are powers of ten, and some that are not."""
    return st.builds(
        Instrument,
        symbol=symbols(),
        tick_size=st.sampled_from(TICK_SIZES),
        step_size=st.sampled_from(STEP_SIZES),
        quantity_min=quantities(),
        quantity_max=quantities(1),
        notional_min=notionals(),
    )


def risks() -> st.SearchStrategy[RiskConfig]:
    """Draw risk limits with percents above 0 and at most 100."""
    percent = st.integers(1, 10_000).map(lambda n: Decimal(f"{n}E-2"))
    return st.builds(
        RiskConfig,
        capital=numbers(1).map(Money),
        risk_percent=percent,
        max_drawdown_percent=percent,
    )


def risk_limits() -> st.SearchStrategy[RiskLimits]:
    """Draw limits of the risk gate; none of them is zero."""
    number, count = numbers(1), st.integers(1, 1_000)
    drawn = {"max_open_positions": count, "entries_per_minute": count}
    shares = ("daily_loss_fraction", "total_risk_fraction", "drawdown_fraction")
    amounts = dict.fromkeys((*shares, "notional_multiple"), number)
    off = (
        *("max_budget_per_symbol_pct", "max_position_size_usd", "position_cap", "disaster_stop"),
    )
    return _fields(RiskLimits, **drawn, **amounts, **{name: st.none() | number for name in off})


@st.composite
def stop_distances(draw: st.DrawFn) -> TechnicalStopDistance:
    """Draw an entry price and a stop on its losing side."""
    lower, upper = sorted(
        draw(st.lists(st.integers(1, 10**9), min_size=2, max_size=2, unique=True))
    )
    places = draw(st.integers(0, 8))
    below, above = Price(Decimal(f"{lower}E-{places}")), Price(Decimal(f"{upper}E-{places}"))
    side = draw(sides())
    entry, stop = (above, below) if side is Side.LONG else (below, above)
    return TechnicalStopDistance(entry_price=entry, technical_stop=stop, side=side)


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    """Draw bars whose low is not above, and whose high is not below, open and close."""
    low, middle, other, high = sorted(
        draw(st.lists(st.integers(1, 10**9), min_size=4, max_size=4)), key=int
    )
    opened, closed = (middle, other) if draw(st.booleans()) else (other, middle)
    at = [Price(Decimal(f"{n}E-2")) for n in (opened, high, low, closed)]
    return Bar(
        symbol=draw(symbols()),
        ts_open=draw(timestamps()),
        interval=draw(st.integers(1, 86_400_000_000_000)),
        open=at[0],
        high=at[1],
        low=at[2],
        close=at[3],
        volume=draw(quantities()),
    )


def fills() -> st.SearchStrategy[Fill]:
    """Draw executions, commissions of any size included."""
    return _fields(Fill, quantity=quantities(1))


def intents() -> st.SearchStrategy[Intent]:
    """Draw decided orders, which are never for nothing."""
    return _fields(Intent, quantity=quantities(1))


def ticks() -> st.SearchStrategy[TradeTick]:
    """Draw market trades of any origin; received may be before event."""
    return of(TradeTick)


def signals() -> st.SearchStrategy[DetectorSignal]:
    """Draw signals, those with a stop on the wrong side included."""
    return of(DetectorSignal)


def orders() -> st.SearchStrategy[Order]:
    """Draw orders in any status."""
    return of(Order)


def positions() -> st.SearchStrategy[Position]:
    """Draw positions in any status; for plausible ones take ``builders.a_position``."""
    return of(Position)


def any_event() -> st.SearchStrategy[events.Event]:
    """Draw members of the union of events, their causing input included."""
    return of_union(events.Event)


def any_input() -> st.SearchStrategy[inputs.Input]:
    """Draw members of the union of inputs."""
    return of_union(inputs.Input)


def any_command() -> st.SearchStrategy[commands.Command]:
    """Draw members of the union of commands."""
    return of_union(commands.Command)


def any_state() -> st.SearchStrategy[State]:
    """Draw members of the union of states."""
    return of_union(State)


def batches() -> st.SearchStrategy[Batch]:
    """Draw batches, empty ones included; their events continue no log."""
    return of(Batch)


def of_union(union: object) -> st.SearchStrategy[Any]:
    """Draw a member of a closed union such as ``Event``."""
    return st.one_of([of(member) for member in typing.get_args(union)])


def of(kind: type[T]) -> st.SearchStrategy[T]:
    """Draw any value of ``kind``: a value object, an enum, an attrs class or a named tuple.

    Raises:
        TypeError: When ``kind`` has a field of a type that is not storable.
    """
    hint: Any = kind
    drawn: st.SearchStrategy[T] = _for_hint(hint)
    return drawn


def asset_balances() -> st.SearchStrategy[AssetBalance]:
    """Draw balances; nothing in them is below zero."""
    amounts = {name: numbers(low=0) for name in ("free", "locked", "borrowed", "interest")}
    return _fields(AssetBalance, **amounts)


_PLAIN: Final[dict[Any, Callable[[], st.SearchStrategy[Any]]]] = {
    bool: st.booleans,
    # Counters, times, sequences and versions: all of them fit a database column.
    int: lambda: st.one_of(st.integers(0, 9), st.integers(-(2**63), 2**63 - 1)),
    str: texts,
    Decimal: numbers,
    Price: prices,
    PriceDelta: price_deltas,
    Quantity: quantities,
    Money: money,
    Notional: notionals,
    Symbol: symbols,
    Instrument: instruments,
    RiskConfig: risks,
    RiskLimits: risk_limits,
    inputs.SetRiskLimits: lambda: _fields(inputs.SetRiskLimits, capital=numbers(1).map(Money)),
    TechnicalStopDistance: stop_distances,
    Bar: bars,
    Fill: fills,
    Intent: intents,
    AssetBalance: asset_balances,
}


@cache
def _for_hint(hint: Any) -> st.SearchStrategy[Any]:
    if hint in _PLAIN:
        return _PLAIN[hint]()
    if hasattr(hint, "__supertype__"):
        return ids()
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        some = [argument for argument in arguments if argument is not type(None)]
        drawn = st.one_of([_for_hint(argument) for argument in some])
        return drawn if len(some) == len(arguments) else st.none() | drawn
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(_for_hint(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_for_hint, arguments))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and issubclass(hint, BaseAccountEvent):
        return _fields(hint, position_id=st.just(NO_POSITION))
    return _fields(hint)


def _fields(kind: type[T], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    hints = typing.get_type_hints(kind)
    if attrs.has(kind):
        names = [field.name for field in attrs.fields(kind)]
    else:
        names = list(getattr(kind, "_fields", ()))
    if not names:
        raise TypeError(f"no strategy for {kind}")
    drawn = {name: given[name] if name in given else _for_hint(hints[name]) for name in names}
    return st.builds(kind, **drawn)
