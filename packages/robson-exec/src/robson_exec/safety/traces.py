"""Whether the account shows a trace of an order in doubt, by its executions and balances.

What a look saw of a pair before the order was sent is kept. Later the executions since then are
read, after the balance: are they all of other orders, and explain every change of the balance?
Whatever cannot be said for certain is not said.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import (
    AccountSnapshot,
    ClientOrderId,
    Clock,
    HoldingsPort,
    NoTraceSeen,
    Order,
    Symbol,
    TradeId,
)
from robson_engine.protection import net_of, shows_no_trace
from robson_exec.limits import CALL_TIMEOUT_NS
from robson_exec.safety.account_reader import Snapshot
from robson_exec.safety.books import Books, is_under_way
from robson_exec.supervision import Supervisor


@attrs.frozen
class _Before:
    """A pair as a look saw it while nothing was on its way.

    Attributes:
        net: Base asset held less borrowed.
        last_trade: The latest execution that this contains, None before the first.
        at: When it was read, UTC ns.
    """

    net: Decimal
    last_trade: TradeId | None
    at: int


@attrs.define(kw_only=True, eq=False)
class Traces:
    """Looks for traces of exits in doubt."""

    holdings: HoldingsPort
    books: Books
    supervisor: Supervisor
    clock: Clock
    _before: dict[Symbol, _Before] = attrs.field(factory=dict, init=False)

    def take(self, snapshot: Snapshot) -> None:
        """Keep what a look saw of a pair, unless an order is on its way there."""
        live = self.books.state.live.values()
        if any(p.symbol == snapshot.symbol and is_under_way(p) for p in live):
            return
        balances = snapshot.balances
        self._before[snapshot.symbol] = _Before(
            net_of(balances), snapshot.last_trade, balances.ts_received
        )

    async def none_of(
        self, order_id: ClientOrderId, account: AccountSnapshot
    ) -> NoTraceSeen | None:
        """Return the news that there is no trace of an exit, None when that is not certain.

        Args:
            account: The pair as it was read just now.
        """
        order, before = self._wanted(order_id), self._before.get(account.symbol)
        if order is None or before is None or before.at >= order.ts_created:
            return None
        try:
            async with self.supervisor.deadline(self.clock.now_ns() + CALL_TIMEOUT_NS):
                trades = await self.holdings.trades(account.symbol, before.last_trade)
        except Exception:
            # The next question comes soon; until then nothing is said.
            return None
        step = self.books.state.positions[order.position_id].instrument.step_size
        if not shows_no_trace(order, before.net, account.net_qty, trades, step):
            return None
        return NoTraceSeen(
            symbol=account.symbol,
            client_order_id=order_id,
            ts_event=account.ts_event,
            ts_received=self.clock.now_ns(),
        )

    def _wanted(self, order_id: ClientOrderId) -> Order | None:
        """Return an exit that the venue did not know after its deadline."""
        key = self.books.state.orders.get(order_id)
        position = self.books.state.positions.get(key) if key is not None else None
        if position is None or position.doubt is None or not position.doubt.not_found_at:
            return None
        order = position.exit_order
        return order if order is not None and order.client_order_id == order_id else None
