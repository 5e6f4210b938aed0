"""``python -m tests.binance_exchange --port 0``: prints its addresses, runs until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal

from tests.binance_exchange.exchange import Exchange, Options
from tests.binance_exchange.wire import dumps


def _options(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.binance_exchange")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--api-key", default=Options().api_key)
    parser.add_argument("--api-secret", default=Options().api_secret)
    parser.add_argument("--tick-ms", type=int, default=1000, help="tickers, klines, expiries")
    given = parser.parse_args(arguments)
    return Options(
        port=given.port,
        api_key=given.api_key,
        api_secret=given.api_secret,
        tick_ms=given.tick_ms,
    )


async def _run(options: Options) -> None:
    exchange = Exchange(options)
    await exchange.start()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    addresses = {
        "base_url": exchange.base_url,
        "ws_url": exchange.ws_url,
        "ws_api_url": exchange.ws_api_url,
        "control_url": exchange.base_url + "/control",
    }
    print(dumps(addresses), flush=True)
    await stop.wait()
    await exchange.stop()


if __name__ == "__main__":
    asyncio.run(_run(_options()))
