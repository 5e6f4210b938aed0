"""A fresh exchange and a raw client for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.binance_exchange import Exchange, Options, running_exchange
from tests.binance_exchange_tests.raw_client import RawClient, client_of


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with running_exchange(Options(tick_ms=20)) as found:
        yield found


@pytest.fixture
async def client(exchange: Exchange) -> AsyncIterator[RawClient]:
    async with client_of(exchange) as found:
        yield found
