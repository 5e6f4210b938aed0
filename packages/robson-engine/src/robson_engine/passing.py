"""Trades by columns of integers: what passes over those that concern nobody.

A price strictly between the bounds of the trigger index concerns nobody. Where one group is all
there is, a price that only raises it need not be asked of the index either: integers follow it, and
the best after many prices is the best of them. If that group is one position, its stop is also
logged on the way, every 200 ms: here it is only noted when, and how far it had come;
:func:`~robson_engine.summary.followed` makes the events of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from robson_domain import PositionId, Symbol, TradeTick
from robson_engine.config import SUMMARY_NS
from robson_engine.trigger_index import FAR, TriggerIndex

Trade = tuple[int, int]
"""(place in the columns, price in ticks)."""


class Columns(NamedTuple):
    """Trades of one pair with ids 1, 2, …; receive times are UTC ns."""

    symbol: Symbol
    ticks: Sequence[int]
    times: Sequence[int]

    def trade(self, place: int) -> TradeTick:
        """Return the trade at ``place``."""
        now = self.times[place]
        return TradeTick(self.symbol, self.ticks[place], place + 1, now, now)


class Passage(NamedTuple):
    """What happened until a trade concerned somebody.

    Attributes:
        found: That trade; None when they ended.
        logged: Places at which the stop of ``member`` is to be logged, each with the best then.
        member: Whose stop ``logged`` speaks of.
        best: Best price of the only group after all, ticks; 0 when there is none.
    """

    found: Trade | None
    logged: list[tuple[int, int]]
    member: PositionId | None
    best: int


def pass_over(index: TriggerIndex, trades: Iterator[Trade], times: Sequence[int]) -> Passage:
    """Take trades until one concerns somebody; the index is only read.

    Args:
        times: Receive times by place, UTC ns; read only while a stop waits to be logged.
    """
    lone = index.lone()
    is_one, soonest, rises = lone.member is not None, lone.soonest, lone.sign > 0
    below, above = (lone.reach, 1) if rises else (1, lone.reach)
    low, high, due, best = index.low, index.high, lone.due, lone.best
    waits, found, logged = due < FAR, None, []
    for place, price in trades:
        if low < price < high:
            if not waits or times[place] < due:
                continue
        elif (price >= high) is rises and (is_one or times[place] < soonest):
            best, low, high, due, waits = price, price - below, price + above, soonest, True
            if times[place] < soonest:
                continue
        else:
            found = place, price
            break
        if not is_one:  # who of them is due, the index has to say
            found = place, price
            break
        logged.append((place, best))
        soonest, waits = times[place] + SUMMARY_NS, False
    return Passage(found, logged, lone.member, best)
