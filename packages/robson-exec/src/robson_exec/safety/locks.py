"""The person's own orders that lock what an exit needs: told of, and canceled when it matters.

An exit never waits longer for this than :data:`UNLOCK_PATIENCE_NS`, and it is sent whatever
comes of it: the venue then says whether anything was in its way.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    ClientOrderId,
    Clock,
    HoldingsPort,
    Input,
    Intent,
    IntentKind,
    OrderReport,
    OrderReported,
    OrderSide,
    PairBalances,
    Price,
    ReportStatus,
    RestingOrder,
    Side,
    Symbol,
    decimals,
)
from robson_engine.protection import locking
from robson_exec.activity import Activity
from robson_exec.bus import EventBus
from robson_exec.limits import CALL_TIMEOUT_NS, UNLOCK_PATIENCE_NS
from robson_exec.supervision import Supervisor
from robson_exec.venue_calls import NOT_SENT, VenueCalls

_LACK: Final = re.compile(r"insufficient|balance|exceeds|nothing_to_reduce", re.IGNORECASE)


def is_lack(report: OrderReport) -> bool:
    """Say whether the venue refused an order because there is not enough for it."""
    return report.code != NOT_SENT and bool(_LACK.search(f"{report.code} {report.message}"))


@attrs.frozen(kw_only=True)
class Standing:
    """What was last seen of one pair."""

    balances: PairBalances
    resting: tuple[RestingOrder, ...]


@attrs.define(kw_only=True, eq=False)
class Locks:
    """What rests in the way of exits.

    Attributes:
        cancels: Whether orders in the way are canceled; otherwise they are only told of.
        last_price: Of a pair, None when nobody knows it.
        is_stray: Whether an order of ours has ended in the log.
        offer: Takes what canceling one brings to light.
    """

    holdings: HoldingsPort
    calls: VenueCalls
    supervisor: Supervisor
    clock: Clock
    activity: Activity
    bus: EventBus
    last_price: Callable[[Symbol], Price | None]
    is_stray: Callable[[ClientOrderId], bool]
    offer: Callable[[Input], None]
    cancels: bool = True
    _seen: dict[Symbol, Standing] = attrs.field(factory=dict, init=False)
    _told: set[tuple[Symbol, str]] = attrs.field(factory=set, init=False)

    def take(
        self, balances: PairBalances, resting: tuple[RestingOrder, ...], sides: Iterable[Side]
    ) -> None:
        """Take note of a look at a pair; tell once of each order that locks what is on ``sides``.

        Args:
            sides: Of the positions there, core's and guards.
        """
        symbol = balances.symbol
        self._seen[symbol] = Standing(balances=balances, resting=resting)
        for side in dict.fromkeys(sides):
            for order in locking(resting, side):
                key = symbol, order.venue_order_id
                if key not in self._told:
                    self._told.add(key)
                    self._tell("quantity_locked", order)
        strays = self._strays(resting)
        if strays:
            _ = self.supervisor.spawn(
                f"strays {symbol}", self._end(strays), token=self.activity.token()
            )

    def _strays(self, resting: Iterable[RestingOrder]) -> tuple[RestingOrder, ...]:
        """Return orders of ours that were thought dead and rest all the same."""
        return tuple(order for order in resting if self.is_stray(order.client_order_id))

    async def _end(self, strays: Iterable[RestingOrder]) -> None:
        for order in strays:
            report = await self.calls.cancel(order.symbol, order.client_order_id)
            self._tell("stray_order_canceled" if report else "stray_order_stays", order)
            if report is not None:
                # What it executed after all is a fact like any other.
                self.offer(OrderReported(report=report))

    def forget(self, symbol: Symbol) -> None:
        """Nothing is known of the pair any more."""
        self._seen.pop(symbol, None)

    async def before_exit(self, intent: Intent) -> None:
        """Cancel what was seen to lock the quantity of an exit; returns in time, done or not."""
        seen = self._seen.get(intent.symbol)
        if seen is None or not self.cancels or intent.kind is not IntentKind.EXIT:
            return
        try:
            orders = self._in_the_way(intent, seen)
            if orders:
                self.forget(intent.symbol)
                deadline = self.clock.now_ns() + UNLOCK_PATIENCE_NS
                _ = await self.supervisor.within(deadline, self._cancel(orders))
        except Exception as error:
            # Whatever is wrong here, the exit goes out.
            facts = {"symbol": str(intent.symbol), "error": type(error).__name__}
            self.bus.notify("critical", "unlocking_failed", facts)

    def after_refusal(self, intent: Intent, report: OrderReport) -> None:
        """Look for what is in the way when an exit was refused for lack of balance."""
        if intent.kind is IntentKind.EXIT and is_lack(report):
            _ = self.supervisor.spawn(
                f"unlock {intent.client_order_id}",
                self._look_and_cancel(intent),
                token=self.activity.token(),
            )

    async def _look_and_cancel(self, intent: Intent) -> None:
        try:
            async with self.supervisor.deadline(self.clock.now_ns() + CALL_TIMEOUT_NS):
                resting = await self.holdings.resting_orders(intent.symbol)
        except Exception as error:
            facts = {"symbol": str(intent.symbol), "error": type(error).__name__}
            self.bus.notify("warning", "resting_orders_unknown", facts)
            return
        await self._end(self._strays(resting))
        orders = locking(resting, _closed_by(intent.side))
        if self.cancels:
            await self._cancel(orders)
        for order in () if self.cancels else orders:
            self._tell("quantity_locked", order)

    def _in_the_way(self, intent: Intent, seen: Standing) -> tuple[RestingOrder, ...]:
        """Return as many orders, the latest first, as must go for the exit to have enough."""
        orders = locking(seen.resting, _closed_by(intent.side))
        price = self.last_price(intent.symbol) or seen.balances.index_price
        locked = [(order, _locked_by(order, price)) for order in orders]
        held, needed = seen.balances.base.held, intent.quantity.value
        if intent.side is OrderSide.BUY:
            held = seen.balances.quote.held
            # Without a price nobody knows what is needed: then all of it is.
            needed = decimals.mul(needed, price.value) if price is not None else held
        missing = decimals.sub(
            decimals.add(needed, decimals.total([amount for _, amount in locked])), held
        )
        going: list[RestingOrder] = []
        for order, amount in reversed(locked):
            if missing <= 0:
                break
            going.append(order)
            missing = decimals.sub(missing, amount)
        return tuple(going)

    async def _cancel(self, orders: Iterable[RestingOrder]) -> None:
        await asyncio.gather(*(self._cancel_one(order) for order in orders))

    async def _cancel_one(self, order: RestingOrder) -> None:
        report = await self.calls.cancel(order.symbol, order.client_order_id)
        gone = report is not None and report.status is not ReportStatus.REJECTED
        self._tell("locking_order_canceled" if gone else "locking_order_stays", order)

    def _tell(self, name: str, order: RestingOrder) -> None:
        facts = {
            "symbol": str(order.symbol),
            "client_order_id": order.client_order_id,
            "order": f"{order.side} {order.kind} {order.leaves_qty}",
        }
        self.bus.notify("warning", name, facts)


def _closed_by(side: OrderSide) -> Side:
    """Return the direction of the position that an order of ``side`` closes."""
    return Side.LONG if side is OrderSide.SELL else Side.SHORT


def _locked_by(order: RestingOrder, price: Price | None) -> Decimal:
    """Return what an order reserves: base asset when it sells, quote asset when it buys."""
    if order.side is OrderSide.SELL:
        return order.leaves_qty.value
    at = order.price or order.stop_price or price
    return decimals.mul(order.leaves_qty.value, at.value) if at is not None else decimals.ZERO
