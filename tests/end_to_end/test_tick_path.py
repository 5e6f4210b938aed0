"""A frame is followed from its bytes to the send; the document names the modules in order."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from types import FrameType

from robson_domain import PositionStatus
from robsond import system
from robsond.hub import Hub
from robsond.machine import Machine
from robsond.settings import load
from robsond.telemetry import Metrics

DOCUMENT = Path(__file__).parents[2] / "docs" / "tick-path.md"
Call = tuple[str, str]
START_MS = 1_723_161_255_000


def documented() -> list[Call]:
    """Return module and function of each row of the document's table, top to bottom."""
    row = r"^\| \d+ \| `([a-z_.]+)` \| `(\w+)`"
    return [(m, f) for m, f in re.findall(row, DOCUMENT.read_text(), flags=re.MULTILINE)]


def frame(number: int, price: str) -> str:
    """Return a combined-stream frame with its receive time in front."""
    ms = START_MS + 500 * number
    data = {"e": "trade", "E": ms, "s": "BTCUSDT", "t": number, "p": price, "q": "1.0", "T": ms}
    return f"{ms * 1_000_000} " + json.dumps({"stream": "btcusdt@trade", "data": data})


class Trace:
    """The modules of ours that are entered, in order, with the function."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __call__(self, entered: FrameType, event: str, _: object) -> None:
        module = entered.f_globals.get("__name__", "")
        if event == "call" and module.startswith("robson"):
            self.calls.append((module, entered.f_code.co_name))


async def _traced(folder: Path) -> Trace:
    frames = folder / "frames.txt"
    prices = ("60000.00", "60010.00", "59000.00")
    frames.write_text("".join(frame(n, price) + "\n" for n, price in enumerate(prices, start=1)))
    arm = {"symbol": "BTCUSDT", "side": "long", "strategy": "delay", "stop_distance": "0.2%"}
    settings = load(
        {
            "ROBSON_DATA_DIR": str(folder / "data"),
            "ROBSON_MARKET": "recording",
            "ROBSON_FRAMES_FILE": str(frames),
            "ROBSON_PLAYBACK_SPEED": "max",
            "ROBSON_LATENCY_MS": "0",
            "ROBSON_FEE_RATE": "0",
            "ROBSON_PLAN": json.dumps([{"arm": arm, "after": "start"}]),
        }
    ).settings
    settings.data_dir.mkdir()
    machine, trace = Machine(settings, system.RealClock(), Hub(Metrics()), Metrics()), Trace()
    before = sys.getprofile()
    sys.setprofile(trace)
    try:
        facade = await machine.open()
        for _ in range(1_000):
            if [p.status for p in facade.positions()] == [PositionStatus.CLOSED]:
                break
            await asyncio.sleep(0.01)
    finally:
        sys.setprofile(before)
        await machine.close()
    return trace


async def test_a_frame_walks_the_documented_line_from_its_bytes_to_the_send(
    tmp_path: Path,
) -> None:
    calls = (await _traced(tmp_path)).calls
    parse, deliver, *line = documented()
    assert len(line) == 15
    decided = calls.index(("robson_engine.exits", "trigger_exit"))
    # The clock hands the trade over inside `run`, which goes on where it slept.
    place = max(n for n, call in enumerate(calls[:decided]) if call == deliver)
    assert parse in calls[:place]
    for wanted in line:
        assert wanted in calls[place:], f"{wanted} does not follow in the documented order"
        place = calls.index(wanted, place) + 1
