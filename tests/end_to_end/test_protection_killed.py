"""A guard and a core position with its stop, the daemon killed at random; judged from outside."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from anyio.from_thread import BlockingPortal

from robson_domain.identity import CORE_PREFIX, SAFETY_PREFIX
from tests.binance_exchange import Exchange
from tests.binance_exchange.audit import Exposure
from tests.end_to_end.pulse import Market
from tests.end_to_end.test_binance import ORDER, STEP, settings_for
from tests.robsond.daemon_process import Robsond

BTC, ETH = "BTCUSDT", "ETHUSDT"
ETH_DUST = Decimal("0.0002")
BOUGHT, DEPOSITED = Decimal("0.5"), Decimal("0.3")
GUARD_STOP, GUARD_HIT = Decimal(1960), "1950"
RISING = ("95300", "95700", "96000")
KILLS = len(RISING)
UNDER_WAY_MS = 3_000
"""So shortly after its cancel a stop may be missing: it was being moved, or an exit had begun."""


@attrs.frozen
class Dead:
    """A time without a process, true UTC ms."""

    begin: int
    end: int


class Victim:
    """A daemon that is killed again and again; it remembers when it was dead."""

    def __init__(self, exchange: Exchange, folder: Path) -> None:
        settings = settings_for(exchange, "live") | {
            "ROBSON_POLLING_INTERVAL_SECONDS": "1",
            "ROBSON_SAFETY_NET": "act",
        }
        self.daemon = Robsond(folder, **settings)
        self.dead: list[Dead] = []
        self.name = ""
        self._clock = exchange.venue.clock.real_ms

    def stops(self) -> dict[str, Decimal]:
        """Return where the stops of all longs stand, core's and the guard's."""
        guards = self.daemon.get("/api/safety-net")["guards"]
        longs = [*guards, self.daemon.position(self.name)]
        return {each["position_id"]: Decimal(each["stop"]) for each in longs if each["stop"]}

    def killed(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Kill it, let something happen, start it again: no stop is looser then."""
        before = self.stops()
        self.daemon.kill()
        begin = self._clock()
        meanwhile()
        # From here on the next process may act; what it does is judged by other means.
        self.dead.append(Dead(begin, self._clock()))
        self.daemon.start()
        after = self.stops()
        for key, stop in before.items():
            assert after.get(key, stop) >= stop, f"the stop of {key} was looser after a restart"


def reached(is_so: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def latest(exchange: Exchange, symbol: str, at: int | None = None) -> Exposure | None:
    """Return how a pair stood at a time, or stands."""
    points = [e for e in tuple(exchange.audit.exposures) if e.symbol == symbol]
    return next((e for e in reversed(points) if at is None or e.at_ms <= at), None)


def is_stopped(exchange: Exchange) -> bool:
    """Say whether core's quantity is open and has its stop at the exchange."""
    now = latest(exchange, BTC)
    return now is not None and abs(now.traded) > STEP and now.is_stopped(STEP)


def is_guarded(victim: Victim) -> bool:
    """Say whether the person's position is guarded where it belongs, two percent away."""
    guards = victim.daemon.get("/api/safety-net")["guards"]
    return [abs(Decimal(each["stop"]) - GUARD_STOP) < 1 for each in guards] == [True]


def entered(exchange: Exchange, victim: Victim, dice: random.Random) -> None:
    """Arm a position and kill right after its entry went out, wherever its stop is by then."""
    victim.name = victim.daemon.arm(symbol=BTC, side="long", strategy="manual", stop_distance="1%")
    reached(lambda: bool(exchange.audit.calls("POST", ORDER, symbol=BTC)))
    time.sleep(dice.uniform(0, 0.2))
    victim.killed()


def carried(victim: Victim, market: Market, dice: random.Random) -> None:
    """Kill while the price rises, so that stops are moved at the exchange as well."""
    for price in RISING:
        time.sleep(dice.uniform(0.05, 1.2))

        def meanwhile(price: str = price) -> None:
            market.prices[BTC] = price
            time.sleep(dice.uniform(0.05, 0.3))

        victim.killed(meanwhile)


@pytest.mark.parametrize("seed", [1])
def test_left_by_the_trailing_stop_beside_a_deposit(
    exchange: Exchange, market: Market, portal: BlockingPortal, tmp_path: Path, seed: int
) -> None:
    dice, victim = random.Random(seed), Victim(exchange, tmp_path)
    portal.call(exchange.deposit, ETH, "ETH", str(DEPOSITED))
    portal.call(exchange.manual_order, ETH, "BUY", str(BOUGHT))
    with victim.daemon.start() as daemon:
        entered(exchange, victim, dice)
        carried(victim, market, dice)
        reached(lambda: is_stopped(exchange) and is_guarded(victim))
        market.prices[BTC] = "94000"
        time.sleep(dice.uniform(0, 0.2))
        victim.killed()
        closed = daemon.until(victim.name, "Closed")
        assert closed["close_reason"] in ("trailing_stop", "crossed_in_gap"), closed
        reached(lambda: is_guarded(victim))
        market.prices[ETH] = GUARD_HIT
        reached(lambda: daemon.get("/api/safety-net")["guards"] == [])
        assert daemon.get("/api/verify-log")["ok"]
        assert daemon.get(f"/api/why/{victim.name}")["all_same"]
    judge(exchange, victim, DEPOSITED)


@pytest.mark.parametrize("seed", [2])
def test_both_stops_are_passed_while_nobody_is_there(
    exchange: Exchange, market: Market, portal: BlockingPortal, tmp_path: Path, seed: int
) -> None:
    dice, victim = random.Random(seed), Victim(exchange, tmp_path)
    portal.call(exchange.manual_order, ETH, "BUY", str(BOUGHT))

    def meanwhile() -> None:
        market.prices |= {BTC: "92000", ETH: GUARD_HIT}
        reached(lambda: len(exchange.audit.fills_of(CORE_PREFIX)) >= 2)

    with victim.daemon.start() as daemon:
        entered(exchange, victim, dice)
        carried(victim, market, dice)
        reached(lambda: is_stopped(exchange) and is_guarded(victim))
        time.sleep(0.5)
        victim.killed(meanwhile)
        time.sleep(dice.uniform(0, 1))
        victim.killed()
        closed = daemon.until(victim.name, "Closed")
        assert closed["close_reason"] == "disaster_stop", closed
        reached(lambda: daemon.get("/api/safety-net")["guards"] == [])
        assert daemon.get("/api/verify-log")["ok"]
    judge(exchange, victim, Decimal(0))


def judge(exchange: Exchange, victim: Victim, deposited: Decimal) -> None:
    """Nothing twice, nothing of the other's, nothing beyond flat; never dead without a stop."""
    audit = exchange.audit
    assert audit.double_fills() == {}
    assert audit.cross_orders() == []
    core, safety = audit.fills_of(CORE_PREFIX), audit.fills_of(SAFETY_PREFIX)
    assert {fill.symbol for fill in core} == {BTC}
    assert {fill.symbol for fill in safety} == {ETH}, "the guard is for what the person opened"
    assert audit.flips(BTC, prefix=CORE_PREFIX, dust=STEP) == []
    assert len({fill.client_id for fill in core}) == 2, "one entry, one exit"
    bought = sum((fill.quantity for fill in core if fill.side == "BUY"), Decimal(0))
    sold = sum((fill.quantity for fill in core if fill.side == "SELL"), Decimal(0))
    assert 0 <= bought - sold <= STEP
    assert {fill.side for fill in safety} == {"SELL"}
    assert sum((fill.quantity for fill in safety), Decimal(0)) <= BOUGHT
    assert audit.sold_beyond(ETH, deposited) == [], "a deposit was sold"
    assert audit.sold_beyond(BTC, Decimal(0)) == []
    left = exchange.account(ETH).balances["ETH"].net
    assert deposited <= left <= deposited + ETH_DUST
    assert list(exchange.venue.open_orders(BTC, isolated=True)) == []
    never_dead_without_a_stop(exchange, victim)


def never_dead_without_a_stop(exchange: Exchange, victim: Victim) -> None:
    """From the first stop on what was filled is stopped while nobody watches.

    But for a kill between the cancel of a stop and what follows it.
    """
    audit, seen = exchange.audit, 0
    points = [e for e in audit.exposures if e.symbol == BTC]
    first = next(e.at_ms for e in points if e.stops_sell)
    canceled = [call.at_ms for call in audit.calls("DELETE", ORDER, symbol=BTC)]
    for dead in victim.dead:
        if dead.begin < first or any(0 <= dead.begin - at < UNDER_WAY_MS for at in canceled):
            continue
        then = latest(exchange, BTC, dead.begin)
        during = [e for e in points if dead.begin < e.at_ms <= dead.end]
        for point in [*([then] if then else []), *during]:
            assert point.is_stopped(STEP), f"dead and naked: {point}"
            seen += abs(point.traded) > STEP
    assert seen, "nobody was ever dead with an open position: nothing was judged"
