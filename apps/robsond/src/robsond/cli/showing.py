"""``robson demo``: the main job on simulated or recorded prices, watched from outside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import attrs
import rich_click as click

from robsond.cli import local, options
from robsond.cli.errors import EXIT_OK, CliError, Leave, usage
from robsond.cli.output import Output

if TYPE_CHECKING:
    from robsond.demo.plan import DemoPlan

_SIMULATED: Final = {"delay": "3", "speed": "1", "stop_distance": "0.3%"}
_RECORDED: Final = {"delay": "0", "speed": "max", "stop_distance": "0.3%"}
_FILE_ONLY: Final = ("symbol", "tick_size", "step_size", "speed")


@attrs.frozen(kw_only=True)
class DemoOptions:
    """What was typed, as text; None where the default depends on the market."""

    trades: str | None
    frames: str | None
    symbol: str | None
    tick_size: str | None
    step_size: str | None
    stop_distance: str | None
    delay: str | None
    speed: str | None
    latency_ms: int
    fee_rate: str
    capital: str
    accept_costs: bool

    def plan(self) -> DemoPlan:
        """Return the demonstration; everything that can be checked here has been.

        Raises:
            CliError: Naming the option at fault and what to write instead.
        """
        from robsond.demo.plan import DemoPlan

        if self.trades and self.frames:
            raise usage("--trades", "give either --trades or --frames, not both")
        defaults = _RECORDED if self.trades or self.frames else _SIMULATED
        distance = self.stop_distance or defaults["stop_distance"]
        return DemoPlan(
            **self._recording(),
            stop_distance=options.stop_distance("--stop-distance", distance),
            delay=_delay(self.delay or defaults["delay"]),
            speed=_speed(self.speed or defaults["speed"]),
            latency_ms=_milliseconds(self.latency_ms),
            fee_rate=_ratio(self.fee_rate),
            capital=options.amount_text("--capital", self.capital),
            accept_costs=self.accept_costs,
        )

    def _recording(self) -> dict[str, Any]:
        from robsond.demo.recorded import pairs_of, require_pair

        trades = _file("--trades", self.trades)
        frames = _file("--frames", self.frames)
        if not trades and not frames:
            for name in _FILE_ONLY:
                if getattr(self, name) is not None:
                    option = f"--{name.replace('_', '-')}"
                    raise usage(
                        option, "belongs to a recording; add --trades FILE or --frames FILE"
                    )
            return {}
        named = options.symbol("--symbol", self.symbol) if self.symbol is not None else ""
        if named and frames:
            require_pair(frames, named)
        pairs = (named,) if named else pairs_of(trades, frames)
        return {
            "trades": trades,
            "frames": frames,
            # The sizes are this pair's; of several pairs the daemon knows the sizes itself.
            "symbol": pairs[0] if len(pairs) == 1 else "",
            "pairs": pairs,
            "tick_size": _size("--tick-size", self.tick_size),
            "step_size": _size("--step-size", self.step_size),
        }


def _file(option: str, path: str | None) -> str:
    if path is None:
        return ""
    if not local.is_file(path):
        what = "is a folder, no file" if local.is_folder(path) else "does not exist"
        raise usage(option, f"{path} {what}")
    return os.path.abspath(path)


def _size(option: str, text: str | None) -> str:
    return options.amount_text(option, text) if text is not None else ""


def _speed(text: str) -> str:
    plain = text.strip().lower()
    if plain == "max":
        return plain
    try:
        return options.amount_text("--speed", plain)
    except CliError:
        raise usage(
            "--speed", f"{text!r} is no speed: write 1 for real time, a factor, or max"
        ) from None


def _delay(text: str) -> str:
    from decimal import Decimal

    from robson_engine.detectors.params import SECONDS_MAX

    plain = options.not_negative("--delay", text)
    if Decimal(plain) > SECONDS_MAX:
        raise usage("--delay", f"{text} is more than {SECONDS_MAX} seconds")
    return plain


def _milliseconds(value: int) -> int:
    if not 0 <= value <= 60_000:
        raise usage("--latency-ms", "must be between 0 and 60000")
    return value


def _ratio(text: str) -> str:
    from decimal import Decimal

    ratio = options.not_negative("--fee-rate", text)
    if Decimal(ratio) > Decimal("0.05"):
        raise usage("--fee-rate", f"{ratio} is more than 0.05 (5 %); it is a ratio, 0.001 is 0.1 %")
    return ratio


def _folder(path: str | None) -> str:
    if path is None:
        return local.make_folder("TMPDIR", local.temporary_name("robson-demo"))
    if not local.is_vacant(path):
        raise usage("--data-dir", f"{path} is not empty; name a new folder, or leave it out")
    return local.make_folder("--data-dir", path)


@click.command()
@click.option("--trades", metavar="FILE", help="Play recorded trades: CSV (also gzip), Parquet.")
@click.option("--frames", metavar="FILE", help="Play recorded raw exchange frames, one a line.")
@click.option("--symbol", metavar="PAIR", help="Pair of a recording that does not name it.")
@click.option("--tick-size", metavar="N", help="Smallest price step, where the file lacks it.")
@click.option("--step-size", metavar="N", help="Smallest quantity step, where the file lacks it.")
@click.option("--stop-distance", metavar="N|N%", help="Distance of the stop (default: 0.3%).")
@click.option("--delay", metavar="SECONDS", help="Wait before the signal (default: 3, files 0).")
@click.option("--latency-ms", type=int, default=50, show_default=True, metavar="N")
@click.option("--fee-rate", default="0.0005", show_default=True, metavar="N")
@click.option("--accept-costs", is_flag=True, help="Enter even if fees eat half the risk.")
@click.option("--capital", default="10000", show_default=True, metavar="N")
@click.option("--speed", metavar="1|N|max", help="Of the market (default: 1, files max).")
@click.option("--data-dir", metavar="PATH", help="Keep everything here (default: a new folder).")
@click.option("--stay", is_flag=True, help="Leave the daemon running at the end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and no more.")
def demo(*, data_dir: str | None, stay: bool, as_json: bool, **typed: Any) -> None:
    """Show the main job: arm, enter, trail the stop, exit, close, and explain it.

    Without a file it uses a simulated market: no server, key or network. Ends with 0 only if
    positions really closed and the log verifies.

    Example: robson demo --trades trades.csv.gz --symbol BTCUSDT --stop-distance 0.3%
    """
    from robsond.demo.runner import run_demo

    plan = DemoOptions(**typed).plan()
    code = run_demo(Output(as_json), plan, _folder(data_dir), stay=stay)
    if code != EXIT_OK:
        raise Leave(code)
