"""A market that never stands still, for daemons that are killed meanwhile."""

from __future__ import annotations

import threading

from anyio.from_thread import BlockingPortal

from tests.binance_exchange import Exchange


class Market:
    """Trades both pairs every 50 ms at what it was told last, in the exchange's own thread."""

    def __init__(self, portal: BlockingPortal, exchange: Exchange) -> None:
        self.prices = {"BTCUSDT": "95000", "ETHUSDT": "2000"}
        self._portal = portal
        self._exchange = exchange
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.05):
            for symbol, price in tuple(self.prices.items()):
                self._portal.call(self._exchange.trade, symbol, price)

    def end(self) -> None:
        self._over.set()
        self._thread.join()
