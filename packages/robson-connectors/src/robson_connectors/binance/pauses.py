"""Which pools the venue wants left alone for a while, and what may be tried all the same.

The venue counts every endpoint of the account apart, and the account apart from the address. So
"too many requests" (429) is about the pools that the refused request drew on, and the way out of
a position does not wait because somebody read too much. A ban (418) is about the address: that is
the limiter's own matter, and nothing is tried then.

Invariants:
    1. What draws on a paused pool waits until the pause is over, but for one exit.
    2. A refusal of that one makes the pause longer and gives no second try.
    3. While two pools are paused the whole address may be meant: whatever is no exit waits for
       the last of them.

Pauses do not outlive the process: whoever starts asks each pool once and is told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from robson_connectors.binance.pools import Cost


def counted(costs: Iterable[Cost]) -> tuple[str, ...]:
    """Return the pools among ``costs`` that the venue counts as well."""
    return tuple(cost.pool.name for cost in costs if cost.pool.header)


class Pauses:
    """Until when which pools are left alone; times are UTC ns."""

    def __init__(self) -> None:
        self._until: dict[str, int] = {}
        self._tried: set[str] = set()

    def begin(self, costs: Sequence[Cost], now: int, until: int) -> None:
        """Pause what a refused request drew on; a pause that runs never becomes shorter."""
        self._forget(now)
        for name in counted(costs):
            self._until[name] = max(until, self._until.get(name, 0))

    def over_at(self, costs: Sequence[Cost], now: int, *, may_try: bool) -> int:
        """Return when a request with these costs may go as far as pauses say; 0 = now.

        Args:
            may_try: Whether it is worth the one try of a pause.
        """
        self._forget(now)
        names: Iterable[str] = (name for name in counted(costs) if name in self._until)
        if may_try:
            names = (name for name in names if name in self._tried)
        elif len(self._until) > 1:
            names = self._until
        return max((self._until[name] for name in names), default=0)

    def went(self, costs: Sequence[Cost]) -> None:
        """Take note that a request goes: whatever is paused of its pools has had its try."""
        self._tried.update(name for name in counted(costs) if name in self._until)

    def _forget(self, now: int) -> None:
        for name in [name for name, until in self._until.items() if until <= now]:
            del self._until[name]
            self._tried.discard(name)
