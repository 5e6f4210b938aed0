"""``robson demo`` on recordings against a calculation of its own.

The calculation below is written from the trading rules alone (docs: sizing, trailing stop) in
plain Python and shares no code with Robson: entries, exits, quantities, results and every logged
move of the stop must be equal.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

ROBSON = [sys.executable, "-c", "from robsond.cli import main; main()"]
TICK = Decimal("0.01")
STEP = Decimal("0.001")
CAPITAL = Decimal(10_000)
START = 1_700_000_000_000_000_000


@attrs.frozen
class Trade:
    number: int
    received: int
    price: Decimal


def walk(seed: int, count: int = 600) -> list[Trade]:
    """Prices that wander, jump, stand still, and often share their time with the one before."""
    dice = random.Random(seed)
    ticks, now, trades = 10_000, START, []
    for number in range(1, count + 1):
        jump = dice.choice((0, 0, 0, 1, 1, -1, -1, 2, -2, 3, -3, 7, -7))
        ticks = max(5_000, ticks + jump * (10 if dice.random() < 0.02 else 1))
        now += dice.choice((0, 0, 3_000_000, 90_000_000, 260_000_000))
        trades.append(Trade(number, now, ticks * TICK))
    return trades


def climb(count: int = 80) -> list[Trade]:
    """Prices that only rise: nothing ever stops a long out."""
    return [Trade(n, START + n * 100_000_000, (10_000 + n) * TICK) for n in range(1, count + 1)]


# ------------------------------------------------------------- the calculation


@attrs.define
class Expected:
    side: str
    entry: Trade
    quantity: Decimal
    best: Decimal
    stop: Decimal
    leave: Trade | None = None
    reason: str = "end_of_data"
    guarded: dict[int, tuple[Decimal, Decimal]] = attrs.field(factory=dict)

    @property
    def sign(self) -> int:
        return 1 if self.side == "long" else -1


def tighter(price: Decimal, side: str) -> Decimal:
    rounding = ROUND_CEILING if side == "long" else ROUND_FLOOR
    return (price / TICK).to_integral_value(rounding) * TICK


def sized(distance: Decimal, price: Decimal) -> Decimal:
    most = min(CAPITAL / 100 / distance, 10 * CAPITAL / price)
    return (most / STEP).to_integral_value(ROUND_FLOOR) * STEP


def opened(side: str, trade: Trade, share: Decimal) -> tuple[Expected, Decimal]:
    distance = trade.price * share
    sign = 1 if side == "long" else -1
    stop = tighter(trade.price - sign * distance, side)
    quantity = sized(distance, trade.price)
    position = Expected(side, trade, quantity, trade.price, stop)
    position.guarded[trade.number] = (trade.price, stop)
    return position, distance


def expected(trades: list[Trade], share: Decimal) -> list[Expected]:
    """Long at the first price, short at the first price after the long has ended."""
    coming = iter(trades)
    positions = []
    for side in ("long", "short"):
        first = next(coming, None)
        if first is None:
            break
        position, distance = opened(side, first, share)
        follow(position, distance, coming, trades[-1])
        positions.append(position)
    return positions


def follow(position: Expected, distance: Decimal, coming: Iterator[Trade], last: Trade) -> None:
    """The old stop first, inclusive; then the ratchet; one price never does both."""
    sign = position.sign
    for trade in coming:
        if (trade.price - position.stop) * sign <= 0:
            position.leave, position.reason = trade, "trailing_stop"
            return
        if (trade.price - position.best) * sign > 0:
            position.best = trade.price
            moved = tighter(trade.price - sign * distance, position.side)
            position.stop = max(position.stop, moved) if sign > 0 else min(position.stop, moved)
        position.guarded[trade.number] = (position.best, position.stop)
    position.leave = last


# -------------------------------------------------------------- the recordings


def as_csv(trades: list[Trade], path: Path) -> Path:
    lines = [f"{t.received},{t.price},0.5,{t.number % 2}" for t in trades]
    path.write_text("\n".join(["ts_ns,price,qty,is_buyer_maker", *lines, ""]))
    return path


def as_frames(trades: list[Trade], path: Path) -> Path:
    """Trade frames, received before their own time as clocks will have it, among other frames."""
    lines = [f'{START} {{"lastUpdateId":1,"bids":[],"asks":[]}}']
    for trade in trades:
        event_ms = trade.received // 1_000_000 + 40
        data = {"e": "trade", "s": "ABCUSDT", "t": trade.number, "T": event_ms,
                "p": f"{trade.price}00000", "q": "0.50000000", "m": True}  # fmt: skip
        lines.append(f"{trade.received} {json.dumps({'stream': 'abcusdt@trade', 'data': data})}")
        book = {"stream": "abcusdt@bookTicker", "data": {"u": 1, "s": "ABCUSDT", "b": "1"}}
        lines.append(f"{trade.received} {json.dumps(book)}")
    path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    return path


def demo(*arguments: str, code: int = 0, **env: str) -> dict[str, Any]:
    process = subprocess.Popen(
        [*ROBSON, "demo", "--json", "--latency-ms", "0", "--fee-rate", "0",
         "--tick-size", str(TICK), "--step-size", str(STEP), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.terminate()  # asked, not killed: it takes its daemon with it
    assert process.returncode == code, (out[-2000:], err[-2000:])
    document: dict[str, Any] = json.loads(out)
    return document


def compare(document: dict[str, Any], positions: list[Expected]) -> None:
    assert document["verify"]["ok"]
    assert len(document["positions"]) == len(positions)
    for told, meant in zip(document["positions"], positions, strict=True):
        assert meant.leave is not None
        assert (told["side"], told["status"], told["really_closed"]) == (meant.side, "Closed", True)
        assert told["close_reason"] == meant.reason
        assert Decimal(told["entry_price"]) == meant.entry.price
        assert told["entry_fills"][0]["trade_id"] == meant.entry.number
        assert Decimal(told["quantity"]) == meant.quantity
        assert Decimal(told["exit_price"]) == meant.leave.price
        assert told["exit_trigger"]["trade_id"] == meant.leave.number
        assert Decimal(told["exit_trigger"]["stop"]) == meant.stop
        gain = (meant.leave.price - meant.entry.price) * meant.sign * meant.quantity
        assert Decimal(told["pnl"]) == gain
        assert (Decimal(told["best"]), Decimal(told["stop"])) == (meant.best, meant.stop)
        assert told["stop_moves"], "the stop never moved: this recording proves nothing"
        for move in told["stop_moves"]:
            # A move that is logged with the exit stood before the price that triggered it.
            then = meant.guarded.get(move["trade_id"], (meant.best, meant.stop))
            assert (Decimal(move["best"]), Decimal(move["stop"])) == then


@pytest.mark.parametrize("percent", ["0.1", "0.2"])
@pytest.mark.parametrize("seed", [1, 2])
def test_trades_give_what_the_rules_say(tmp_path: Path, seed: int, percent: str) -> None:
    trades = walk(seed)
    path = as_csv(trades, tmp_path / "trades.csv")
    document = demo("--trades", str(path), "--symbol", "ABCUSDT", "--stop-distance", f"{percent}%")
    positions = expected(trades, Decimal(percent) / 100)
    assert [position.reason for position in positions] == ["trailing_stop", "trailing_stop"]
    compare(document, positions)


def test_frames_give_what_the_rules_say(tmp_path: Path) -> None:
    trades = walk(3)
    path = as_frames(trades, tmp_path / "frames.gz")
    compare(
        demo("--frames", str(path), "--stop-distance", "0.2%"), expected(trades, Decimal("0.002"))
    )


def test_what_is_open_at_the_end_is_closed_at_the_last_price(tmp_path: Path) -> None:
    trades = climb()
    path = as_csv(trades, tmp_path / "abcusdt.csv")
    document = demo("--trades", str(path), "--stop-distance", "0.2%")
    positions = expected(trades, Decimal("0.002"))
    assert [position.reason for position in positions] == ["end_of_data"]
    compare(document, positions)


def test_the_same_recording_gives_the_same_log_head(tmp_path: Path) -> None:
    """In another process, with another hash seed, at another speed."""
    path = as_csv(walk(4), tmp_path / "abcusdt.csv")
    arguments = ("--trades", str(path), "--stop-distance", "0.2%")
    first = demo(*arguments, PYTHONHASHSEED="1")
    second = demo(*arguments, PYTHONHASHSEED="2")
    third = demo(*arguments, "--speed", "100")
    assert first["head"] == second["head"] == third["head"]
    assert first["head"]["sequence"] > 10


def test_costs_that_eat_the_risk_deny_unless_they_are_accepted(tmp_path: Path) -> None:
    path = as_csv(walk(1), tmp_path / "abcusdt.csv")
    arguments = ("--trades", str(path), "--stop-distance", "0.2%", "--fee-rate", "0.001")
    denied = demo(*arguments, code=1)
    assert "COSTS_EAT_RISK" in denied["problem"]
    assert all(position["entry_price"] is None for position in denied["positions"])
    accepted = demo(*arguments, "--accept-costs")
    assert all(position["really_closed"] for position in accepted["positions"])


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("ts_ns,price,qty,is_buyer_maker\n1723161255342,abc,1,0\n", "line 2"),
        ("ts_ns,price,qty,is_buyer_maker\n1723161255342,1.005,1,0\n", "--tick-size"),
        ("ts_ns,price,qty,is_buyer_maker\n1723161255342,1,0.0005,0\n", "--step-size"),
        ("when,price,qty\n1,1,1\n", "ts_ns"),
        ("ts_ns,price,qty,is_buyer_maker\n", "no trade"),
        ("", ""),
    ],
    ids=["price", "tick", "step", "header", "empty", "nothing"],
)
def test_a_bad_recording_ends_with_2_and_names_the_place(
    tmp_path: Path, line: str, named: str
) -> None:
    path = tmp_path / "abcusdt.csv"
    path.write_text(line)
    error = demo("--trades", str(path), code=2)["error"]
    # What the file lacks is seen before a daemon is started, what is in its lines by the daemon.
    assert error["code"] in ("DAEMON_REFUSED", "BAD_USAGE")
    assert named in error["message"]
