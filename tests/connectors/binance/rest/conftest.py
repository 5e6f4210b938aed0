from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.connectors.binance.rest.kit import Server, Venue, usual


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as running:
        usual(running)
        yield running


@pytest.fixture
async def venue(server: Server) -> AsyncIterator[Venue]:
    made = Venue(server)
    yield made
    await made.rest.close()
