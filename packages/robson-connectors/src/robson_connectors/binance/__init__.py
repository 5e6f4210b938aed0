"""Binance isolated margin: orders, market data and holdings of one account."""

from robson_connectors.binance.connector import BinanceConnector, BinanceParts
from robson_connectors.binance.doctor import Finding, Wanted
from robson_connectors.binance.hosts import Hosts, hosts_of
from robson_connectors.binance.limits import BanMemory
from robson_connectors.binance.signing import ApiKeys

__all__ = [
    "ApiKeys",
    "BanMemory",
    "BinanceConnector",
    "BinanceParts",
    "Finding",
    "Hosts",
    "Wanted",
    "hosts_of",
]
