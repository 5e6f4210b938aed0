"""What trades by hand have taken from a core position, whatever came in since. Pure.

Balances alone cannot tell: who sells core's quantity and then deposits as much leaves the account
as it was, and core's exit would sell the deposit. So look by look it is followed what trades of
others moved, what came or went without a trade, and which of the two was there first. What the
person holds beside core is theirs to sell first; what they buy back is core's again.

Invariants (property-tested):
    1. Without a trade of others nothing is ever taken, whatever comes and goes.
    2. What came in before a sale, as a look has shown, covers it; what came in after it does not.
    3. What came in between the same two looks as a sale is unclear: told, and nothing is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs

from robson_domain import AccountTrade, PairBalances, Position, Side, decimals
from robson_engine.protection.external import OwnTrades, net_amount

_ZERO: Final = decimals.ZERO


@attrs.frozen(kw_only=True)
class Taken:
    """What looks have shown so far of one core position; amounts of base asset along its side.

    Attributes:
        others: What trades of others have added (+) or closed (−) since it was opened.
        moved: What came in (+) or went out (−) without a trade.
        closed: What the log has let go of without an exit of core's.
        amount: What trades have taken from core for certain and the log has not let go of yet.
        unclear: What they may have taken: as much came in between the same two looks.
    """

    others: Decimal = Decimal(0)
    moved: Decimal = Decimal(0)
    closed: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    unclear: Decimal = Decimal(0)

    @property
    def beside(self) -> Decimal:
        """What is the person's beside core's; below zero something went out without a trade."""
        return decimals.total((self.others, self.moved, self.closed, self.amount))


def shown_of(position: Position, balances: PairBalances) -> Decimal:
    """Return what the account holds (long) or owes without interest (short), base asset."""
    base = balances.base
    if position.side is Side.LONG:
        return base.net
    return decimals.sub(base.borrowed, base.held)


def taken_by(
    before: Taken | None,
    position: Position,
    balances: PairBalances,
    trades: Iterable[AccountTrade],
    own: OwnTrades,
) -> Taken | None:
    """Return what is known after one more look, None when the trades known are not all.

    Args:
        before: What was known after the look before, None at the first.
        trades: Of the account on the pair, oldest first.
        own: How core's executions are told from others.
    """
    sums = _sums(position, trades, own)
    if sums is None:
        return None
    core, others = sums
    closed = decimals.sub(core, position.open_qty.value)
    moved = decimals.sub(decimals.sub(shown_of(position, balances), core), others)
    if before is None:
        before = Taken(others=max(others, decimals.neg(closed)), closed=closed)
    return _after(_let_go(before, closed), others, moved)


def _let_go(before: Taken, closed: Decimal) -> Taken:
    """Return what was known, less what the log has let go of since."""
    left = decimals.sub(before.amount, decimals.sub(closed, before.closed))
    return attrs.evolve(before, closed=closed, amount=max(left, decimals.ZERO))


def _after(before: Taken, others: Decimal, moved: Decimal) -> Taken:
    added, came = decimals.sub(others, before.others), decimals.sub(moved, before.moved)
    # What the person holds beside core's is theirs to sell first.
    sold = max(decimals.neg(decimals.add(added, max(before.beside, _ZERO))), _ZERO)
    hidden = min(sold, max(came, _ZERO))
    given_back = min(max(added, _ZERO), before.amount)
    amount = decimals.sub(decimals.add(before.amount, sold), decimals.add(hidden, given_back))
    unclear = decimals.add(decimals.add(before.unclear, hidden), min(came, _ZERO))
    closing = decimals.neg(decimals.add(others, before.closed))
    return Taken(
        others=others,
        moved=moved,
        closed=before.closed,
        amount=amount,
        unclear=max(min(unclear, closing), _ZERO),
    )


def unclear_problem(position: Position, taken: Taken) -> str:
    """Return what nobody can say, and what to do, in words."""
    base, name = position.symbol.base, position.position_id
    amount = f"{decimals.text(taken.unclear)} {base}"
    done, came, past = ("sold", "in", "come in")
    if position.side is Side.SHORT:
        done, came, past = ("bought", "out", "gone out")
    return (
        f"{amount} was {done} by hand while as much went {came} without a trade, and nobody can "
        f"say which came first: if what was {done} belonged to position {name}, what has {past} "
        f"stands in for it and its exit will use it; then close it: robson close {name}"
    )


def _sums(
    position: Position, trades: Iterable[AccountTrade], own: OwnTrades
) -> tuple[Decimal, Decimal] | None:
    """Return what core's and others' trades come to along the side since the position began.

    None unless every execution of the position is among them, and no other one of core's.
    """
    mine = {key for order in position.orders for key in order.trade_ids}
    found, core, others = set[str](), decimals.ZERO, decimals.ZERO
    for trade in trades:
        amount = decimals.mul(net_amount(trade), Decimal(position.side.sign))
        if trade.fill.trade_id in mine:
            found.add(trade.fill.trade_id)
            core = decimals.add(core, amount)
        elif found and own.holds(trade):
            return None
        elif found:
            others = decimals.add(others, amount)
    return (core, others) if found and found == mine else None
