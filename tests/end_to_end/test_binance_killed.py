"""A real daemon on the simulated exchange, killed at random moments; judged from the other side."""

from __future__ import annotations

import random
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.binance_exchange import Exchange
from tests.end_to_end.pulse import Market
from tests.end_to_end.test_binance import ORDER, STEP, settings_for
from tests.robsond.daemon_process import Robsond

KILLS = 5
ENTERING, LEAVING = "95000", {"long": ("96000", "94900"), "short": ("94000", "95100")}


def _stop_of(daemon: Robsond, name: str) -> Decimal | None:
    stop = daemon.position(name)["stop"]
    return None if stop is None else Decimal(stop)


@pytest.mark.parametrize(("side", "seed"), [("long", 1), ("short", 2)])
def test_one_entry_one_exit_whatever_is_killed(
    exchange: Exchange, market: Market, tmp_path: Path, side: str, seed: int
) -> None:
    dice, sign = random.Random(seed), 1 if side == "long" else -1
    exchange.fault("close", ORDER, "POST", executed=True)
    daemon = Robsond(tmp_path, **settings_for(exchange, "live"))
    with daemon.start():
        name = daemon.arm(symbol="BTCUSDT", side=side, strategy="manual", stop_distance="1%")
        for number in range(KILLS):
            time.sleep(dice.uniform(0.05, 1.5))
            before = _stop_of(daemon, name)
            daemon.kill()
            market.prices["BTCUSDT"] = LEAVING[side][0] if number >= KILLS // 2 else ENTERING
            daemon.start()
            after = _stop_of(daemon, name)
            if before is not None and after is not None:
                assert (after - before) * sign >= 0, "a stop was looser after a restart"
        time.sleep(1)
        market.prices["BTCUSDT"] = LEAVING[side][1]
        closed = daemon.until(name, "Closed")
        assert closed["close_reason"] in (
            "trailing_stop",
            "crossed_in_gap",
            "denied",
            "not_entered",
        ), closed
        assert daemon.get("/api/verify-log")["ok"]
        assert daemon.get(f"/api/why/{name}")["all_same"]
    judge(exchange)


def judge(exchange: Exchange) -> None:
    """Nothing executed twice, nothing beyond flat, nothing left, and never the cross account."""
    audit = exchange.audit
    assert audit.double_fills() == {}
    assert audit.flips("BTCUSDT", prefix="robson_core_", dust=STEP) == []
    assert audit.cross_orders() == []
    fills = audit.fills_of("robson_core_")
    moved = [fill.quantity if fill.side == "BUY" else -fill.quantity for fill in fills]
    left = sum(moved, Decimal(0))
    assert -STEP <= left <= STEP, "flat but for the commission and a step"
    assert len({fill.client_id for fill in fills}) in (0, 2), "one entry, one exit"
