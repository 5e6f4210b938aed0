"""The entry point ``paper``: a connector from plain settings."""

from __future__ import annotations

from typing import Final

from robson_connectors.paper.account import open_simulated_market
from robson_connectors.paper.connector import PaperConnector
from robson_connectors.settings import Config, check_keys, clock_of, value_of
from robson_domain.values import Money
from robson_engine.simulated_venue import VenueAssumptions

_KEYS: Final = (
    "clock",
    "ledger_path",
    "market",
    "quote_balance",
    "taker_fee_rate",
    "latency_ns",
    "fill_fraction",
    "seed",
    "volatility",
)


def connector(config: Config) -> PaperConnector:
    """Return a paper account on a simulated market, or on ``market`` when that is given.

    Args:
        config: ``clock`` (required), ``ledger_path`` (text; missing = in memory), ``market`` (a
            PaperMarket), ``quote_balance`` (text, default 10000), ``taker_fee_rate``,
            ``fill_fraction`` (text), ``latency_ns``, ``seed``, ``volatility`` (whole numbers).

    Raises:
        ConfigurationError: For an unknown or wrong setting, or a ledger of another market.
        StoreError: When the ledger cannot be used.
        ValidationError: For a number out of its range.
    """
    check_keys(config, _KEYS, "paper")
    clock = clock_of(config)
    path = value_of(config, "ledger_path", str, "") or None
    market = config.get("market") or open_simulated_market(
        path,
        clock,
        seed=None if config.get("seed") is None else value_of(config, "seed", int, 1),
        volatility=value_of(config, "volatility", int, 100),
    )
    assumptions = VenueAssumptions(
        taker_fee_rate=value_of(config, "taker_fee_rate", str, "0.001"),
        latency_ns=value_of(config, "latency_ns", int, 50_000_000),
        fill_fraction=value_of(config, "fill_fraction", str, "") or None,
    )
    balance = Money(value_of(config, "quote_balance", str, "10000"))
    return PaperConnector(market, path, assumptions, balance, clock)  # type: ignore[arg-type]
