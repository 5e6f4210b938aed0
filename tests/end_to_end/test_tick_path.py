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
from tests.binance_exchange import Exchange, Options, running_exchange
from tests.end_to_end.test_binance import settings_for as live_settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "tick-path.md"
Call = tuple[str, str]
START_MS = 1_723_161_255_000


def documented(steps: str) -> list[Call]:
    """Return module and function of the document's rows whose step matches, top to bottom."""
    row = rf"^\| {steps} \| `([a-z_.]+)` \| `(\w+)`"
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
    parse, deliver, *line = documented(r"\d+")
    assert len(line) == 15
    decided = calls.index(("robson_engine.exits", "trigger_exit"))
    # The clock hands the trade over inside `run`, which goes on where it slept.
    place = max(n for n, call in enumerate(calls[:decided]) if call == deliver)
    assert parse in calls[:place]
    follow(calls[place:], line)


def follow(calls: list[Call], line: list[Call]) -> None:
    """Assert that ``line`` is walked in its order."""
    place = 0
    for wanted in line:
        assert wanted in calls[place:], f"{wanted} does not follow in the documented order"
        place = calls.index(wanted, place) + 1


async def _traced_live(folder: Path, exchange: Exchange) -> Trace:
    wanted = live_settings(exchange, "live") | {"ROBSON_DATA_DIR": str(folder / "data")}
    arm = {"symbol": "BTCUSDT", "strategy": "manual", "stop_distance": "1%"}
    wanted["ROBSON_PLAN"] = json.dumps([{"arm": arm, "after": "start"}])
    settings = load(wanted).settings
    settings.data_dir.mkdir()
    machine, trace = Machine(settings, system.RealClock(), Hub(Metrics()), Metrics()), Trace()
    try:
        facade = await machine.open()
        while [p.status for p in facade.positions()] != [PositionStatus.ACTIVE]:
            exchange.trade("BTCUSDT", "95000")
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)  # the prices of the entry are over
        sys.setprofile(trace)
        exchange.trade("BTCUSDT", "94000")  # the stop is hit, the one at the exchange is not
        while [p.status for p in facade.positions()] != [PositionStatus.CLOSED]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    finally:
        sys.setprofile(None)
        await machine.close()
    return trace


async def test_a_frame_walks_from_socket_to_socket(tmp_path: Path) -> None:
    async with asyncio.timeout(30), running_exchange(Options(tick_ms=50)) as exchange:
        calls = (await _traced_live(tmp_path, exchange)).calls
    live = documented("[a-h]")
    assert len(live) == 8
    shared = documented(r"\d+")[3:-1]
    assert shared[-1] == ("robson_exec.venue_calls", "submit")
    follow(calls, [*live[:4], *shared, *live[4:]])
