"""A send that hangs on one pair delays no stop of another: seen from the exchange's side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from tests.binance_exchange import Exchange, Options, running_exchange
from tests.binance_exchange.audit import Received
from tests.end_to_end.test_binance import ORDER, in_status, settings_for
from tests.robsond.service import serving, until

HANGS, OTHER = "BTCUSDT", "ETHUSDT"
PRICES = {HANGS: "95000", OTHER: "2000"}
BEYOND = {HANGS: "94000", OTHER: "1979"}
"""Just more than the stop distance of 1 % below: no stop that rests at the exchange is reached."""
HANG_MS = 60_000
PATIENCE_S = 8
"""Longer than any exit may take, shorter than a send is waited for (10 s)."""
DELAY_MAX_MS = 500
Story = Callable[[Exchange, httpx.AsyncClient, str], Awaitable[None]]


async def armed(client: httpx.AsyncClient, symbol: str) -> str:
    body = {"symbol": symbol, "side": "long", "strategy": "manual", "stop_distance": "1%"}
    answer = await client.post("/api/positions", json=body)
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["position"]["position_id"]
    return name


async def trading(exchange: Exchange, symbols: tuple[str, ...]) -> None:
    while True:
        for symbol in symbols:
            exchange.trade(symbol, PRICES[symbol])
        await asyncio.sleep(0.05)


async def entered(exchange: Exchange, client: httpx.AsyncClient, *names: str) -> None:
    beat = asyncio.ensure_future(trading(exchange, (HANGS, OTHER)))
    for name in names:
        found = await until(client, f"/api/positions/{name}", in_status("Active", "Closed"))
        assert found["position"]["status"] == "Active", found
    beat.cancel()


def let_sends_hang(exchange: Exchange, side: str) -> None:
    where = {"symbol": HANGS, "side": side}
    exchange.fault("slow", ORDER, "POST", where=where, delay_ms=HANG_MS, times=None)


def let_questions_hang(exchange: Exchange) -> None:
    """What asks after the order hangs as well."""
    for name in ("symbol", "symbols"):
        exchange.fault("slow", "", "GET", where={name: HANGS}, delay_ms=HANG_MS, times=None)


def sent(exchange: Exchange, symbol: str, side: str) -> list[Received]:
    return [
        call
        for call in exchange.audit.calls("POST", ORDER)
        if call.params["symbol"] == symbol
        and call.params["side"] == side
        and call.params["type"] == "MARKET"
    ]


async def arrived(exchange: Exchange, symbol: str, side: str) -> Received:
    async with asyncio.timeout(PATIENCE_S):
        while not sent(exchange, symbol, side):  # noqa: ASYNC110 - the exchange is only looked at
            await asyncio.sleep(0.002)
    return sent(exchange, symbol, side)[0]


async def exit_delay_ms(exchange: Exchange, symbol: str) -> int:
    """Let a price hit the stop of ``symbol``; return how long its exit took to arrive."""
    hit = exchange.trade(symbol, BEYOND[symbol])
    return (await arrived(exchange, symbol, "SELL")).at_ms - hit.time


async def entry_hangs(exchange: Exchange, client: httpx.AsyncClient, other: str) -> None:
    await entered(exchange, client, other)
    let_sends_hang(exchange, "BUY")
    await armed(client, HANGS)
    beat = asyncio.ensure_future(trading(exchange, (HANGS,)))
    await arrived(exchange, HANGS, "BUY")
    beat.cancel()


async def exit_hangs(exchange: Exchange, client: httpx.AsyncClient, other: str) -> None:
    await entered(exchange, client, other, await armed(client, HANGS))
    let_sends_hang(exchange, "SELL")
    await exit_delay_ms(exchange, HANGS)


@pytest.mark.parametrize(("story", "side"), [(entry_hangs, "BUY"), (exit_hangs, "SELL")])
async def test_a_hanging_send_delays_no_stop_of_another_pair(
    tmp_path: Path, story: Story, side: str
) -> None:
    async with (
        running_exchange(Options(tick_ms=50)) as exchange,
        serving(tmp_path, **settings_for(exchange, "live")) as client,
    ):
        other = await armed(client, OTHER)
        await story(exchange, client, other)
        let_questions_hang(exchange)
        assert await exit_delay_ms(exchange, OTHER) < DELAY_MAX_MS
        closed = await until(client, f"/api/positions/{other}", in_status("Closed"))
        assert closed["position"]["close_reason"] == "trailing_stop"
        stuck = [call.true_status for call in sent(exchange, HANGS, side)]
        assert stuck == [0], "it was to hang until the end"
    assert exchange.audit.double_fills() == {}
