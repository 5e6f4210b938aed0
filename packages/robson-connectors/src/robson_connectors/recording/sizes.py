"""Tick and step sizes, which recordings do not carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.instrument import Instrument
from robson_domain.symbols import Symbol
from robson_domain.values import Notional

_SPOT: Final = {
    "BTCUSDT": ("0.01", "0.00001"),
    "ETHUSDT": ("0.01", "0.0001"),
    "SOLUSDT": ("0.01", "0.001"),
    "BNBUSDT": ("0.01", "0.001"),
    "XRPUSDT": ("0.0001", "0.1"),
    "ADAUSDT": ("0.0001", "0.1"),
    "DOGEUSDT": ("0.00001", "1"),
    "LTCUSDT": ("0.01", "0.001"),
    "ETHBTC": ("0.00001", "0.0001"),
}
_QUOTE_MINIMUM: Final = {"USDT": "5", "BTC": "0.0001"}


def _instrument(name: str, tick: Decimal | str, step: Decimal | str) -> Instrument:
    symbol = Symbol(name)
    return Instrument(
        symbol=symbol,
        tick_size=decimals.to_decimal(tick, "tick_size"),
        step_size=decimals.to_decimal(step, "step_size"),
        notional_min=Notional(_QUOTE_MINIMUM.get(symbol.quote, "0")),
    )


WELL_KNOWN: Final[Mapping[Symbol, Instrument]] = MappingProxyType(
    {Symbol(name): _instrument(name, tick, step) for name, (tick, step) in _SPOT.items()}
)
"""Sizes of the usual spot pairs, so that they need no flags; every other pair does."""


def instrument_for(
    symbol: Symbol,
    tick_size: Decimal | str | None = None,
    step_size: Decimal | str | None = None,
) -> Instrument:
    """Return the instrument of a recording: sizes as given, else those of a well-known pair.

    Raises:
        ValidationError: For a pair that is not well known when a size is not given.
    """
    known = WELL_KNOWN.get(symbol)
    if known is not None:
        tick_size = known.tick_size if tick_size is None else tick_size
        step_size = known.step_size if step_size is None else step_size
    if tick_size is None or step_size is None:
        raise ValidationError(
            "tick_size",
            f"a recording of {symbol} does not say its sizes; pass --tick-size and --step-size",
        )
    return _instrument(symbol, tick_size, step_size)


def infer_sizes(numbers: Iterable[str]) -> Decimal:
    """Return the largest power of ten of which all ``numbers`` are multiples; at most 1.

    A hint for people: a recording that happens to hold only round prices gives too large a size.

    Raises:
        ValidationError: For text that is no number.
    """
    digits = 0
    for number in numbers:
        plain = decimals.text(decimals.to_decimal(number, "price"))
        digits = max(digits, len(plain.partition(".")[2]))
    return Decimal((0, (1,), -digits))
