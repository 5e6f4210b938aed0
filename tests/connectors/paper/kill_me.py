"""A process that trades on a paper account until it is killed.

Prints every order once it is acknowledged and every fill once it is reported; the test that kills
it holds the account to these lines. Arguments: ledger file, number of the round.
"""

from __future__ import annotations

import asyncio
import sys
import time

from robson_connectors.paper import PairSpec, PaperConnector, open_simulated_market
from robson_connectors.recording import instrument_for
from robson_domain.identity import ClientOrderId
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Money, Price, Quantity
from robson_engine.simulated_venue import VenueAssumptions

BTC = Symbol("BTCUSDT")
PAIRS = (PairSpec(instrument=instrument_for(BTC), start=Price(60_000), interval_ns=2_000_000),)
ASSUMED = VenueAssumptions(latency_ns=3_000_000, fill_fraction="0.9")
BALANCE = Money(1_000_000)


class RealClock:
    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until(self, ts: int) -> None:
        await asyncio.sleep(max(0, ts - time.time_ns()) / 1e9)


def told(report: OrderReport) -> None:
    for fill in report.fills:
        print("fill", report.client_order_id, fill.trade_id, fill.price, fill.quantity, flush=True)


async def main(path: str, turn: str) -> None:
    clock = RealClock()
    market = open_simulated_market(path, clock, pairs=PAIRS)
    paper = PaperConnector(market, path, ASSUMED, BALANCE, clock)
    paper.subscribe_reports(told)
    number = 0
    while True:
        number += 1
        name = f"r{turn}-{number}"
        side = OrderSide.BUY if number % 2 else OrderSide.SELL
        report = await paper.submit(
            NewOrder(
                client_order_id=ClientOrderId(name),
                symbol=BTC,
                side=side,
                quantity=Quantity("0.02"),
                reduces=False,
            )
        )
        print("ack", name, report.status.value, flush=True)
        told(report)
        await asyncio.sleep(0.001)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
