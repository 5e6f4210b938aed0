"""NautilusTrader's BacktestEngine with the same rule on the same walk; prints one JSON line.

Rule: long at the first trade; stop = best price since entry minus d; exit at the first price at
or beyond the stop; the other way at the next trade. Runs in the peers' own environment.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, TradeId, Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

from benchmarks.walk import STOP_TICKS, walk


class TrailConfig(StrategyConfig, frozen=True):
    """Which instrument, and how far behind the best price."""

    instrument_id: InstrumentId
    distance: float


class Trail(Strategy):
    """The workload's rule, as one would write it there."""

    def __init__(self, config: TrailConfig) -> None:
        super().__init__(config)
        self.sign = 0
        self.next_sign = 1
        self.best = 0.0
        self.trades = 0

    def on_start(self) -> None:
        self.instrument = self.cache.instrument(self.config.instrument_id)
        self.subscribe_trade_ticks(self.config.instrument_id)

    def on_trade_tick(self, tick: TradeTick) -> None:
        price = tick.price.as_double()
        if self.sign == 0:
            self.sign, self.best = self.next_sign, price
            self._order(self.sign)
            return
        if (self.best - price) * self.sign >= self.config.distance - 1e-9:
            self._order(-self.sign)
            self.next_sign, self.sign = -self.sign, 0
            self.trades += 1
        elif (price - self.best) * self.sign > 0:
            self.best = price

    def _order(self, sign: int) -> None:
        side = OrderSide.BUY if sign > 0 else OrderSide.SELL
        quantity = self.instrument.make_qty(Decimal("0.16"))
        self.submit_order(self.order_factory.market(self.config.instrument_id, side, quantity))


def main(count: int, shape: str = "calm") -> None:
    """Run the walk of ``count`` trades and print the figures."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
        )
    )
    venue = Venue("BINANCE")
    engine.add_venue(
        venue=venue,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=None,
        starting_balances=[Money(1_000_000_000, USDT)],
    )
    instrument = TestInstrumentProvider.btcusdt_binance()
    engine.add_instrument(instrument)
    prices, times = walk(count, shape)
    size = Quantity(1, instrument.size_precision)
    engine.add_data(
        [
            TradeTick(
                instrument.id, Price(p / 100, 2), size, AggressorSide.BUYER, TradeId(str(n)), t, t
            )
            for n, (p, t) in enumerate(zip(prices, times, strict=True), start=1)
        ]
    )
    strategy = Trail(TrailConfig(instrument_id=instrument.id, distance=STOP_TICKS / 100))
    engine.add_strategy(strategy)
    started = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"per_second": count / seconds, "trades": strategy.trades, "peak_mb": peak}
    sys.stdout.write(json.dumps(figures) + "\n")
    engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
