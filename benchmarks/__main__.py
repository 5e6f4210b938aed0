"""``make bench``: every row beside its peer or floor, measured in the same run.

Each figure is the median of several processes, ours and the peer's in turn. Peers live in an
environment of their own (``.venv-peers``), made here from ``requirements/peers.lock``.
``python -m benchmarks ROW …`` runs some rows; ``BENCH_ARGS`` of make is passed on.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.walk import SHAPES
from tests.store.servers import Schemas, a_server

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-peers"
ROUNDS = 3
TICKS = 1_000_000
Figures = dict[str, Any]


def peers_python() -> str:
    """Return the peers' interpreter, making their environment when it is not there."""
    python = PEERS / "bin" / "python"
    if not (PEERS / ".installed").exists():
        print("setting up .venv-peers (once) …", flush=True)
        venv.create(PEERS, with_pip=True)
        lock = str(ROOT / "requirements" / "peers.lock")
        command = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock]
        subprocess.run(command, check=True)
        (PEERS / ".installed").touch()
    return str(python)


def run(python: str, module: str, *arguments: str) -> Figures:
    """Run one measurement in a process of its own and return its figures."""
    done = subprocess.run(
        [python, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        check=True,
        capture_output=True,
        text=True,
    )
    figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def in_turns(first: Callable[[], Figures], second: Callable[[], Figures]) -> tuple[Figures, ...]:
    """Return the medians of both, measured A B A B …"""
    pairs = [(first(), second()) for _ in range(ROUNDS)]
    return tuple(_medians([pair[side] for pair in pairs]) for side in (0, 1))


def _medians(runs: list[Figures]) -> Figures:
    numbers = {key for run_ in runs for key, value in run_.items() if not isinstance(value, str)}
    return {key: statistics.median(run_[key] for run_ in runs) for key in sorted(numbers)}


def show(row: str, lines: list[str]) -> None:
    """Print one row of the report."""
    print(f"\n{row}")
    for line in lines:
        print(f"  {line}", flush=True)


def backtest(row: str, target: float) -> None:
    """Rows A1a and A1b beside NautilusTrader's BacktestEngine: same walks, same rule."""
    for shape in SHAPES:
        _backtest(row, target, shape)


def _backtest(row: str, target: float, shape: str) -> None:
    python = peers_python()
    ours, peer = in_turns(
        lambda: run(sys.executable, "benchmarks.engine_rows", row, str(TICKS), shape),
        lambda: run(python, "benchmarks.peers.nautilus", str(TICKS), shape),
    )
    ratio = ours["per_second"] / peer["per_second"]
    what = "one input object a trade through step" if row == "a1a" else "behind the trigger index"
    show(
        f"{row.upper()} {what}, {TICKS:,} trades of the {shape} walk, {ours['events']:.0f} events",
        [
            f"Robson          {ours['per_second']:>12,.0f} trades/s  {ours['peak_mb']:>7,.0f} MB",
            f"NautilusTrader  {peer['per_second']:>12,.0f} trades/s  {peer['peak_mb']:>7,.0f} MB",
            f"ratio {ratio:.1f}x (target at least {target:.0f}x)",
            (
                "Nautilus runs a fuller engine (portfolio, matching, message bus); the trades are "
                "the same."
            ),
        ],
    )


def same_head() -> None:
    """Rows A1a and A1b must write the same log."""
    heads = {
        row: run(sys.executable, "benchmarks.engine_rows", row, str(TICKS // 4))["head"]
        for row in ("a1a", "a1b")
    }
    equal = heads["a1a"] == heads["a1b"]
    show("A1a and A1b write the same log head", [f"{'yes' if equal else 'NO'}: {heads['a1a']}"])
    if not equal:
        sys.exit("the two drivers disagree")


def many_positions() -> None:
    """Row C3: a trade at a thousand positions, beside the plain loop over them."""
    figures = _medians(
        [run(sys.executable, "benchmarks.engine_rows", "c3", "500000") for _ in range(ROUNDS)]
    )
    show(
        "C3 one trade while nothing triggers",
        [
            f"1,000 positions  {figures['us_per_tick_many']:.3f} us (target at most 1 us)",
            f"1 position       {figures['us_per_tick_one']:.3f} us",
            (
                f"plain loop       {figures['us_per_tick_scan']:.1f} us at 1,000 positions: "
                f"{figures['us_per_tick_scan'] / figures['us_per_tick_many']:.0f}x"
            ),
            f"peak {figures['peak_mb']:.0f} MB",
        ],
    )


@contextmanager
def a_postgres() -> Iterator[Schemas]:
    """Yield places in a PostgreSQL that is as durable as it ships."""
    with a_server(()) as url:
        places = Schemas(url)
        yield places
        places.drop()


def on_both(module: str, *arguments: str) -> Iterator[tuple[str, Figures]]:
    """Yield the medians of a row's module on SQLite and on PostgreSQL."""
    own = [run(sys.executable, module, *arguments) for _ in range(ROUNDS)]
    yield "SQLite", _medians(own)
    with a_postgres() as places:
        there = [run(sys.executable, module, *arguments, places.fresh()) for _ in range(ROUNDS)]
    yield "PostgreSQL", _medians(there)


def appends(row: str) -> None:
    """Rows E1 and E2: durable appends beside the bare driver."""
    size = 1 if row == "e1" else 100
    target = " (target at most 1.3x)" if row == "e1" else ""
    for name, f in on_both("benchmarks.store_rows", row):
        show(
            f"{row.upper()} {name}: durable append of {size} event(s) a transaction",
            [
                (
                    f"Robson       p50 {f['p50_us']:>7.0f} us  p99 {f['p99_us']:>7.0f} us  "
                    f"{f['events_per_second']:>9,.0f} events/s  {f['peak_mb']:.0f} MB"
                ),
                (
                    f"bare driver  p50 {f['bare_p50_us']:>7.0f} us  "
                    f"p99 {f['bare_p99_us']:>7.0f} us "
                    f" {f['bare_per_second']:>9,.0f} events/s"
                ),
                f"ratio of p50 {f['ratio_p50']:.2f}x{target}",
            ],
        )


def path() -> None:
    """Row PATH: frame bytes to a durable exit intent and the send, beside one bare row."""
    for name, f in on_both("benchmarks.path_rows", "300"):
        show(
            f"PATH {name}: frame bytes -> decision -> durable intent -> send",
            [
                (
                    f"Robson       p50 {f['p50_us']:>7.0f} us  p99 {f['p99_us']:>7.0f} us  "
                    f"{f['peak_mb']:.0f} MB"
                ),
                (
                    f"bare driver  p50 {f['bare_p50_us']:>7.0f} us  "
                    f"p99 {f['bare_p99_us']:>7.0f} us "
                    " one row, same durability"
                ),
            ],
        )


def stream_rate() -> None:
    """Row C1: frames of the market stream decided on in a second, beside plain reading."""
    f = _medians(
        [run(sys.executable, "benchmarks.stream_rows", "c1", "200000") for _ in range(ROUNDS)]
    )
    ours, peer, floor = (f[f"{who}_per_second"] for who in ("stream", "peer", "bare"))
    show(
        "C1 stream frames over loopback -> decision, through websockets",
        [
            f"Robson           {ours:>9,.0f} messages/s  {f['stream_us']:.2f} us of processor each",
            f"websockets+json  {peer:>9,.0f} messages/s  {f['peer_us']:.2f} us, nothing decided",
            f"bare protocol    {floor:>9,.0f} messages/s  {f['bare_us']:.2f} us, nothing parsed",
            f"Robson to websockets+json {ours / peer:.1f}x (target at least 150,000 messages/s)",
            f"peak {f['peak_mb']:.0f} MB",
        ],
    )


def stream_delay() -> None:
    """Row C2: from the send of a frame to the decision, beside a bare socket."""
    for rate, seconds in ((1_000, 8), (10_000, 4)):
        arguments = ("benchmarks.stream_rows", "c2", str(rate), str(seconds))
        f = _medians([run(sys.executable, *arguments) for _ in range(ROUNDS)])
        show(
            f"C2 stream frame sent -> decision, {rate:,} a second",
            [
                f"Robson         p50 {f['stream_p50_us']:.0f} us  p99 {f['stream_p99_us']:.0f} us",
                f"bare protocol  p50 {f['bare_p50_us']:.0f} us  p99 {f['bare_p99_us']:.0f} us",
                (
                    f"ratio p50 {f['ratio_p50']:.2f}x, p99 {f['ratio_p99']:.2f}x "
                    "(target at most 1.5x)"
                ),
            ],
        )


ROWS: dict[str, Callable[[], None]] = {
    "a1a": lambda: backtest("a1a", 3),
    "a1b": lambda: backtest("a1b", 15),
    "head": same_head,
    "c3": many_positions,
    "e1": lambda: appends("e1"),
    "e2": lambda: appends("e2"),
    "path": path,
    "c1": stream_rate,
    "c2": stream_delay,
}


def main(wanted: list[str]) -> None:
    """Run the rows asked for, or all."""
    unknown = [row for row in wanted if row not in ROWS]
    if unknown:
        sys.exit(f"unknown row {unknown[0]}; there are: {', '.join(ROWS)}")
    for row in wanted or ROWS:
        ROWS[row]()


if __name__ == "__main__":
    main(sys.argv[1:])
