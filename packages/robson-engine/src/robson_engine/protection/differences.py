"""What the account shows of a core position, against what the log says of it. Pure.

The account nets: what it holds counts as core's first, unless trades have taken it, so that only
what is really missing of a core position is a difference, and what is beside it is the person's.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    AccountTrade,
    OrderSide,
    PairBalances,
    Position,
    Price,
    Side,
    decimals,
)
from robson_engine.protection.external import OwnTrades
from robson_engine.protection.taken import shown_of

FORCED: Final = ("autoclose-", "adl_autoclose")
"""Client order ids that the venue gives to its own liquidations begin so."""
_EXPLAINS: Final = Decimal("0.995")
"""Share of what is missing that trades must come to; the rest is commission and dust."""


@attrs.frozen(kw_only=True)
class Difference:
    """A core position in the account.

    Attributes:
        held: What the account holds (long) or owes without interest (short) of it, base asset, at
            most what the log says.
        missing: What the log says beyond that, base asset.
        interest: Interest owed, in the borrowed asset.
        price: Average price of the trades that explain what is missing; None when none do.
        evidence: What explains it, or what is known of it, for the person.
    """

    held: Decimal
    missing: Decimal
    interest: Decimal
    price: Price | None = None
    evidence: str = ""


def difference_of(
    position: Position,
    balances: PairBalances,
    trades: Iterable[AccountTrade],
    own: OwnTrades,
    taken: Decimal = decimals.ZERO,
) -> Difference:
    """Return how the account differs from the log on a core position.

    Args:
        trades: Of the account on the pair, oldest first.
        own: How core's executions are told from others.
        taken: What trades have taken from it, though as much may be in the account beside it.
    """
    log, shown = position.open_qty.value, shown_of(position, balances)
    owed = balances.quote if position.side is Side.LONG else balances.base
    interest = owed.interest
    held = max(decimals.ZERO, min(decimals.sub(log, taken), shown))
    missing = decimals.sub(log, held)
    if not missing:
        return Difference(held=held, missing=missing, interest=interest)
    closed = [t for t in trades if not own.holds(t) and _closes(t, position)]
    price, used = _explanation(closed, missing)
    return Difference(
        held=held,
        missing=missing,
        interest=interest,
        price=price,
        evidence=_evidence(position, (shown, held), used if price is not None else ()),
    )


def _closes(trade: AccountTrade, position: Position) -> bool:
    is_later = trade.fill.ts_event >= position.opened_at
    return is_later and trade.side is position.side.exit_side


def _explanation(
    closed: list[AccountTrade], missing: Decimal
) -> tuple[Price | None, tuple[AccountTrade, ...]]:
    """Return the average price of the latest closing trades that come to ``missing``."""
    left, cost, used = missing, decimals.ZERO, []
    for trade in reversed(closed):
        amount = min(left, trade.fill.quantity.value)
        cost = decimals.add(cost, decimals.mul(amount, trade.fill.price.value))
        left = decimals.sub(left, amount)
        used.append(trade)
        if left <= 0:
            break
    found = decimals.sub(missing, left)
    if not found or found < decimals.mul(missing, _EXPLAINS):
        return None, ()
    return Price(decimals.rounded(decimals.div(cost, found), 20)), tuple(used)


def _evidence(
    position: Position, figures: tuple[Decimal, Decimal], used: tuple[AccountTrade, ...]
) -> str:
    shown, held = figures
    word = "holds" if position.side is Side.LONG else "owes"
    seen = f"the account {word} {decimals.text(shown)}, the log {position.open_qty}"
    if shown > held:
        beside = decimals.text(decimals.sub(shown, held))
        seen = f"the account {word} {decimals.text(shown)}, of it {beside} not the position's any "
        seen += f"more, the log {position.open_qty}"
    if not used:
        return f"{seen} {position.symbol.base}; no trade of the account explains it"
    forced = any(trade.client_order_id.startswith(FORCED) for trade in used)
    who = "the venue liquidated it" if forced else "closed by hand"
    done = "sold" if used[0].side is OrderSide.SELL else "bought"
    orders = dict.fromkeys(t.client_order_id or t.venue_order_id for t in reversed(used))
    return f"{seen} {position.symbol.base}; {who}: {done} by order {', '.join(orders)}"
