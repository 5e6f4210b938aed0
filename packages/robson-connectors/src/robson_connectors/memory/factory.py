"""The entry point ``memory``: a connector from plain settings."""

from __future__ import annotations

from typing import Final

from robson_connectors.memory.connector import MemoryConnector, MemoryTerms
from robson_connectors.recording.sizes import instrument_for
from robson_connectors.settings import Config, check_keys, clock_of, value_of
from robson_domain import decimals
from robson_domain.symbols import Symbol
from robson_domain.values import Money

_KEYS: Final = ("clock", "symbols", "quote_balance", "taker_fee_rate", "commission_in_base")


def connector(config: Config) -> MemoryConnector:
    """Return an empty memory venue.

    Args:
        config: ``clock`` (required), ``symbols`` (comma-separated, default BTCUSDT),
            ``quote_balance`` and ``taker_fee_rate`` (text), ``commission_in_base``.

    Raises:
        ConfigurationError: For an unknown or wrong setting.
        ValidationError: For a pair whose sizes are not known, or a number out of its range.
    """
    check_keys(config, _KEYS, "memory")
    names = value_of(config, "symbols", str, "BTCUSDT").split(",")
    fee_rate = decimals.to_decimal(value_of(config, "taker_fee_rate", str, "0.001"))
    return MemoryConnector(
        [instrument_for(Symbol(name.strip())) for name in names],
        Money(value_of(config, "quote_balance", str, "10000")),
        clock_of(config),
        MemoryTerms(
            fee_rate=fee_rate,
            commission_in_base=value_of(config, "commission_in_base", bool, False),
        ),
    )
