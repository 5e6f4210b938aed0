"""A real process, really killed: nothing that was told is lost, nothing happens twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

from robson_connectors.paper import PaperConnector, open_simulated_market
from robson_domain.identity import ClientOrderId
from robson_domain.reports import ReportStatus
from robson_domain.testing.clocks import SteppedClock
from tests.architecture.tree import ROOT
from tests.connectors.harnesses import SECOND
from tests.connectors.paper.kill_me import ASSUMED, BALANCE, BTC, PAIRS

ROUNDS = 6


def _round(path: str, turn: int) -> list[list[str]]:
    """Let a process trade, kill it in the middle, and return what it told."""
    command = [sys.executable, "-m", "tests.connectors.paper.kill_me", path, str(turn)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if len(lines) == 25 + 7 * turn:
                os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    # The last line may have been cut by the signal.
    return [line.split() for line in lines if line.endswith("\n")]


async def test_after_a_kill_the_account_is_what_was_told(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    told = [words for turn in range(ROUNDS) for words in _round(path, turn)]
    acknowledged = [words[1] for words in told if words[0] == "ack"]
    reported = [tuple(words[1:]) for words in told if words[0] == "fill"]
    assert len(acknowledged) > 40
    assert len(reported) > 40

    clock = SteppedClock(time.time_ns() + SECOND)
    paper = PaperConnector(
        open_simulated_market(path, clock, pairs=PAIRS), path, ASSUMED, BALANCE, clock
    )
    fills = await paper.fills_since(BTC, None)
    kept = [(name, f.trade_id, str(f.price), str(f.quantity)) for name, f in fills]
    assert set(reported) <= set(kept)
    assert [int(fill.trade_id) for _, fill in fills] == list(range(1, len(fills) + 1))

    for name in acknowledged:
        report = await paper.query_order(BTC, ClientOrderId(name))
        assert report.status is ReportStatus.FILLED, name
    quantities: Counter[str] = Counter()
    for name, fill in fills:
        quantities[name] += fill.quantity.value  # type: ignore[assignment]
    assert set(quantities.values()) == {Decimal("0.02")}
    assert set(acknowledged) <= set(quantities)

    net = Decimal(0)
    for name, fill in fills:
        bought = int(name.partition("-")[2]) % 2 == 1
        net += fill.quantity.value - fill.commission.value if bought else -fill.quantity.value
    assert (await paper.account(BTC)).net_qty == net
    await paper.close()
