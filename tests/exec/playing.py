"""Playing back made-up markets on the whole machine; light enough for a process of its own."""

from __future__ import annotations

from decimal import Decimal

from robson_domain import CloseReason, DetectorSpec, Head, Side, Store, TradeTick
from robson_engine import VenueAssumptions
from tests.exec.world import BTC, ETH, MS, SECOND, T0, World, arm_request, paper_world

DETECTORS = [
    DetectorSpec(name="delay", params=(("stop_distance", "1%"),)),
    DetectorSpec(name="delay", params=(("seconds", "0.35"), ("stop_distance", "0.5%"))),
    DetectorSpec(name="test", params=(("stop_distance", "0.3"),)),
]


def walk(steps: list[int], gaps: list[int]) -> list[TradeTick]:
    """Trades of two pairs, with pauses, ties of time and a venue clock of its own."""
    ticks: list[TradeTick] = []
    now, price = T0 + MS, 10_000
    for number, (step, gap) in enumerate(zip(steps, gaps, strict=False), start=1):
        now, price = now + gap * MS, max(1_000, price + step)
        symbol = ETH if number % 3 == 0 else BTC
        ticks.append(TradeTick(symbol, price, number, now - 7 * MS, now, 100))
    return ticks


async def play(
    ticks: list[TradeTick], *, store: Store | None = None, skips: bool = True, latency: int = 0
) -> tuple[Head, World]:
    """Play ``ticks`` with two positions armed; return the end of the log."""
    terms = VenueAssumptions(taker_fee_rate=Decimal(0), latency_ns=latency)
    world, market = await paper_world(ticks, store=store, assumptions=terms, skips=skips)
    daemon = await world.boot()
    symbols = dict.fromkeys(tick.symbol for tick in ticks)
    for number, symbol in enumerate(symbols):
        side = Side.LONG if number == 0 else Side.SHORT
        request = arm_request(f"p{number}", symbol, side, DETECTORS[number])
        assert not (await daemon.desk.arm(request)).code
    if BTC in symbols:
        third = arm_request("p2", BTC, Side.SHORT, DETECTORS[2], expires_at=T0 + 20 * SECOND)
        await daemon.desk.arm(third)
    await world.clock.run(market.finished)
    for position in daemon.view.active():
        await daemon.desk.close(position.position_id, CloseReason.END_OF_DATA)
    await world.pass_time(2 * SECOND)
    assert not daemon.halted.is_set(), daemon.problem
    head = await world.store.head()
    await daemon.stop()
    return head, world


CALM = walk([10, -5, 30, 20, -15, 40, 35, -90, -80, 10] * 6, [100, 30, 170] * 20)
