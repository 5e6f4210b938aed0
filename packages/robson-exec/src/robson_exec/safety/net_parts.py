"""What the parts of the Safety Net share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import attrs

from robson_domain import AccountTrade, Clock, Input, Symbol
from robson_engine.protection import refs_of
from robson_exec.activity import Activity
from robson_exec.bus import EventBus
from robson_exec.safety.account_reader import AccountReader
from robson_exec.safety.books import Books
from robson_exec.safety.exclusions import Exclusions, Owned
from robson_exec.safety.judging import Steadiness
from robson_exec.safety.locks import Locks
from robson_exec.safety.position_sync import PositionSync
from robson_exec.safety.traces import Traces
from robson_exec.supervision import Supervisor


@attrs.frozen(kw_only=True)
class NetParts:
    """What the Safety Net is made of."""

    reader: AccountReader
    exclusions: Exclusions
    books: Books
    sync: PositionSync
    steady: Steadiness
    locks: Locks
    traces: Traces
    offer: Callable[[Input], None]
    supervisor: Supervisor
    clock: Clock
    activity: Activity
    bus: EventBus
    poll_ns: int

    async def owned(self, symbol: Symbol, trades: Sequence[AccountTrade]) -> Owned:
        """Ask every layer, by all that is known of the pair's executions by now."""
        return await self.exclusions.ask(symbol, refs_of(trades))


class Doubts:
    """Tells the person when doubt about a pair begins and when it ends, not at every look."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._reasons: dict[Symbol, str] = {}

    def tell(self, symbol: Symbol, why: str) -> None:
        """Say why a pair is in doubt; empty = it is not."""
        before = self._reasons.get(symbol, "")
        if why:
            self._reasons[symbol] = why
        else:
            self._reasons.pop(symbol, None)
        if bool(why) != bool(before):
            facts = {"symbol": str(symbol), "problem": why or before}
            severity, name = ("warning", "pair_in_doubt") if why else ("info", "pair_clear_again")
            self._bus.notify(severity, name, facts)

    def keep(self, symbols: Collection[Symbol]) -> None:
        """End the doubt about pairs that are none of ``symbols``."""
        for symbol in [each for each in self._reasons if each not in symbols]:
            self.tell(symbol, "")
