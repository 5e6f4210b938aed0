"""What a demonstration does: the daemon's settings and the positions to be armed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

import attrs

Body = dict[str, Any]

SIM_SEED: Final = 93
"""Of the simulated market: with it both positions trail and close within half a minute."""
SIM_PAIRS: Final = (("BTCUSDT", "long"), ("ETHUSDT", "short"))
_OWN_SETTINGS: Final = ("ROBSON_", "BINANCE_", "MEXC_", "DATABASE_URL", "LOG_LEVEL")


@attrs.frozen(kw_only=True)
class DemoPlan:
    """The choices of one demonstration, checked; amounts are decimal text.

    Attributes:
        symbol: Pair of a recording that does not name it, empty otherwise.
        pairs: Pairs of a recording, at least one.
        stop_distance: ``120`` or ``0.3%``.
        delay: Seconds between arming and the signal.
        speed: ``1``, a factor, or ``max``.
        latency_ms: Milliseconds from order to fill.
        fee_rate: A ratio.
        capital: What the risk percent of each position refers to, quote currency.
    """

    trades: str = ""
    frames: str = ""
    symbol: str = ""
    pairs: tuple[str, ...] = ()
    tick_size: str = ""
    step_size: str = ""
    stop_distance: str
    delay: str
    speed: str
    latency_ms: int
    fee_rate: str
    capital: str
    accept_costs: bool = False

    @property
    def is_recording(self) -> bool:
        """Whether prices come from a file."""
        return bool(self.trades or self.frames)

    @property
    def positions(self) -> int:
        """How many positions are to be opened."""
        return 2

    def environment(self, data_dir: str) -> dict[str, str]:
        """Return the daemon's settings, complete: nothing is taken from the person's own."""
        chosen = {
            "ROBSON_MODE": "paper",
            "ROBSON_DATA_DIR": data_dir,
            "ROBSON_HTTP_HOST": "127.0.0.1",
            "ROBSON_HTTP_PORT": "0",
            "ROBSON_CAPITAL": self.capital,
            "ROBSON_PLAYBACK_SPEED": self.speed,
            "ROBSON_LATENCY_MS": str(self.latency_ms),
            "ROBSON_FEE_RATE": self.fee_rate,
            "ROBSON_LOG_FORMAT": "console",
            **(self._recording() if self.is_recording else self._simulation()),
        }
        return {name: value for name, value in chosen.items() if value}

    def _simulation(self) -> dict[str, str]:
        return {"ROBSON_MARKET": "sim", "ROBSON_MARKET_SEED": str(SIM_SEED)}

    def _recording(self) -> dict[str, str]:
        return {
            "ROBSON_MARKET": "recording",
            # The same recording and choices give the same log, to the last byte of its head.
            "ROBSON_SEED": "demo",
            "ROBSON_TRADES_FILE": self.trades,
            "ROBSON_FRAMES_FILE": self.frames,
            "ROBSON_SYMBOL": self.symbol,
            "ROBSON_TICK_SIZE": self.tick_size,
            "ROBSON_STEP_SIZE": self.step_size,
            # Carried out by the daemon, so that no trade passes between one and the next.
            "ROBSON_PLAN": json.dumps(self._steps()),
        }

    def _steps(self) -> list[Body]:
        # One pair holds one position: the short waits until the long has closed.
        together = len(self.pairs) > 1
        return [
            {"arm": self._arm(self.pairs[0], "long"), "after": "start"},
            {
                "arm": self._arm(self.pairs[1 if together else 0], "short"),
                "after": "start" if together else "closed:1",
            },
        ]

    def arms(self) -> list[Body]:
        """Return what is to be armed over HTTP: nothing on a recording."""
        if self.is_recording:
            return []
        return [self._arm(pair, side) for pair, side in SIM_PAIRS]

    def _arm(self, pair: str, side: str) -> Body:
        return {
            "symbol": pair,
            "side": side,
            "strategy": "delay",
            "params": {"seconds": self.delay},
            "stop_distance": self.stop_distance,
            "accept_costs": self.accept_costs,
        }


def clean_environment(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without any setting of Robson but the ``chosen``.

    A demonstration never reads the person's database, keys or mode.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_SETTINGS)}
    return {**kept, **chosen}
