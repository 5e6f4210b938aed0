"""What the Safety Net does, in the log of the process and in counters.

A line comes when what is said of a pair changes; the counters go up with every look.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from robson_domain import Position, Side, Symbol
from robson_exec import ExclusionChanged, Observation, PairSeen, SafetyNetLooked
from robsond import logs
from robsond.telemetry import Metrics

log = logs.logger(__name__)

GUARDED: Final = ("monitored", "observed")
CORE_MANAGED: Final = "core_managed"
_WORDS: Final = {
    "core_unresolved": "an order of Core is unresolved",
    "core_closed_lately": "Core closed here just now",
    "ignored": "ignored as you asked",
    "own_stop": "a stop order of your own covers it",
    "collateral": "collateral, not explained by trades",
    "doubt": "in doubt, nothing is done",
}


class SafetyWatch:
    """A listener on the event bus."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._said: dict[tuple[Symbol, Side | None], str] = {}

    def begin(self, positions: Iterable[Position]) -> None:
        """Say what is excluded from the start on: the pairs that core owns by then."""
        for one in positions:
            if one.owns_pair:
                self._exclusion(
                    ExclusionChanged(
                        symbol=one.symbol, side=one.side, position_id=one.position_id, added=True
                    )
                )

    def on(self, item: Observation) -> None:
        """Take note of a look, or of a changed exclusion."""
        if isinstance(item, ExclusionChanged):
            self._exclusion(item)
        elif isinstance(item, SafetyNetLooked):
            self._looked(item)

    def _exclusion(self, item: ExclusionChanged) -> None:
        done = "Added" if item.added else "Removed"
        way = "to" if item.added else "from"
        line = f"Safety Net: {done} {_pair(item.symbol, item.side)} {way} exclusion set"
        log.info(line, position_id=item.position_id)

    def _looked(self, look: SafetyNetLooked) -> None:
        said = dict(self._said)
        for seen in look.pairs:
            self._count(seen)
            key, line = (seen.symbol, seen.side), line_of(seen)
            if said.pop(key, "") != line:
                self._said[key] = line
                log.info(line, state=seen.state, reason=seen.reason)
        if not look.failed:
            # What was not there any more is news when it comes back.
            for key in said:
                del self._said[key]

    def _count(self, seen: PairSeen) -> None:
        if seen.state in GUARDED:
            self._metrics.on_monitored(seen.symbol)
        else:
            self._metrics.on_skipped(skip_reason(seen))


def skip_reason(seen: PairSeen) -> str:
    """Return why a pair was left alone, as one word of a short list."""
    return seen.reason if seen.state == "skipped" and seen.reason else seen.state


def line_of(seen: PairSeen) -> str:
    """Return what is said of a pair: the same words as long as nothing changes."""
    pair = _pair(seen.symbol, seen.side)
    if seen.state in GUARDED:
        return f"Safety Net: Monitoring {pair} (manual position, safety stop={seen.stop})"
    reason = skip_reason(seen)
    if reason == CORE_MANAGED:
        return f"Safety Net: Skipping {pair} (Core-managed position_id={seen.position_id})"
    words = _WORDS.get(reason, reason.replace("_", " "))
    return f"Safety Net: Skipping {pair} ({words})"


def _pair(symbol: Symbol, side: Side | None) -> str:
    return f"{symbol} {side.value.capitalize()}" if side is not None else str(symbol)
