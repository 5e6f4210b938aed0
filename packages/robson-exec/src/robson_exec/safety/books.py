"""What the engine's state says of a pair: whose it is, what is under way, what was executed."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import (
    ClientOrderId,
    CloseReason,
    IntentKind,
    Order,
    OrderStatus,
    PairRule,
    Position,
    PositionStatus,
    SafetyNetMode,
    Symbol,
    TradeId,
    decimals,
)
from robson_engine import EngineState
from robson_engine.protection import OwnTrades

_HELD = frozenset({PositionStatus.ACTIVE, PositionStatus.ERROR})
_OPEN = _HELD | {PositionStatus.EXITING}


@attrs.frozen
class Books:
    """Questions about one pair, answered from the state as it is now."""

    state: EngineState

    @property
    def mode(self) -> SafetyNetMode:
        """What the Safety Net may do."""
        return self.state.ledger.safety_net

    def rule(self, symbol: Symbol) -> PairRule:
        """Return what the person wants done with what they hold there."""
        return self.state.ledger.rule_of(symbol)

    def guards(self) -> tuple[Position, ...]:
        """Return the guards that have not ended."""
        return tuple(p for p in self.state.live.values() if p.is_guard)

    def guard(self, symbol: Symbol) -> Position | None:
        """Return the guard of a pair, None without one."""
        return next((p for p in self.guards() if p.symbol == symbol), None)

    def core(self, symbol: Symbol) -> tuple[Position, ...]:
        """Return core's positions that own the pair."""
        live = self.state.live.values()
        return tuple(p for p in live if p.owns_pair and p.symbol == symbol)

    def ended(self, symbol: Symbol, since: int) -> tuple[Position, ...]:
        """Return core's positions there that closed lately, and not because the person said so."""
        return tuple(
            p
            for p in self.state.positions.values()
            if p.symbol == symbol
            and p.closed_at >= since
            and p.is_closed
            and not p.is_guard
            and p.close_reason is not CloseReason.ACKNOWLEDGED
        )

    def is_stray(self, order_id: ClientOrderId) -> bool:
        """Say whether an order of ours has ended in the log: it must not rest at the venue."""
        key = self.state.orders.get(order_id)
        if key is None:
            return False
        orders = self.state.positions[key].orders
        return all(o.status.is_terminal for o in orders if o.client_order_id == order_id)

    def guard_orders(self, symbol: Symbol) -> dict[str, Order]:
        """Return the orders of guards of a pair by their ids, and by those of their fills."""
        found: dict[str, Order] = {}
        for position in self.state.positions.values():
            if position.is_guard and position.symbol == symbol:
                for order in position.orders:
                    found[order.client_order_id] = order
                    found |= dict.fromkeys(order.trade_ids, order)
        return found

    def own(self, symbol: Symbol) -> OwnTrades:
        """Return how core's executions there are told from others, and what it holds."""
        order_ids: set[ClientOrderId] = set()
        trade_ids: set[TradeId] = set()
        net = Decimal(0)
        for position in self.state.positions.values():
            if position.symbol != symbol or position.is_guard:
                continue
            for order in position.orders:
                order_ids.add(order.client_order_id)
                trade_ids.update(order.trade_ids)
            sign = Decimal(position.side.sign)
            net = decimals.add(net, decimals.mul(sign, position.open_qty.value))
        return OwnTrades(order_ids=order_ids, trade_ids=trade_ids, net_qty=net)

    def standing(self, symbol: Symbol) -> tuple[object, ...]:
        """Return what must be the same before and after a look for its answer to count."""
        return tuple(_standing(p) for p in self.state.live.values() if p.symbol == symbol)

    def core_standing(self, symbol: Symbol) -> tuple[object, ...]:
        """Return the same of core alone."""
        live = self.state.live.values()
        return tuple(_standing(p) for p in live if p.symbol == symbol and not p.is_guard)

    def core_quantities(self, symbol: Symbol) -> tuple[object, ...]:
        """Return what was executed of core's positions there: what changes the account."""
        return tuple((p.position_id, p.entry_qty, p.exit_qty) for p in self.core(symbol))


def _standing(position: Position) -> tuple[object, ...]:
    orders = tuple((o.client_order_id, o.status, o.filled_qty) for o in position.orders)
    return position.position_id, position.kind, position.status, position.open_qty, orders


def is_settled(position: Position) -> bool:
    """Say whether a position stands: something open, and nothing under way but a resting stop."""
    if position.status not in _HELD or not position.open_qty or position.exit_reason is not None:
        return False
    return all(order.status.is_terminal or _rests(order) for order in position.orders)


def is_comparable(position: Position) -> bool:
    """Say whether a position can be held against the account: nothing under way changes it.

    One that is leaving counts too: an exit that is refused again and again may be for more than
    there is.
    """
    is_open = position.status in _OPEN and bool(position.open_qty)
    return is_open and not is_under_way(position)


def is_under_way(position: Position) -> bool:
    """Say whether an order of a position may do something now."""
    return not all(order.status.is_terminal or _rests(order) for order in position.orders)


def _rests(order: Order) -> bool:
    is_stop = order.kind == IntentKind.VENUE_STOP
    return is_stop and order.status is OrderStatus.ACCEPTED
