"""What trades by hand have taken from a core position. Pure.

Balances alone cannot tell: who sells core's quantity and has as much beside it, or deposits it
later, leaves an account in which core's exit would sell the deposit. A position is what trades
explain, and the rest is collateral. So trades net against trades, and nothing that came in or went
out without one stands in for what a trade closed, whenever it came.

What others bought beside core since its first execution is theirs to sell first (a pair is flat
when core enters it); what they close beyond that is taken from core, and buying it back gives it
back until the log has let go of it. What the log let go of never comes back.

Invariants (property-tested):
    1. Without a closing trade of others nothing is ever taken, whatever comes and goes.
    2. Taken is what others closed beyond what they had added, and never more than is open.
    3. What a guard executed takes nothing: it may be of a deposit that was adopted.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from decimal import Decimal

from robson_domain import AccountTrade, PairBalances, Position, Side, decimals
from robson_domain.identity import SAFETY_PREFIX
from robson_engine.protection.external import OwnTrades, net_amount


def shown_of(position: Position, balances: PairBalances) -> Decimal:
    """Return what the account holds (long) or owes without interest (short), base asset."""
    base = balances.base
    if position.side is Side.LONG:
        return base.net
    return decimals.sub(base.borrowed, base.held)


def taken_by(
    position: Position,
    trades: Iterable[AccountTrade],
    own: OwnTrades,
    guards: Container[str] = (),
) -> Decimal | None:
    """Return what trades have taken that the log does not know, None when not all are known.

    Args:
        trades: Of the account on the pair, oldest first.
        own: How core's executions are told from others.
        guards: Ids of fills of guards, for trades that name no order.
    """
    sums = _sums(position, trades, own, guards)
    if sums is None:
        return None
    core, beside = sums
    open_qty = position.open_qty.value
    let_go = max(decimals.sub(core, open_qty), decimals.ZERO)
    left = decimals.sub(decimals.neg(beside), let_go)
    return min(max(left, decimals.ZERO), open_qty)


def _sums(
    position: Position, trades: Iterable[AccountTrade], own: OwnTrades, guards: Container[str]
) -> tuple[Decimal, Decimal] | None:
    """Return what core's trades come to along the side since its first, and what others have beside
    it: theirs (+), or taken from core (−).

    None unless every execution of the position is among them, and no other one of core's; and for
    one that began as a guard, of which nobody knows which trades opened it.
    """
    if position.entry_order is None:
        return None
    mine = {key for order in position.orders for key in order.trade_ids}
    found, core, beside = set[str](), decimals.ZERO, decimals.ZERO
    for trade in trades:
        amount = decimals.mul(net_amount(trade), Decimal(position.side.sign))
        if trade.fill.trade_id in mine:
            found.add(trade.fill.trade_id)
            core = decimals.add(core, amount)
        elif found and own.holds(trade):
            return None
        elif found:
            beside = _after(beside, amount, is_guards=_is_guards(trade, guards))
    return (core, beside) if found and found == mine else None


def _is_guards(trade: AccountTrade, guards: Container[str]) -> bool:
    return trade.client_order_id.startswith(SAFETY_PREFIX) or trade.fill.trade_id in guards


def _after(beside: Decimal, amount: Decimal, *, is_guards: bool) -> Decimal:
    after = decimals.add(beside, amount)
    # A guard uses up what is theirs, and otherwise neither takes nor gives back.
    return min(beside, max(after, decimals.ZERO)) if is_guards else after
